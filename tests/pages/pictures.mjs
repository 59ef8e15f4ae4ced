// The pictures of the README, taken from the real thing.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Visitor, comes } from './browser.mjs';
import { Service } from './service.mjs';

const HEAVY = 100 * 1024;

export async function pictures_are_taken(browser) {
  const to = (name) => join(process.env.SCREENSHOTS, `${name}.png`);
  const service = await Service.start({ PAGE__MERCHANT_NAME: '老王茶铺' });
  try {
    const bought = [];
    for (const price of ['9.90', '128.00']) bought.push(await service.open(price));
    await service.sim(`orders/${bought[0].order_id}/pay`, 'POST');
    for (const [suffix, locale, colorScheme] of [['', 'zh-CN', 'light'], ['-en', 'en-GB', 'light'], ['-dark', 'zh-CN', 'dark']]) {
      const visitor = await Visitor.arrive(browser, service, { locale, colorScheme, viewport: { width: 960, height: 700 } });
      const shop = await visitor.go(`${service.shop}/`);
      await shop.screenshot({ path: to(`shop${suffix}`), fullPage: true });
      await shop.locator('button[data-product="2"]').click();
      await comes(shop, 'waiting');
      await shop.setViewportSize({ width: 480, height: 760 });
      await shop.screenshot({ path: to(`cashier${suffix}`), fullPage: true });
      const order = shop.url().split('/').pop();
      await service.sim('faults', 'PUT', { notify: 'lost' });
      await service.sim(`orders/${order}/enter-password`, 'POST');
      await service.sim(`orders/${order}/pay`, 'POST');
      await comes(shop, 'paid');
      await shop.screenshot({ path: to(`cashier-paid${suffix}`), fullPage: true });
      const phone = await visitor.go(`${service.phone}/`);
      await phone.setViewportSize({ width: 1100, height: 760 });
      await phone.locator('#verdict.good').waitFor();
      await phone.screenshot({ path: to(`phone${suffix}`), fullPage: true });
      await phone.locator('#waiting button').first().click();
      await phone.locator('#pay').waitFor();
      await phone.setViewportSize({ width: 360, height: 740 });
      await phone.screenshot({ path: to(`phone-small${suffix}`), fullPage: true });
      await phone.locator('#leave').click();
      await service.sim('faults', 'PUT', { notify: 'normal' });
      await visitor.leave();
    }
  } finally {
    await service.stop();
  }
  for (const name of await readdir(process.env.SCREENSHOTS)) {
    const { size } = await stat(join(process.env.SCREENSHOTS, name));
    assert.ok(size < HEAVY, `${name} has ${size} bytes`);
  }
}
