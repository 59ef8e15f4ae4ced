// Accessibility: two languages, a small phone, the dark, a screen reader's rules, a slow network.
import assert from 'node:assert/strict';
import { Visitor, accessible, comes, fits, readCode, weight } from './browser.mjs';
import { Service } from './service.mjs';

const HEAVY = 50 * 1024;
/** Its name is in both languages, as names are. */
const SHOP = '演示商店 Demo shop';

/** A service with a deal that waits, one that is paid, one that is closed and one of which something goes back; and the paths of all pages. */
async function town() {
  const service = await Service.start({ DEAL__CLOSE_MIN_AGE: '0', PAGE__RETURN_HOSTS: 'shop.example.com' });
  const deals = {};
  const long = { description: 'x'.repeat(127), reference: 'y'.repeat(64), cancel_url: 'https://shop.example.com/cart' };
  for (const state of ['waiting', 'paid', 'closed']) deals[state] = await service.open('19.90', long);
  await service.sim('faults', 'PUT', { notify: 'twice' });
  await service.sim(`orders/${deals.paid.order_id}/pay`, 'POST');
  await service.sim(`orders/${deals.waiting.order_id}/fail`, 'POST');
  assert.equal((await service.post('/wxPay/doCloseOrder', { order_id: deals.closed.order_id })).code, 0);
  const back = await service.open('19.90', long);
  await service.sim(`orders/${back.order_id}/pay`, 'POST');
  await service.sim(`orders/${back.order_id}/refund-by-hand?fee=500`, 'POST');
  await service.sim('faults', 'PUT', { refund_delay_s: 86_400 });
  await service.sim(`orders/${back.order_id}/refund-by-hand?fee=100`, 'POST');
  const pages = Object.entries(deals).map(([state, deal]) => [new URL(deal.pay_page, service.shop).href, state]);
  return { service, pages: [[`${service.shop}/`], [`${service.phone}/`], [`${service.phone}/_wechat/`], ...pages] };
}

/** Opens a page and waits until everything that it shows is there. */
async function look(visitor, [url, state], lang) {
  const tab = await visitor.go(lang ? `${url}?lang=${lang}` : url);
  if (state) await comes(tab, state);
  else if (await tab.locator('#timeline').count()) await tab.locator('#timeline > li').first().waitFor();
  return tab;
}

/** The payer's page is read on watches of phones, and at desks. */
async function fitsTheSmallestAndADesk(tab) {
  const size = tab.viewportSize();
  for (const viewport of [{ width: 320, height: 568 }, { width: 1280, height: 800 }]) {
    await tab.setViewportSize(viewport);
    await fits(tab);
    await accessible(tab);
  }
  await tab.setViewportSize(size);
}

export async function every_page_in_every_light_and_language_is_accessible_and_fits_a_small_phone(browser) {
  const { service, pages } = await town();
  try {
    for (const colorScheme of ['light', 'dark']) {
      for (const lang of ['zh', 'en']) {
        const visitor = await Visitor.arrive(browser, service, { colorScheme, viewport: { width: 360, height: 740 } });
        for (const page of [...pages, [`${service.shop}/docs`]]) {
          const tab = await look(visitor, page, lang);
          await fits(tab);
          if (page[1]) await fitsTheSmallestAndADesk(tab);
          for (const summary of await tab.locator('summary').all()) await summary.click();
          await fits(tab);
          await accessible(tab);
          await tab.close();
        }
        await visitor.leave();
      }
    }
  } finally {
    await service.stop();
  }
}

export async function every_page_speaks_both_languages_and_weighs_little(browser) {
  const { service, pages } = await town();
  try {
    for (const [locale, tag, other, link] of [['zh-CN', 'zh-CN', 'en', 'English'], ['en-GB', 'en', 'zh-CN', '中文']]) {
      const visitor = await Visitor.arrive(browser, service, { locale });
      for (const page of pages) {
        const tab = await look(visitor, page);
        assert.equal(await tab.locator('html').getAttribute('lang'), tag);
        const words = (await tab.locator('body').innerText()).replace('中文', '').replaceAll(SHOP, '');
        if (tag === 'en') assert.doesNotMatch(words, /[\u4e00-\u9fff]/, `${page} has Chinese left in it`);
        await tab.getByRole('link', { name: link }).click();
        await tab.waitForSelector(`html[lang="${other}"]`);
        await tab.close();
        const bytes = await weight(visitor, page[0]);
        assert.ok(bytes > 500 && bytes < HEAVY, `${page[0]} weighs ${bytes} bytes`);
      }
      await visitor.leave();
    }
  } finally {
    await service.stop();
  }
}

export async function the_code_can_be_read_in_the_dark_and_on_a_small_phone(browser) {
  const { service, pages } = await town();
  try {
    const visitor = await Visitor.arrive(browser, service, { colorScheme: 'dark', viewport: { width: 360, height: 740 } });
    const tab = await look(visitor, pages.find(([, state]) => state === 'waiting'));
    const [known] = (await service.sim('orders')).filter((order) => tab.url().endsWith(order.out_trade_no));
    assert.equal(await readCode(tab), known.code_url);
    await visitor.leave();
  } finally {
    await service.stop();
  }
}
