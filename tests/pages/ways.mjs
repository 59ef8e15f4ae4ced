// One link for every device: inside WeChat, in a phone's browser, at a desk; and where it can be paid in none of these ways.
import assert from 'node:assert/strict';
import { Visitor, accessible, comes, fits, readCode } from './browser.mjs';
import { Service } from './service.mjs';

const SMALL = { width: 360, height: 740 };
const says = (tab, word) => tab.waitForSelector(`main[data-word="${word}"]`, { timeout: 15_000 });

/** A checkout's page as it is opened at a place: inside WeChat, in a phone's browser, or at a desk. */
async function visit(browser, { settings = {}, place, ...options }, story) {
  const service = await Service.start(settings);
  try {
    const checkout = await service.post('/wxPay/checkout', { merchant_id: 1, product_id: 2, price: '19.90', description: '线装笔记本' });
    assert.equal(checkout.code, 0, JSON.stringify(checkout));
    const address = new URL(checkout.pay_page, service.shop);
    if (place) address.searchParams.set('in', place);
    const visitor = await arrive(browser, service, options);
    await story({ service, visitor, checkout, tab: await visitor.go(address.href), address: address.href });
    await visitor.leave();
  } finally {
    await service.stop();
  }
}

/** A visitor whose pages may load what plays WeChat's JSBridge, and nothing else of the simulator's. */
function arrive(browser, service, options) {
  const plays = (complaint) => complaint.startsWith(`a request to ${service.phone}/_wechat/jsbridge.js`) || complaint === `a request to ${service.phone}/_wechat/invoke`;
  return Visitor.arrive(browser, service, { viewport: SMALL, forgive: plays, ...options });
}

async function looks_well(tab) {
  await accessible(tab);
  await fits(tab);
  await tab.setViewportSize({ width: 320, height: 568 });
  await fits(tab);
  await tab.setViewportSize(SMALL);
}

const queried = (service, checkout) => service.post('/wxPay/queryCheckout', { checkout_id: checkout.checkout_id });

export const inside_wechat_its_own_sheet_is_paid = (browser) => visit(browser, { place: 'wechat' }, async ({ service, tab, checkout }) => {
  await comes(tab, 'waiting');
  const button = tab.getByRole('button', { name: '立即支付' });
  assert.ok(tab.url().split('#')[0].endsWith(`${checkout.pay_page}?in=wechat`), `${tab.url()}: the login leads back to where the payer was`);
  assert.equal(await tab.locator('#qr').count(), 0, 'a payer inside WeChat cannot scan');
  await looks_well(tab);
  const [{ out_trade_no: order }] = await service.sim('orders');
  await service.sim(`orders/${order}/enter-password`, 'POST');
  await says(tab, 'paying');
  await tab.getByText('请在微信里完成付款').waitFor();
  await button.click();
  await tab.getByRole('button', { name: '取消', exact: true }).click();
  await says(tab, 'cancelled');
  assert.equal(await button.isEnabled(), true, 'it can still be paid');
  await button.click();
  await tab.getByRole('button', { name: '失败：银行拒绝' }).click();
  await says(tab, 'failed');
  await looks_well(tab);
  await button.click();
  await tab.getByRole('button', { name: '支付', exact: true }).click();
  await comes(tab, 'paid');
  await tab.locator('.receipt', { hasText: '线装笔记本' }).waitFor();
  const answer = await queried(service, checkout);
  assert.equal(answer.trade_state, 'SUCCESS');
  assert.match(await tab.locator('.receipt').innerText(), new RegExp(answer.order_id));
});

export const what_the_sheet_says_is_believed_when_the_service_says_so = (browser) => visit(browser, { place: 'wechat' }, async ({ tab }) => {
  await comes(tab, 'waiting');
  // A phone that says ok though nothing was paid.
  await tab.evaluate(() => { window.WeixinJSBridge = { invoke: (name, parameters, callback) => callback({ err_msg: 'get_brand_wcpay_request:ok' }) }; });
  await tab.getByRole('button', { name: '立即支付' }).click();
  await says(tab, 'confirming');
  assert.equal(await tab.getByRole('button', { name: '立即支付' }).isVisible(), false, 'who has paid is not to pay again');
  await tab.waitForSelector('main[data-word="unconfirmed"]', { timeout: 25_000 });
  await tab.getByText('已经付了款的，请稍等').waitFor();
  await looks_well(tab);
  // And one whose page was not registered by the merchant.
  await tab.evaluate(() => { window.WeixinJSBridge = { invoke: (name, parameters, callback) => callback({ err_msg: 'get_brand_wcpay_request:fail', err_desc: '当前页面的URL未注册' }) }; });
  await tab.getByRole('button', { name: '立即支付' }).click();
  await says(tab, 'failed');
  await tab.getByText('当前页面的URL未注册').waitFor();
  assert.equal(await tab.locator('main').getAttribute('data-state'), 'waiting');
});

export const another_payer_inside_wechat_is_told_that_it_is_taken = (browser) => visit(browser, { place: 'wechat' }, async ({ service, tab, address }) => {
  await comes(tab, 'waiting');
  const other = await arrive(browser, service, {});
  await other.context.addCookies([{ name: 'sim_payer', value: '2', url: service.phone }]);
  const second = await other.go(address);
  await comes(second, 'taken');
  await second.getByText('有人正在用另一个微信付款').first().waitFor();
  await looks_well(second);
  await tab.getByRole('button', { name: '立即支付' }).click();
  await tab.getByRole('button', { name: '支付', exact: true }).click();
  await comes(tab, 'paid');
  await comes(second, 'paid');
  await other.leave();
});

export const a_phones_browser_pays_on_wechats_page_and_comes_back = (browser) => visit(browser, { place: 'phone' }, async ({ tab, service, checkout }) => {
  await comes(tab, 'waiting');
  await looks_well(tab);
  await tab.getByRole('link', { name: '去微信支付' }).click();
  await tab.waitForURL(/\/_wechat\/checkmweb/);
  await looks_well(tab);
  await tab.getByRole('button', { name: '取消' }).click();
  await tab.waitForURL(/\?back=h5&in=phone$/);
  await says(tab, 'back');
  await tab.getByRole('link', { name: '我已支付' }).waitFor();
  assert.equal(await tab.getByRole('link', { name: '去微信支付' }).isVisible(), false);
  await looks_well(tab);
  await tab.getByRole('link', { name: '我已支付' }).click();
  await says(tab, 'confirming');
  await tab.waitForSelector('main[data-word="unconfirmed"]', { timeout: 25_000 });
  await tab.getByRole('link', { name: '重新支付' }).click();
  await tab.waitForURL(/\/_wechat\/checkmweb/);
  await tab.getByRole('button', { name: '失败：银行拒绝' }).click();
  await says(tab, 'failed');
  assert.equal(await tab.getByRole('link', { name: '我已支付' }).isVisible(), false, 'who was refused has not paid');
  await looks_well(tab);
  await tab.getByRole('link', { name: '去微信支付' }).click();
  await tab.waitForURL(/\/_wechat\/checkmweb/);
  await tab.getByRole('button', { name: '支付', exact: true }).click();
  await tab.waitForURL(/\?back=h5&in=phone$/);
  await comes(tab, 'paid');
  assert.equal((await queried(service, checkout)).trade_state, 'SUCCESS');
});

export const without_javascript_a_phone_goes_and_comes_back_too = (browser) => visit(browser, { place: 'phone', javaScriptEnabled: false }, async ({ tab }) => {
  await tab.getByRole('link', { name: '去微信支付' }).click();
  await tab.waitForURL(/\/_wechat\/checkmweb/);
  await tab.getByRole('button', { name: '支付', exact: true }).click();
  await tab.waitForURL(/\?back=h5&in=phone$/);
  await comes(tab, 'paid');
  await tab.locator('.receipt').waitFor();
});

export const at_a_desk_it_is_scanned = (browser) => visit(browser, { viewport: { width: 1100, height: 800 } }, async ({ service, tab, checkout }) => {
  await comes(tab, 'waiting');
  const code = await readCode(tab);
  const order = (await service.sim('orders')).find(({ code_url }) => code_url === code).out_trade_no;
  await service.sim(`orders/${order}/enter-password`, 'POST');
  await says(tab, 'paying');
  await service.sim(`orders/${order}/pay`, 'POST');
  await comes(tab, 'paid');
  await tab.locator('.receipt', { hasText: order }).waitFor();
  assert.equal((await queried(service, checkout)).order_id, order);
});

export const a_phone_that_cannot_pay_takes_the_link_to_wechat = (browser) => {
  const settings = { WECHAT__TRADE_TYPES: 'NATIVE,JSAPI' };
  return visit(browser, { place: 'phone', settings, permissions: ['clipboard-read', 'clipboard-write'] }, async ({ tab, address, service }) => {
    await comes(tab, 'waiting');
    await tab.getByText('这笔订单要在微信里付款').waitFor();
    await looks_well(tab);
    await tab.getByRole('button', { name: '复制链接' }).click();
    await tab.getByRole('button', { name: '已复制' }).waitFor();
    assert.equal(await tab.evaluate(() => navigator.clipboard.readText()), address.split('?')[0]);
    assert.deepEqual(await service.sim('orders'), [], 'nothing is asked of WeChat until it can be paid');
  });
};

export const a_link_that_is_good_for_minutes_is_renewed_in_place = (browser) => visit(browser, { place: 'phone' }, async ({ tab }) => {
  await comes(tab, 'waiting');
  const way = tab.locator('[data-fresh]');
  const until = await way.getAttribute('data-fresh');
  assert.ok(Number(until) > Date.now(), 'it is good for some minutes');
  await tab.evaluate(() => {
    window.untouched = true;
    document.querySelector('[data-fresh]').dataset.fresh = '0';
  });
  await tab.waitForFunction(() => document.querySelector('[data-fresh]').dataset.fresh !== '0');
  assert.ok(Number(await way.getAttribute('data-fresh')) > Date.now());
  assert.equal(await tab.evaluate(() => window.untouched), true, 'the page was loaded again');
});

export const from_a_desk_it_is_opened_in_the_simulated_wechat = (browser) => visit(browser, {}, async ({ visitor, tab, address }) => {
  await comes(tab, 'waiting');
  await looks_well(tab);
  const [wechat] = await Promise.all([visitor.context.waitForEvent('page'), tab.getByRole('link', { name: '在模拟微信里打开' }).click()]);
  await wechat.waitForSelector('#url');
  await looks_well(wechat);
  assert.equal(await wechat.locator('#url').inputValue(), address);
  await wechat.getByRole('button', { name: '在微信里打开' }).click();
  await comes(wechat, 'waiting');
  await wechat.getByRole('button', { name: '立即支付' }).click();
  await wechat.getByRole('button', { name: '支付', exact: true }).click();
  await comes(wechat, 'paid');
  await comes(tab, 'paid');
});

export async function an_order_that_is_not_paid_from_here_says_where(browser) {
  const service = await Service.start({ WECHAT__TRADE_TYPES: 'NATIVE,JSAPI,MWEB,APP' });
  try {
    for (const [trade_type, place, words] of [
      ['MWEB', '', '这笔订单要在手机上付款'],
      ['MWEB', 'wechat', '这笔订单要在手机浏览器里付款'],
      ['APP', '', '这笔订单要在商家的 App 里付款'],
      ['APP', 'phone', '这笔订单要在商家的 App 里付款'],
      ['APP', 'wechat', '这笔订单要在商家的 App 里付款'],
    ]) {
      const order = await service.open('19.90', { trade_type });
      assert.equal(order.code, 0, JSON.stringify(order));
      const visitor = await arrive(browser, service, {});
      const tab = await visitor.go(new URL(`${order.pay_page}?in=${place}`, service.shop).href);
      await comes(tab, 'waiting');
      await tab.getByText(words).waitFor();
      assert.equal(await tab.locator('[data-do=pay], [data-do=go], #qr').count(), 0, `${trade_type} in ${place}: a way that leads nowhere`);
      await looks_well(tab);
      await visitor.leave();
    }
  } finally {
    await service.stop();
  }
}
