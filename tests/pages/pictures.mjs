// The pictures of the README, taken from the real thing.
import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { Visitor, comes } from './browser.mjs';
import { Service } from './service.mjs';

const HEAVY = 100 * 1024;

export async function pictures_are_taken(browser) {
  const taken = new Set();
  const take = async (tab, name) => {
    taken.add(`${name}.png`);
    const picture = PNG.sync.read(await tab.screenshot({ fullPage: true }));
    // 17 shades of each colour instead of 256: hardly an eye sees it, and the files are half as big.
    picture.data.forEach((value, at) => { picture.data[at] = Math.min(255, Math.round(value / 16) * 16); });
    await writeFile(join(process.env.SCREENSHOTS, `${name}.png`), PNG.sync.write(picture, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 }));
  };
  const service = await Service.start({ PAGE__MERCHANT_NAME: '老王茶铺' });
  // A phone inside WeChat, with the sheet that WeChat pays on before the page.
  const takeInWeChat = async () => {
    const { pay_page } = await service.post('/wxPay/checkout', { merchant_id: 1, product_id: 2, price: '19.90', description: '正山小种红茶' });
    const plays = (complaint) => complaint.startsWith(`a request to ${service.phone}/_wechat/`);
    const visitor = await Visitor.arrive(browser, service, { locale: 'zh-CN', viewport: { width: 360, height: 700 }, forgive: plays });
    const tab = await visitor.go(new URL(`${pay_page}?in=wechat`, service.shop).href);
    await take(tab, 'wechat');
    await tab.getByRole('button', { name: '立即支付' }).click();
    await tab.getByRole('button', { name: '支付', exact: true }).waitFor();
    await take(tab, 'wechat-sheet');
    await visitor.leave();
  };
  try {
    const bought = [];
    await takeInWeChat();
    const goods = [['9.90', 'A cup of Longjing tea'], ['128.00', 'A paper umbrella']];
    for (const [price, description] of goods) bought.push(await service.open(price, { description, reference: `SHOP-${bought.length + 1}` }));
    await service.sim(`orders/${bought[0].order_id}/pay`, 'POST');
    for (const [suffix, locale, colorScheme] of [['', 'en-GB', 'light'], ['-zh', 'zh-CN', 'light'], ['-dark', 'zh-CN', 'dark']]) {
      const visitor = await Visitor.arrive(browser, service, { locale, colorScheme, viewport: { width: 960, height: 700 } });
      const shop = await visitor.go(`${service.shop}/`);
      await take(shop, `shop${suffix}`);
      await shop.locator('button[data-product="2"]').click();
      await comes(shop, 'waiting');
      await shop.setViewportSize({ width: 480, height: 760 });
      await take(shop, `cashier${suffix}`);
      const order = shop.url().split('/').pop();
      await service.sim('faults', 'PUT', { notify: 'lost' });
      await service.sim(`orders/${order}/enter-password`, 'POST');
      await service.sim(`orders/${order}/pay`, 'POST');
      await comes(shop, 'paid');
      await take(shop, `cashier-paid${suffix}`);
      const phone = await visitor.go(`${service.phone}/`);
      await phone.setViewportSize({ width: 1100, height: 760 });
      await phone.locator('#verdict.good').waitFor();
      await take(phone, `phone${suffix}`);
      await phone.locator('#waiting button').first().click();
      await phone.locator('#pay').waitFor();
      await phone.setViewportSize({ width: 360, height: 740 });
      await take(phone, `phone-small${suffix}`);
      await phone.locator('#leave').click();
      await service.sim('faults', 'PUT', { notify: 'normal' });
      await visitor.leave();
    }
  } finally {
    await service.stop();
  }
  for (const name of taken) {
    const { size } = await stat(join(process.env.SCREENSHOTS, name));
    assert.ok(size < HEAVY, `${name} has ${size} bytes`);
  }
}
