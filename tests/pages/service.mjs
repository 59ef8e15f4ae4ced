// The real program, on free ports and a database of its own.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START = 20_000;

export class Service {
  /** Those that have not been stopped. */
  static running = new Set();

  /** Starts it with these settings, and waits until it is ready. */
  static async start(settings = {}) {
    const home = await mkdtemp(join(tmpdir(), 'wechat-pay-pages.'));
    // Without the simulator a console wants users.
    const isReal = Object.keys(settings).some((name) => name === 'WECHAT__MCH_ID');
    const variables = {
      SERVER__LISTEN: '127.0.0.1:0',
      SIMULATOR__LISTEN: '127.0.0.1:0',
      ...(isReal ? {} : { CONSOLE__LISTEN: '127.0.0.1:0' }),
      DATABASE__URL: `sqlite://${home}/deal.db`,
      ...settings,
    };
    const env = { PATH: process.env.PATH };
    for (const [name, value] of Object.entries(variables)) env[`WECHAT_PAY__${name}`] = value;
    const service = new Service();
    service.home = home;
    service.child = spawn(process.env.PROGRAM, [], { env, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
    service.ended = new Promise((resolve) => service.child.once('exit', resolve));
    Service.running.add(service);
    await service.#hear(isReal);
    return service;
  }

  /** Reads where it listens out of what it says, which may come in pieces: with the simulator, the shop, the phone and the console. */
  #hear(isReal) {
    this.said = '';
    return new Promise((resolve, reject) => {
      const give_up = setTimeout(() => reject(new Error(`the service did not start:\n${this.said}`)), START);
      this.child.once('exit', () => reject(new Error(`the service ended:\n${this.said}`)));
      this.child.stderr.on('data', (text) => {
        this.said += text;
        const { said } = this;
        const serving = said.match(/"serving","address":"([^"]+)"/);
        const shop = said.match(/open the shop at (http:\S+?)\/ and the phone at (http:\S+?)\/["\s]/);
        const console = said.match(/open the console at (http:\/\/[^\s/]+)\/(?:, as demo with the password (\w+))?["\s]/);
        if (isReal ? !serving : !shop || !console) return;
        [this.shop, this.phone] = shop ? shop.slice(1) : [`http://${serving[1]}`, undefined];
        if (console) [this.console, this.password] = console.slice(1);
        clearTimeout(give_up);
        resolve();
      });
    });
  }

  /** A call of the front end's, past the browser. */
  async post(path, body) {
    const response = await fetch(this.shop + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return response.json();
  }

  /** What the simulator says below /_sim. */
  async sim(path, method = 'GET', body = undefined) {
    const response = await fetch(`${this.phone}/_sim/${path}`, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  }

  async open(price = '19.90', more = {}) {
    return this.post('/wxPay/toPay', { merchant_id: 1, product_id: 2, price, ...more });
  }

  async stop() {
    Service.running.delete(this);
    this.child.kill('SIGTERM');
    await this.ended;
    await rm(this.home, { recursive: true, force: true });
  }
}
