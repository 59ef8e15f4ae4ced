// How a page ends: expired, closed, led on to the shop; and where there is no shop at all.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Visitor, comes, readCode } from './browser.mjs';
import { Service } from './service.mjs';

async function visit(browser, settings, options, story) {
  const service = await Service.start(settings);
  try {
    const visitor = await Visitor.arrive(browser, service, options);
    await story(service, visitor);
    await visitor.leave();
  } finally {
    await service.stop();
  }
}

export const a_deal_expires_before_the_payers_eyes = (browser) => visit(browser, { DEAL__EXPIRE_AFTER: '5' }, {}, async (service, visitor) => {
  const { pay_page: page } = await service.open();
  const tab = await visitor.go(new URL(page, service.shop).href);
  await comes(tab, 'waiting');
  await comes(tab, 'expired');
  assert.equal(await tab.locator('#qr').isVisible(), false, 'a code that is worth nothing is still shown');
});

export const a_deal_expires_although_the_page_is_behind = (browser) => visit(browser, { DEAL__EXPIRE_AFTER: '5' }, {}, async (service, visitor) => {
  // Its stopwatch goes slow, by a second until then.
  await visitor.context.addInitScript(() => {
    const time = performance.now.bind(performance);
    performance.now = () => time() * 0.8;
  });
  const { pay_page: page } = await service.open();
  const tab = await visitor.go(new URL(page, service.shop).href);
  await comes(tab, 'waiting');
  await comes(tab, 'expired');
});

export const a_deal_is_closed_before_the_payers_eyes = (browser) => visit(browser, { DEAL__CLOSE_MIN_AGE: '0' }, {}, async (service, visitor) => {
  const { pay_page: page, order_id: order } = await service.open();
  const tab = await visitor.go(new URL(page, service.shop).href);
  await comes(tab, 'waiting');
  const closed = await tab.evaluate(async (number) => {
    const body = JSON.stringify({ order_id: number });
    const response = await fetch('/wxPay/doCloseOrder', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return response.json();
  }, order);
  assert.equal(closed.code, 0, JSON.stringify(closed));
  await comes(tab, 'closed');
  assert.equal(await tab.locator('#qr').isVisible(), false);
});

export const who_pays_while_it_is_closed_has_paid = (browser) => visit(browser, { DEAL__CLOSE_MIN_AGE: '0' }, {}, async (service, visitor) => {
  const { pay_page: page, order_id: order } = await service.open();
  const tab = await visitor.go(new URL(page, service.shop).href);
  await comes(tab, 'waiting');
  const phone = await visitor.go(`${service.phone}/`);
  await phone.locator('#fault-notify').selectOption({ label: '不送达' });
  await phone.locator('#fault-pay_at_close').selectOption({ label: '是' });
  await phone.locator('.fault.on').nth(1).waitFor();
  assert.equal((await service.post('/wxPay/doCloseOrder', { order_id: order })).reason, 'ORDER_PAID');
  await comes(tab, 'paid');
  await phone.locator('#verdict.good').waitFor();
  const told = await phone.locator('#timeline').innerText();
  assert.match(told, /查询订单：NOTPAY[\s\S]*完成支付，恰好在关单时[\s\S]*支付通知：没有送达[\s\S]*关闭订单：ORDERPAID[\s\S]*查询订单：SUCCESS/);
});

/** The colour in which a page says how it stands, once it says this. */
async function colour(tab, words) {
  await tab.waitForFunction((text) => document.getElementById('status').textContent.includes(text), words, { timeout: 20_000 });
  return tab.locator('#status').evaluate((status) => getComputedStyle(status).color);
}

export async function failure_and_a_lost_connection_do_not_look_like_success(browser) {
  const service = await Service.start({});
  const visitor = await Visitor.arrive(browser, service, { forgive: (complaint) => complaint.includes('/wxPay/') });
  const [open, paid] = [await service.open(), await service.open()];
  await service.sim(`orders/${paid.order_id}/pay`, 'POST');
  const success = await colour(await visitor.go(new URL(paid.pay_page, service.shop).href), '付款完成');
  const tab = await visitor.go(new URL(open.pay_page, service.shop).href);
  await comes(tab, 'waiting');
  await service.sim(`orders/${open.order_id}/fail`, 'POST');
  const failure = await colour(tab, '付款没有成功');
  await service.stop();
  const lost = await colour(tab, '网络不稳定');
  assert.equal(new Set([success, failure, lost]).size, 3, `${success}, ${failure}, ${lost}`);
  await visitor.leave();
}

/** The merchant's own page, where a paid deal leads. */
async function thanks() {
  const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(`<link rel="icon" href="data:,"><p>thanks for ${request.url}</p>`));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export async function a_paid_page_leads_on(browser) {
  const server = await thanks();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const settings = { PAGE__RETURN_URL: `${origin}/thanks?order={order_id}`, PAGE__MERCHANT_NAME: '老王茶铺 <b>' };
  await visit(browser, settings, { also: [origin] }, async (service, visitor) => {
    const { pay_page: page, order_id: order } = await service.open();
    const tab = await visitor.go(new URL(page, service.shop).href);
    await comes(tab, 'waiting');
    assert.match(await tab.locator('main').innerText(), /老王茶铺 <b>/);
    await service.sim(`orders/${order}/pay`, 'POST');
    await comes(tab, 'paid');
    await tab.getByText(/^[1-5] 秒后返回商家$/).waitFor();
    await tab.waitForURL(`${origin}/thanks?order=${order}`);
    // Who stays has time for the receipt.
    const other = await service.open();
    await tab.goto(new URL(other.pay_page, service.shop).href);
    await comes(tab, 'waiting');
    await service.sim(`orders/${other.order_id}/pay`, 'POST');
    await tab.getByRole('button', { name: '留在本页' }).click();
    await tab.waitForTimeout(5500);
    assert.ok(tab.url().endsWith(other.pay_page), 'the page led on although its reader stays');
    assert.equal(await tab.getByRole('link', { name: '返回商家' }).getAttribute('href'), `${origin}/thanks?order=${other.order_id}`);
  });
  server.close();
}

export const who_gives_up_is_led_back = (browser) => visit(browser, { PAGE__RETURN_HOSTS: 'shop.example.com' }, {}, async (service, visitor) => {
  const { pay_page: page, order_id: order } = await service.open('19.90', { cancel_url: 'https://shop.example.com/cart/{order_id}' });
  const tab = await visitor.go(new URL(page, service.shop).href);
  await comes(tab, 'waiting');
  const way = tab.getByRole('link', { name: '放弃付款' });
  assert.equal(await way.getAttribute('href'), `https://shop.example.com/cart/${order}`);
  await service.sim(`orders/${order}/pay`, 'POST');
  await comes(tab, 'paid');
  await way.waitFor({ state: 'hidden' });
});

export const without_javascript_the_code_is_there_and_looks_again = (browser) => visit(browser, {}, { javaScriptEnabled: false }, async (service, visitor) => {
  const { pay_page: page, order_id: order, code_url: [link] } = await service.open();
  const tab = await visitor.go(new URL(page, service.shop).href);
  await comes(tab, 'waiting');
  assert.equal(await readCode(tab), link);
  await service.sim(`orders/${order}/pay`, 'POST');
  await comes(tab, 'paid');
});

export async function with_real_credentials_there_is_no_shop() {
  const service = await Service.start({
    WECHAT__APPID: 'wx0000000000000001', WECHAT__MCH_ID: '1900000001', WECHAT__API_KEY: 'fedcba9876543210fedcba9876543210',
    WECHAT__BASE_URL: 'http://127.0.0.1:9', WECHAT__NOTIFY_URL: 'http://127.0.0.1:9/wxPay/notify', AUTH__MODE: 'open',
  });
  try {
    for (const path of ['/', '/shop/shop.js', '/shop/shop.css']) assert.equal((await fetch(service.shop + path)).status, 404, path);
  } finally {
    await service.stop();
  }
}
