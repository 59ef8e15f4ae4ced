// The payer's page in a frame of another site: where that is allowed, what it tells the site, and where not.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Visitor, comes } from './browser.mjs';
import { Service } from './service.mjs';

/** A site that frames an address and keeps what it is told. */
async function site(address) {
  const html = `<!doctype html><link rel="icon" href="data:,"><title>A shop</title><iframe title="Checkout" width="400" height="700" src="${address}"></iframe>
<script>window.told = []; addEventListener('message', ({ origin, data }) => window.told.push({ origin, ...data }));</script>`;
  const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Until so many messages have come: their states. */
async function told(tab, many) {
  await tab.waitForFunction((count) => window.told.length >= count, many, { timeout: 15_000 });
  return tab.evaluate(() => window.told);
}

export async function the_site_around_is_told_how_it_stands(browser) {
  const service = await Service.start({ PAGE__RETURN_HOSTS: 'shop.example.com' });
  const deal = await service.open('19.90', { return_url: 'https://shop.example.com/', cancel_url: 'https://shop.example.com/cart' });
  const shop = await site(new URL(deal.pay_page, service.shop).href);
  try {
    const visitor = await Visitor.arrive(browser, service, { also: [shop.origin] });
    const tab = await visitor.go(shop.origin);
    const message = (state) => ({ origin: service.shop, source: 'wechat-pay', order_id: deal.order_id, state });
    assert.deepEqual(await told(tab, 2), [message('hello'), message('waiting')]);
    const frame = tab.frames()[1];
    const cancel = frame.getByRole('link', { name: '放弃付款' });
    assert.equal(await cancel.getAttribute('target'), '_top');
    await cancel.click();
    assert.deepEqual((await told(tab, 3))[2], message('cancel'));
    await service.sim(`orders/${deal.order_id}/pay`, 'POST');
    assert.deepEqual((await told(tab, 4))[3], message('paid'));
    await frame.locator('.receipt').waitFor();
    // It is the site that goes on.
    await tab.waitForTimeout(5500);
    assert.equal(tab.url(), `${shop.origin}/`);
    assert.ok(frame.url().startsWith(service.shop));
    assert.equal((await told(tab, 4)).length, 4);
    await visitor.leave();
  } finally {
    shop.close();
    await service.stop();
  }
}

export async function no_other_site_frames_it(browser) {
  const real = {
    WECHAT__APPID: 'wx0000000000000001', WECHAT__MCH_ID: '1900000001', WECHAT__API_KEY: 'fedcba9876543210fedcba9876543210',
    WECHAT__NOTIFY_URL: 'http://127.0.0.1:9/wxPay/notify', AUTH__MODE: 'open', WECHAT__BASE_URL: 'http://127.0.0.1:9',
  };
  for (const [ancestors, isFramed] of [['', false], ['https://shop.example.com', false], ['own', true]]) {
    const shop = await site('about:blank');
    const service = await Service.start({ ...real, PAGE__FRAME_ANCESTORS: ancestors === 'own' ? shop.origin : ancestors });
    try {
      const { order_id: order } = await service.open();
      const visitor = await Visitor.arrive(browser, service, { also: [shop.origin], forgive: (complaint) => /frame-ancestors|net::ERR_BLOCKED_BY_RESPONSE|violates the following Content Security Policy/.test(complaint) });
      const tab = await visitor.go(shop.origin);
      await tab.evaluate((address) => { document.querySelector('iframe').src = address; }, `${service.shop}/pay/${order}`);
      if (isFramed) {
        assert.deepEqual((await told(tab, 2)).map(({ state }) => state), ['hello', 'waiting']);
      } else {
        await tab.waitForTimeout(1000);
        assert.deepEqual(await tab.evaluate(() => window.told), []);
        assert.equal(await tab.frames()[1].locator('#cashier').count(), 0, 'the page is in a frame');
      }
      await visitor.leave();
    } finally {
      shop.close();
      await service.stop();
    }
  }
}
