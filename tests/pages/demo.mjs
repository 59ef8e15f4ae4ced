// The demonstration: its ribbon, a list that moves by itself, a phone that opens at an order.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Visitor, accessible, fits } from './browser.mjs';
import { Service } from './service.mjs';

async function visit(browser, options, story, settings = {}) {
  const service = await Service.start(settings);
  try {
    const visitor = await Visitor.arrive(browser, service, options);
    await story(service, visitor);
    await visitor.leave();
  } finally {
    await service.stop();
  }
}

export const every_page_wears_a_ribbon = async (browser) => {
  for (const [locale, words] of [['zh-CN', '模拟环境，不会扣款'], ['en-GB', 'Simulation: no money moves']]) {
    await visit(browser, { locale, viewport: { width: 320, height: 640 }, forgive: (complaint) => complaint.includes('404') }, async (service, visitor) => {
      const pages = [`${service.shop}/`, `${service.shop}/docs`, `${service.phone}/`, `${service.phone}/_wechat/`, `${service.phone}/_wechat/checkmweb`];
      for (const page of pages) {
        const tab = await visitor.go(page);
        const ribbon = tab.locator('.ribbon');
        assert.equal(await ribbon.textContent(), words);
        const { y, height } = await ribbon.boundingBox();
        assert.ok(y === 0 && height < 40, `${page}: ${y}, ${height}`);
        await fits(tab);
        await accessible(tab);
        await tab.emulateMedia({ media: 'print' });
        assert.equal(await ribbon.isVisible(), true, 'on paper too, so that nobody takes it for real');
      }
      const tab = await visitor.context.newPage();
      assert.equal((await tab.goto(`${service.shop}/pay/20260401120000123456789012345678`)).status(), 404);
      assert.match(await tab.locator('.ribbon').textContent(), new RegExp(words));
      await fits(tab);
      await accessible(tab);
    });
  }
};

/** How often the shop's page asks for its list in so many milliseconds. */
async function asked(tab, time) {
  let count = 0;
  const note = (request) => { count += request.url().includes('/shop/deals') ? 1 : 0; };
  tab.on('request', note);
  await tab.waitForTimeout(time);
  tab.off('request', note);
  return count;
}

const turn = (tab, hidden) => tab.evaluate((is) => {
  Object.defineProperty(document, 'hidden', { value: is, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

export const the_list_of_the_shop_moves_by_itself = (browser) => visit(browser, {}, async (service, visitor) => {
  const shop = await visitor.go(`${service.shop}/`);
  await shop.locator('p.none').waitFor();
  await shop.evaluate(() => { window.untouched = true; });
  const { order_id: order } = await service.open('19.90', { description: '线装笔记本' });
  const row = shop.locator('#deals li');
  await row.filter({ hasText: '待付款' }).waitFor();
  assert.equal(await shop.locator('p.none').isVisible(), false);
  await row.locator(`a[href="/pay/${order}"]`).focus();
  await service.sim(`orders/${order}/pay`, 'POST');
  await row.filter({ hasText: '已支付' }).filter({ hasText: '店铺已收到通知' }).waitFor();
  assert.equal(await row.locator('.phone').count(), 0, 'what is paid is paid');
  assert.equal(await shop.locator(`a[href="/pay/${order}"]:focus`).count(), 1, 'the reader lost the place');
  assert.equal(await shop.evaluate(() => window.untouched), true, 'the page was loaded again');
  const often = await asked(shop, 7000);
  assert.ok(often >= 2 && often <= 4, `it asks ${often} times in seven seconds`);
  await turn(shop, true);
  await shop.waitForTimeout(500);
  assert.equal(await asked(shop, 5000), 0, 'nobody looks');
  await service.open('5.00');
  await turn(shop, false);
  await row.filter({ hasText: '¥5.00' }).waitFor({ timeout: 1500 });
  await accessible(shop);
});

const away = { forgive: (complaint) => complaint.includes('/shop/deals') };

export const a_shop_whose_service_is_away_asks_ever_more_seldom = (browser) => visit(browser, away, async (service, visitor) => {
  const shop = await visitor.go(`${service.shop}/`);
  await visitor.context.route('**/shop/deals*', (route) => route.abort());
  await shop.waitForTimeout(2500);
  const often = await asked(shop, 10_000);
  assert.ok(often >= 1 && often <= 2, `${often} times in ten seconds`);
});

export const the_phone_opens_at_the_order_of_a_row = (browser) => visit(browser, {}, async (service, visitor) => {
  for (const price of ['1.00', '2.00', '3.00']) await service.open(price);
  const shop = await visitor.go(`${service.shop}/`);
  const [phone] = await Promise.all([visitor.context.waitForEvent('page'), shop.locator('#deals li').nth(1).locator('.phone').click()]);
  await phone.locator('#amount:focus', { hasText: '¥2.00' }).waitFor();
  await phone.locator('.languages a', { hasText: 'English' }).click();
  await phone.locator('html[lang="en"] #amount:focus', { hasText: '¥2.00' }).waitFor();
  await phone.locator('#pay').click();
  await phone.locator('#outcome', { hasText: 'Paid' }).waitFor();
  await shop.locator('#deals li').nth(1).locator('.state.paid').waitFor();
});

export const the_phone_says_of_an_address_why_it_does_not_open = (browser) => visit(browser, { forgive: (complaint) => complaint.includes('409') }, async (service, visitor) => {
  const { order_id: paid } = await service.open();
  await service.sim(`orders/${paid}/pay`, 'POST');
  for (const [order, words] of [['20260401120000123456789012345678', '模拟器里没有订单'], [paid, '该订单已支付'], ['<b>x', '模拟器里没有订单 <b>x']]) {
    const phone = await visitor.go(`${service.phone}/?order=${encodeURIComponent(order)}`);
    await phone.locator('#said', { hasText: words }).waitFor();
    assert.equal(await phone.locator('#scan').isVisible(), true);
    await phone.close();
  }
});

/** What a merchant signs with: MD5 over the fields in their order and its key. */
function signed(fields, key) {
  const names = Object.keys(fields).sort();
  const text = [...names.map((name) => `${name}=${fields[name]}`), `key=${key}`].join('&');
  const sign = createHash('md5').update(text).digest('hex').toUpperCase();
  return `<xml>${Object.entries({ ...fields, sign }).map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</xml>`;
}

const OTHER = { APPID: 'wx0000000000000002', MCH_ID: '1900000002', API_KEY: '8934e7d15453e97507ef794cf7b0519d', NAME: '老王茶铺' };
const settings = Object.fromEntries(Object.entries(OTHER).map(([name, value]) => [`SIMULATOR__MERCHANTS__WANG__${name}`, value]));

export const of_two_merchants_orders_of_one_number_the_address_says_which = (browser) => visit(browser, {}, async (service, visitor) => {
  const { order_id: order } = await service.open('19.90');
  const fields = {
    appid: OTHER.APPID, mch_id: OTHER.MCH_ID, nonce_str: '1', body: 'tea', out_trade_no: order, total_fee: '880',
    spbill_create_ip: '127.0.0.1', notify_url: 'http://127.0.0.1:9/', trade_type: 'NATIVE',
  };
  const answer = await fetch(`${service.phone}/pay/unifiedorder`, { method: 'POST', body: signed(fields, OTHER.API_KEY) });
  assert.match(await answer.text(), /weixin:/);
  const phone = await visitor.go(`${service.phone}/?order=${order}`);
  await phone.locator('#said', { hasText: '不止一个商户' }).waitFor();
  await phone.goto(`${service.phone}/?order=${order}&mch_id=${OTHER.MCH_ID}`);
  await phone.locator('#amount', { hasText: '¥8.80' }).waitFor();
  assert.equal(await phone.locator('#merchant').textContent(), '付款给老王茶铺');
}, settings);
