// Shows that a real WeChat Pay v2 client, tenpay from npm, can talk to the simulator.
//
// The library is used exactly as against WeChat itself; only the base URL and the merchant's
// credentials differ. The base URL of the simulator is taken from SIM_URL, with TLS from SIM_TLS_URL; the
// merchant's certificate is SIM_P12, in the form in which WeChat gives it out. tenpay verifies the
// signature, appid and mch_id of every answer and of the notification by itself.
//
//     SIM_URL=http://127.0.0.1:8361 SIM_TLS_URL=https://127.0.0.1:8364 SIM_P12=1900000001.p12 \
//         NODE_EXTRA_CA_CERTS=tls/ca.pem node node_client.mjs

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import Tenpay from 'tenpay';

const APPID = 'wx0000000000000001';
const MCH_ID = '1900000001';
const API_KEY = '0123456789abcdef0123456789abcdef';

const TOTAL_FEE = 1990;
const BODY = '腾讯充值中心-QQ会员充值';
// Everything that XML has to escape and the signature must not.
const ATTACH = 'a&b=<c>"d\'é';
// Less than this would be a hang, not slowness.
const PATIENCE_MS = 20_000;
const LIFETIME_MS = 90_000;

function baseUrl(name) {
  assert.ok(process.env[name], `${name} is not set`);
  return process.env[name].replace(/\/+$/, '');
}
const SIM_URL = baseUrl('SIM_URL');
const SIM_TLS_URL = baseUrl('SIM_TLS_URL');

// The library, pointed at the simulator.
function newClient({ partnerKey = API_KEY, base = SIM_URL, pfx = undefined } = {}) {
  const pay = new Tenpay({ appid: APPID, mchid: MCH_ID, partnerKey, pfx, spbill_create_ip: '127.0.0.1' });
  for (const [name, url] of Object.entries(pay.urls)) {
    pay.urls[name] = base + new URL(url).pathname;
  }
  return pay;
}

// Runs the library's Express middleware on one notification. Gives what it understood, or why it
// refused, and the answer it wrote: the library's own form, with an XML declaration, indented, without
// CDATA and without return_msg. Its users acknowledge to WeChat in this form; the simulator counts it when
// it is not told to insist on the document's compact one (`exact_acknowledgement`).
function understand(pay, body, kind = 'pay') {
  return new Promise((resolve, reject) => {
    const req = { body };
    const headers = {};
    let message = null;
    const res = {
      header: (name, value) => { headers[name] = value; },
      send: (reply) => resolve({ message, headers, reply }),
    };
    pay.middlewareForExpress(kind)(req, res, () => {
      message = req.weixin;
      res.reply();
    }).catch(reject);
  });
}

// The merchant's notify_url: verifies and answers with the library, keeps what came.
async function listen(pay) {
  const received = [];
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const kind = req.url === '/wxPay/refundNotify' ? 'refund' : 'pay';
    const { message, headers, reply } = await understand(pay, body, kind);
    received.push({ method: req.method, path: req.url, body, message, reply });
    res.writeHead(200, { ...headers, 'Content-Length': Buffer.byteLength(reply) });
    res.end(reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}/wxPay`;
  return { server, received, url: `${base}/notify`, refundUrl: `${base}/refundNotify` };
}

// Calls beside WeChat's own API: what the payer would do, what the simulator knows.
async function control(method, path, json) {
  const body = json && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(json) };
  const answer = await fetch(SIM_URL + path, { method, signal: AbortSignal.timeout(PATIENCE_MS), ...body });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text;
}

async function knownOrders() {
  const listed = JSON.parse(await control('GET', '/_sim/orders'));
  const orders = Array.isArray(listed) ? listed : listed.orders;
  return new Map(orders.map((order) => [order.out_trade_no, order]));
}

async function eventually(what, probe) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < deadline, `${what}: not within ${PATIENCE_MS} ms`);
    await pause(100);
  }
}

const newNumber = () => `${Date.now()}nd${randomBytes(8).toString('hex')}`;

const create = (pay, number, notifyUrl, attach = ATTACH) => pay.unifiedOrder({
  out_trade_no: number,
  body: BODY,
  attach,
  total_fee: TOTAL_FEE,
  trade_type: 'NATIVE',
  product_id: '1001',
  notify_url: notifyUrl,
});

async function paidOrder(pay, listener) {
  const number = newNumber();

  let answer = await create(pay, number, listener.url);
  assert.equal(answer.trade_type, 'NATIVE');
  assert.ok(answer.prepay_id, JSON.stringify(answer));
  assert.match(answer.code_url, /^weixin:\/\/wxpay\/bizpayurl/);

  answer = await pay.orderQuery({ out_trade_no: number });
  assert.equal(answer.trade_state, 'NOTPAY');
  assert.equal(answer.out_trade_no, number);

  await control('POST', `/_sim/orders/${number}/pay`);

  answer = await pay.orderQuery({ out_trade_no: number });
  assert.equal(answer.trade_state, 'SUCCESS');
  assert.equal(answer.out_trade_no, number);
  assert.equal(Number(answer.total_fee), TOTAL_FEE);
  assert.equal(answer.attach, ATTACH);
  const transactionId = answer.transaction_id;
  assert.ok(transactionId, JSON.stringify(answer));

  answer = await pay.orderQuery({ transaction_id: transactionId });
  assert.equal(answer.out_trade_no, number);

  const notified = await eventually('a notification', () => listener.received[0]);
  assert.equal(notified.method, 'POST');
  assert.equal(notified.path, '/wxPay/notify');
  assert.ok(notified.message, `the library refused the notification: ${notified.reply}\n${notified.body}`);
  assert.equal(notified.message.result_code, 'SUCCESS');
  assert.equal(notified.message.out_trade_no, number);
  assert.equal(Number(notified.message.total_fee), TOTAL_FEE);
  assert.equal(notified.message.transaction_id, transactionId);
  assert.equal(notified.message.attach, ATTACH);
  // It is verified indeed: another amount under the same signature is refused.
  const forged = notified.body.replaceAll(String(TOTAL_FEE), String(TOTAL_FEE + 1));
  assert.notEqual(forged, notified.body);
  const refused = await understand(pay, forged);
  assert.equal(refused.message, null);
  assert.match(refused.reply, /sign签名错误/);

  const order = await eventually('the acknowledgement', async () => {
    const known = (await knownOrders()).get(number);
    return known.attempts.some((attempt) => attempt.acknowledged === true) && known;
  });
  assert.equal(order.trade_state, 'SUCCESS');
  assert.equal(Number(order.total_fee), TOTAL_FEE);
  assert.equal(order.transaction_id, transactionId);

  // What is paid stays paid.
  await assert.rejects(pay.closeOrder({ out_trade_no: number }), { message: 'ORDERPAID' });
}

async function refundedOrder(pay, listener) {
  listener.received.length = 0;
  const number = newNumber();
  const refund_no = `${number}_1`;
  await create(pay, number, listener.url);
  await control('POST', `/_sim/orders/${number}/pay?notify=lost`);
  const apply = (refund_fee, sign_type) => pay.refund({
    out_trade_no: number, out_refund_no: refund_no, total_fee: TOTAL_FEE, refund_fee, notify_url: listener.refundUrl, sign_type,
  });
  const accepted = await apply(500, 'HMAC-SHA256');
  assert.equal(accepted.out_refund_no, refund_no);
  assert.equal((await apply(500, 'MD5')).refund_id, accepted.refund_id, 'the same number is the same refund');
  await assert.rejects(apply(501), { message: 'REFUND_FEE_MISMATCH' });

  const toldOfRefund = () => listener.received.find(({ path }) => path === '/wxPay/refundNotify');
  const notified = await eventually('a refund notification', toldOfRefund);
  assert.ok(notified.message, `the library refused the notification: ${notified.reply}\n${notified.body}`);
  const told = notified.message.req_info;
  assert.deepEqual([told.refund_id, told.refund_status, Number(told.refund_fee)], [accepted.refund_id, 'SUCCESS', 500]);

  for (const which of [{ out_trade_no: number }, { out_refund_no: refund_no }, { refund_id: accepted.refund_id }]) {
    const query = await pay.refundQuery(which);
    assert.deepEqual([query.refund_status_0, Number(query.refund_fee_0), query.out_refund_no_0], ['SUCCESS', 500, refund_no]);
  }
  await assert.rejects(pay.refundQuery({ out_refund_no: `${number}_2` }), { message: 'REFUNDNOTEXIST' });
  const refunds = JSON.parse(await control('GET', `/_sim/refunds?out_trade_no=${number}`));
  assert.equal(refunds.length, 1);
}

async function withoutACertificate(listener) {
  const pay = newClient({ base: SIM_TLS_URL });
  const number = newNumber();
  await create(pay, number, listener.url);
  await control('POST', `/_sim/orders/${number}/pay?notify=lost`);
  const refund = { out_trade_no: number, out_refund_no: number, total_fee: TOTAL_FEE, refund_fee: TOTAL_FEE };
  // What the library makes of HTTP 400.
  await assert.rejects(pay.refund(refund), { message: 'request fail' });
  await assert.rejects(pay.refundQuery({ out_refund_no: number }), { message: 'REFUNDNOTEXIST' });
}

async function closedOrder(pay, listener) {
  const number = newNumber();
  // An empty element is sent but not signed.
  await create(pay, number, listener.url, '');
  await pay.closeOrder({ out_trade_no: number });
  // The answer is signed the way the request was; the library verifies it so.
  for (const sign_type of ['MD5', 'HMAC-SHA256']) {
    const answer = await pay.orderQuery({ out_trade_no: number, sign_type });
    assert.equal(answer.trade_state, 'CLOSED');
    assert.equal(answer.out_trade_no, number);
  }
}

async function refusals(pay, listener) {
  const number = newNumber();
  // The library's own finding about an answer reads "sign签名错误"; here the gateway must say it.
  await assert.rejects(create(newClient({ partnerKey: 'f'.repeat(32) }), number, listener.url), { message: /^签名错误/ });
  assert.equal((await knownOrders()).has(number), false);

  await assert.rejects(pay.orderQuery({ out_trade_no: number }), { message: 'ORDERNOTEXIST' });
}

const watchdog = setTimeout(() => {
  console.error(`not finished within ${LIFETIME_MS} ms`);
  process.exit(1);
}, LIFETIME_MS);

const pay = newClient();
const listener = await listen(pay);
try {
  await control('PUT', '/_sim/habits', { exact_acknowledgement: false });
  await paidOrder(pay, listener);
  await refundedOrder(pay, listener);
  await refundedOrder(newClient({ base: SIM_TLS_URL, pfx: readFileSync(process.env.SIM_P12) }), listener);
  await withoutACertificate(listener);
  await closedOrder(pay, listener);
  await refusals(pay, listener);
} finally {
  clearTimeout(watchdog);
  listener.server.close();
  listener.server.closeAllConnections();
}
console.log('node client: ok');
