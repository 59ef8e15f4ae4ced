// The payer's page as a checkout: what it says in each state, what it looks like, and the receipt.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Visitor, accessible, comes, fits, readCode, tabTo } from './browser.mjs';
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

const address = (service, deal) => new URL(deal.pay_page, service.shop).href;
const says = (tab, word) => tab.waitForSelector(`main[data-word="${word}"]`, { timeout: 15_000 });
const icon = (tab) => tab.locator('#icon').getAttribute('href');

export const the_tab_says_how_it_stands = (browser) => visit(browser, { PAGE__MERCHANT_NAME: '老王茶铺' }, {}, async (service, visitor) => {
  const deal = await service.open('1280.00', { description: '明前龙井' });
  const tab = await visitor.go(address(service, deal));
  const seen = new Map();
  const look = async (word, title) => {
    await says(tab, word);
    assert.equal(await tab.title(), `${title} · ¥1,280.00 · 老王茶铺`);
    seen.set(word, await icon(tab));
  };
  await look('waiting', '等待付款');
  await service.sim(`orders/${deal.order_id}/enter-password`, 'POST');
  await look('paying', '请在手机上确认付款');
  await service.sim(`orders/${deal.order_id}/fail`, 'POST');
  await look('failed', '付款没有成功，可以再试一次');
  await service.sim(`orders/${deal.order_id}/pay`, 'POST');
  await look('paid', '付款完成');
  assert.equal(new Set(seen.values()).size, 4, 'each state has an icon of its own');
  for (const drawn of seen.values()) {
    const size = await tab.evaluate((src) => new Promise((done) => {
      const image = new Image();
      image.onload = () => done(image.naturalWidth);
      image.onerror = () => done(0);
      image.src = src;
    }), drawn);
    assert.ok(size > 0, `${drawn} is no picture`);
  }
  // As the server says it at once, without a script.
  const server = await (await fetch(address(service, deal))).text();
  assert.ok(server.includes('<title>付款完成 · ¥1,280.00 · 老王茶铺</title>'));
});

export const a_scanned_code_makes_room_for_a_check = (browser) => visit(browser, {}, {}, async (service, visitor) => {
  const deal = await service.open();
  const tab = await visitor.go(address(service, deal));
  await comes(tab, 'waiting');
  assert.equal(await tab.locator('.confirm').isVisible(), false);
  await service.sim(`orders/${deal.order_id}/enter-password`, 'POST');
  await says(tab, 'paying');
  await tab.locator('.confirm', { hasText: '已扫码' }).waitFor();
  assert.equal(await tab.locator('#qr').isVisible(), false);
  await accessible(tab);
  await tabTo(tab, '[data-do=peek]');
  await tab.keyboard.press('Enter');
  assert.equal(await readCode(tab), deal.code_url[0], 'for another phone it is still there');
  await service.sim(`orders/${deal.order_id}/pay`, 'POST');
  await comes(tab, 'paid');
});

export const the_time_is_shown_when_it_matters = (browser) => visit(browser, {}, {}, async (service, visitor) => {
  const tab = await visitor.go(address(service, await service.open()));
  await comes(tab, 'waiting');
  assert.equal(await tab.locator('.left').isVisible(), false, 'two hours are nothing to hurry with');
  const short = await Service.start({ DEAL__EXPIRE_AFTER: '600' });
  visitor.hosts.push(short.shop);
  try {
    await tab.goto(address(short, await short.open()));
    await tab.locator('.left', { hasText: /剩余付款时间 (10:00|09:5\d)/ }).waitFor();
  } finally {
    await tab.close();
    await short.stop();
  }
});

export const a_receipt_comes_by_itself_and_prints = (browser) => visit(browser, { PAGE__MERCHANT_NAME: 'Tea House' }, { locale: 'en-GB' }, async (service, visitor) => {
  const deal = await service.open('1280.00', { description: 'Longjing tea' });
  const tab = await visitor.go(address(service, deal));
  await comes(tab, 'waiting');
  await tab.evaluate(() => { window.untouched = true; });
  await service.sim(`orders/${deal.order_id}/pay`, 'POST');
  const receipt = tab.locator('.receipt');
  await receipt.waitFor();
  assert.equal(await tab.evaluate(() => window.untouched), true, 'the page was loaded again');
  const [paid] = (await service.sim('orders')).filter((order) => order.out_trade_no === deal.order_id);
  const lines = await receipt.locator('dl > div').allInnerTexts();
  const line = (label) => lines.find((text) => text.startsWith(label)).slice(label.length).trim();
  assert.equal(line('Paid to'), 'Tea House');
  assert.equal(line('Product'), 'Longjing tea');
  assert.equal(line('Amount'), '¥1,280.00');
  assert.match(line('Paid at'), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(Beijing time\)$/);
  assert.equal(line('Order number'), deal.order_id);
  assert.equal(line('WeChat Pay number'), paid.transaction_id);
  await tab.evaluate(() => { window.print = () => { window.printed = true; }; });
  await tab.getByRole('button', { name: 'Print or save' }).click();
  assert.equal(await tab.evaluate(() => window.printed), true);
  for (const colorScheme of ['light', 'dark']) {
    await tab.emulateMedia({ media: 'print', colorScheme });
    const paper = await tab.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.receipt dd')).color]);
    assert.deepEqual(paper, ['rgb(255, 255, 255)', 'rgb(0, 0, 0)'], 'black on white');
    for (const shown of ['.ribbon', 'h1', '.amount', '#status', '.receipt']) assert.equal(await tab.locator(shown).isVisible(), true, shown);
    for (const gone of ['.language', '.receipt button', '.safe']) assert.equal(await tab.locator(gone).isVisible(), false, gone);
  }
});

export const without_javascript_there_is_a_receipt_too = (browser) => visit(browser, {}, { javaScriptEnabled: false }, async (service, visitor) => {
  const deal = await service.open();
  await service.sim(`orders/${deal.order_id}/pay`, 'POST');
  for (let tries = 0; tries < 50 && (await service.post('/wxPay/queryOrder', { order_id: deal.order_id })).trade_state !== 'SUCCESS'; tries += 1);
  const tab = await visitor.go(address(service, deal));
  assert.match(await tab.locator('.receipt').innerText(), new RegExp(deal.order_id));
  assert.equal(await tab.getByRole('button').count(), 0, 'a button that does nothing');
});

export async function every_colour_of_a_merchant_can_be_read(browser) {
  const home = await mkdtemp(join(tmpdir(), 'wechat-pay-logo.'));
  const logo = join(home, 'logo.svg');
  // Its script must not run: it is a picture.
  await writeFile(logo, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>parent.ran = true</script><circle cx="4" cy="4" r="4" fill="#fff"/></svg>');
  for (const color of ['#ffd100', '#ffffff', '#000000', '#8b1a1a', '#0057b8']) {
    const settings = { PAGE__COLOR: color, PAGE__LOGO: logo, PAGE__MERCHANT_NAME: '老王茶铺', PAGE__RETURN_HOSTS: 'shop.example.com', DEAL__CLOSE_MIN_AGE: '0' };
    await visit(browser, settings, {}, async (service, visitor) => {
      const urls = { return_url: 'https://shop.example.com/', cancel_url: 'https://shop.example.com/cart' };
      const [open, closed] = [await service.open('1.00', urls), await service.open('1.00', urls)];
      assert.equal((await service.post('/wxPay/doCloseOrder', { order_id: closed.order_id })).code, 0);
      for (const [deal, state] of [[open, 'waiting'], [closed, 'closed']]) {
        const tab = await visitor.go(address(service, deal));
        await comes(tab, state);
        for (const colorScheme of ['light', 'dark']) {
          await tab.emulateMedia({ colorScheme });
          await accessible(tab);
        }
        assert.equal(await tab.locator('.logo').evaluate((image) => image.complete && image.naturalWidth > 0), true);
        assert.equal(await tab.evaluate(() => window.ran), undefined);
      }
    });
  }
  await rm(home, { recursive: true });
}

export const the_phone_of_a_demonstration_opens_at_this_order = (browser) => visit(browser, {}, { viewport: { width: 320, height: 568 } }, async (service, visitor) => {
  const [deal] = [await service.open(), await service.open('5.00')];
  const tab = await visitor.go(address(service, deal));
  await comes(tab, 'waiting');
  await fits(tab);
  assert.equal(await tab.locator('.ribbon').innerText(), '模拟环境，不会扣款');
  const [phone] = await Promise.all([visitor.context.waitForEvent('page'), tab.getByRole('link', { name: '用模拟手机付款' }).click()]);
  await phone.waitForURL(`${service.phone}/?order=${deal.order_id}`);
  await phone.locator('#pay').click();
  await comes(tab, 'paid');
});

export const a_code_that_was_not_to_be_had_comes_in_place = (browser) => visit(browser, {}, { locale: 'en-GB' }, async (service, visitor) => {
  await service.sim('faults', 'PUT', { reset: 1 });
  const deal = await service.open();
  assert.equal(deal.reason, 'UPSTREAM');
  const tab = await visitor.go(`${service.shop}/pay/${deal.order_id}`);
  await comes(tab, 'trouble');
  await tab.getByText('Nothing has been charged').waitFor();
  await accessible(tab);
  await tab.evaluate(() => { window.untouched = true; });
  await service.sim('faults', 'PUT', { reset: 0 });
  await comes(tab, 'waiting', 30_000);
  const [known] = await service.sim('orders');
  assert.equal(await readCode(tab), known.code_url);
  assert.equal(await tab.evaluate(() => window.untouched), true, 'the page was loaded again');
});
