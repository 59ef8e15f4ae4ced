// The page of the README, word for word, on a front end of its own: what /pay.js does with the payer's page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Visitor, accessible, comes, fits, readCode } from './browser.mjs';
import { Service } from './service.mjs';

const SERVICE = 'http://127.0.0.1:8360';
const BY_ITSELF = `<!doctype html><html lang="en"><title>A front end</title><script src="${SERVICE}/pay.js"></script><button id="buy">Buy</button></html>`;

/** The page that a README shows, the calls going to this service. */
async function pageOf(readme, service) {
  const text = await readFile(join(process.env.REPOSITORY, readme), 'utf8');
  const [, page] = text.match(/```html\n(<!doctype html>[\s\S]*?)```/);
  assert.ok(page.trimEnd().split('\n').length <= 40, 'a page of forty lines');
  return page;
}

/** A front end on a port of its own, and a visitor who may leave it for the service. `host` is how the browser calls it. */
async function visit(browser, { readme, policy, host = 'localhost', ...options }, story, settings = {}) {
  const service = await Service.start(settings);
  const page = (readme ? await pageOf(readme, service) : BY_ITSELF).replaceAll(SERVICE, service.shop);
  const headers = { 'content-type': 'text/html; charset=utf-8' };
  if (policy) headers['content-security-policy'] = policy(service.shop);
  const server = createServer((request, response) => {
    if (request.url === '/') response.writeHead(200, headers).end(page);
    else response.writeHead(204).end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = `http://${host}:${server.address().port}`;
  const { forgive = () => false, ...rest } = options;
  // The script and the calls are another origin's: that is the point.
  const is_call = (text) => text.startsWith(`a request to ${service.shop}/pay.js`) || text.startsWith(`a request to ${service.shop}/wxPay/`);
  try {
    const visitor = await Visitor.arrive(browser, service, { also: [address], ...rest, forgive: (text) => is_call(text) || forgive(text) });
    const tab = await visitor.go(`${address}/`);
    await story({ service, visitor, tab });
    await visitor.leave();
  } finally {
    server.close();
    await service.stop();
  }
}

const said = (tab, text) => tab.locator('#said', { hasText: text }).waitFor();
const dialog = (tab) => tab.locator('dialog[open]');
const cashier = (tab) => tab.frameLocator('iframe');
const newest = async (service) => (await service.sim('orders'))[0].out_trade_no;

/** Buys by the page's own button; the payer's page is in the dialog now. */
async function buy(tab) {
  await tab.locator('#buy').click();
  await cashier(tab).locator('main[data-state="waiting"]').waitFor();
}

async function pays_in_the_dialog(browser, readme, thanks, label) {
  await visit(browser, { readme, locale: readme.includes('zh') ? 'zh-CN' : 'en-GB' }, async ({ service, tab }) => {
    await buy(tab);
    assert.equal(await dialog(tab).getAttribute('aria-label'), label);
    assert.equal(await tab.evaluate(() => document.activeElement.shadowRoot.activeElement.tagName), 'BUTTON', 'Esc is heard');
    assert.match(await cashier(tab).locator('main').innerText(), /9\.90/);
    await accessible(tab);
    const code = await readCode({ locator: (selector) => cashier(tab).locator(selector) });
    const order = (await service.sim('orders')).find(({ code_url }) => code_url === code);
    await service.sim(`orders/${order.out_trade_no}/pay`, 'POST');
    await said(tab, thanks);
    assert.ok(await dialog(tab).isVisible(), 'the receipt is shown');
    await dialog(tab).waitFor({ state: 'detached' });
    assert.equal((await service.sim('orders')).length, 1);
  });
}

export const the_page_of_the_readme_is_paid_in_a_dialog = (browser) => pays_in_the_dialog(browser, 'README.md', 'Paid, thank you!', 'WeChat Pay');

export const the_page_of_the_chinese_readme_is_too = (browser) => pays_in_the_dialog(browser, 'README.zh-CN.md', '支付成功，谢谢惠顾！', '微信支付');

export const a_receipt_that_was_clicked_into_stays = (browser) => visit(browser, { readme: 'README.md', locale: 'en-GB' }, async ({ service, tab }) => {
  await buy(tab);
  await cashier(tab).locator('h1').click();
  await service.sim(`orders/${await newest(service)}/pay`, 'POST');
  await said(tab, 'Paid, thank you!');
  await tab.waitForTimeout(4000);
  assert.ok(await dialog(tab).isVisible(), 'it was taken away from under the hand');
  await tab.getByRole('button', { name: 'Close' }).click();
  assert.equal(await dialog(tab).count(), 0);
});

export const who_closes_the_dialog_has_not_paid_and_may_come_back = (browser) => visit(browser, { readme: 'README.md', locale: 'en-GB' }, async ({ service, tab }) => {
  await buy(tab);
  await tab.keyboard.press('Escape');
  await said(tab, 'Not paid: cancel');
  assert.equal(await dialog(tab).count(), 0);
  await buy(tab);
  assert.equal((await service.sim('orders')).length, 1, 'the same attempt, the same order');
  await tab.getByRole('button', { name: 'Close' }).click();
  await said(tab, 'Not paid: cancel');
  await buy(tab);
  const order = await newest(service);
  // The payer pays, and closes the dialog before any news of it is there: the service is asked once more, and asks WeChat, as it
  // does once a second at most.
  await service.sim('faults', 'PUT', { notify: 'lost' });
  await service.sim(`orders/${order}/pay`, 'POST');
  await tab.waitForTimeout(1100);
  await tab.keyboard.press('Escape');
  await said(tab, 'Paid, thank you!');
});

export const a_dialog_tells_when_the_order_is_over = (browser) => visit(browser, { readme: 'README.md', locale: 'en-GB' }, async ({ tab }) => {
  await buy(tab);
  await cashier(tab).locator('main[data-state="expired"]').waitFor();
  await tab.keyboard.press('Escape');
  await said(tab, 'Not paid: expired');
}, { DEAL__EXPIRE_AFTER: '5' });

const PHONE = { viewport: { width: 360, height: 740 }, userAgent: 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36' };

export const on_a_phone_it_leads_to_the_page = (browser) => visit(browser, { readme: 'README.md', ...PHONE }, async ({ service, tab }) => {
  await fits(tab);
  await tab.locator('#buy').click();
  await tab.waitForURL(new RegExp(`^${service.shop}/pay/C[0-9]{32}`));
  await comes(tab, 'waiting');
  await tab.getByRole('link', { name: 'Pay in WeChat' }).waitFor();
});

export const where_the_page_may_not_be_framed_it_leads_there = (browser) => {
  const refused = { host: 'shop.localhost', forgive: (text) => /frame-ancestors|CORS|ERR_FAILED|against the policy/.test(text) };
  return visit(browser, refused, async ({ service, tab }) => {
    const { pay_page: page, order_id: order } = await service.open();
    await tab.evaluate(([page, order]) => { window.WechatPay.open({ page, order }); }, [page, order]);
    await tab.waitForURL(new RegExp(`^${service.shop}/pay/${order}`), { timeout: 6000 });
    await comes(tab, 'waiting');
  });
};

/** A front end's own policy: nothing inline, and of the service only the script, the frame and the calls. */
const strict = (service) => `default-src 'none'; script-src ${service}; frame-src ${service}; connect-src ${service}`;

export const a_front_end_with_a_strict_policy_can_use_it_and_lies_in_messages_buy_nothing = (browser) => visit(browser, { policy: strict }, async ({ service, tab }) => {
  const { pay_page: page, order_id: order } = await service.open();
  await tab.evaluate(([page, order]) => {
    window.told = [];
    const tell = (word) => (value) => window.told.push([word, value]);
    window.paying = window.WechatPay.open({ page, order, mode: 'modal', onPaid: tell('paid'), onClosed: tell('closed') });
  }, [page, order]);
  await cashier(tab).locator('main[data-state="waiting"]').waitFor();
  assert.equal(await dialog(tab).evaluate((element) => getComputedStyle(element).borderRadius), '12px', 'it has its style');
  await tab.evaluate((order) => window.postMessage({ source: 'wechat-pay', order_id: order, state: 'paid' }, '*'), order);
  await tab.waitForTimeout(500);
  assert.deepEqual(await tab.evaluate(() => window.told), [], 'a message of the page around is not the payer\'s page');
  await service.sim(`orders/${order}/pay`, 'POST');
  const { state, result } = await tab.evaluate(() => window.paying);
  assert.deepEqual([state, result.order_id, result.trade_state, result.confirmed], ['paid', order, 'SUCCESS', true]);
  await tab.evaluate(() => window.paying.close());
  assert.equal(await dialog(tab).count(), 0);
  assert.equal(await tab.evaluate(() => window.told.length), 1, 'told once');
});
