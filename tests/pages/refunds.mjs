// Money goes back: the merchant's staff gives it, the tester decides what becomes of it, the phone tells the story.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Visitor, accessible, fits, tabTo } from './browser.mjs';
import { Service } from './service.mjs';

const YES = '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>';

/** The phone, with an order that is paid. */
async function visit(browser, options, story) {
  const service = await Service.start();
  try {
    const { order_id: order } = await service.open('19.90', { description: '线装笔记本' });
    const visitor = await Visitor.arrive(browser, service, options);
    const phone = await visitor.go(`${service.phone}/`);
    await phone.locator('#timeline li').first().waitFor();
    assert.equal(await phone.locator('#giving-back').isVisible(), false, 'nothing is paid');
    await service.sim(`orders/${order}/pay`, 'POST');
    await phone.locator('#giving-back').waitFor();
    await story(service, phone);
    await visitor.leave();
  } finally {
    await service.stop();
  }
}

/** Gives back by hand so much as is written, or all that is left. */
async function giveBack(phone, amount = '') {
  await phone.locator('#refund-fee').fill(amount);
  await phone.locator('#refund button').click();
}

const verdict = (phone, words) => phone.locator('#verdict', { hasText: words }).waitFor();

export const what_staff_gives_back_is_told_to_the_payer_and_to_the_merchant = (browser) => visit(browser, {}, async (service, phone) => {
  const merchant = createServer((request, response) => request.resume().on('end', () => response.end(YES)));
  await new Promise((resolve) => merchant.listen(0, '127.0.0.1', resolve));
  await service.sim('habits', 'PUT', { refund_notify_url: `http://127.0.0.1:${merchant.address().port}/wxPay/refundNotify` });
  assert.equal(await phone.locator('#left').textContent(), '可退 ¥19.90 · 商户余额 ¥19.90');
  await giveBack(phone, '5');
  await verdict(phone, '¥5.00 正在退回');
  await verdict(phone, '已支付，其中 ¥5.00 已退回');
  assert.equal(await phone.locator('#left').textContent(), '可退 ¥14.90 · 商户余额 ¥14.90');
  const told = /退款到账\s*¥5\.00\s+\d\d:\d\d:\d\d 商户手工退款 → \d\d:\d\d:\d\d 退款到账 → 通知商户 1 次，已确认/;
  await phone.locator('#refunds li', { hasText: '已确认' }).waitFor();
  assert.match(await phone.locator('#refunds li').innerText(), told);
  await giveBack(phone);
  await verdict(phone, '已全额退回');
  await phone.locator('#refund').waitFor({ state: 'hidden' });
  assert.equal(await phone.locator('#refunds li:focus').count(), 1, 'the focus is lost with the form');
  const timeline = await phone.locator('#timeline').innerText();
  assert.match(timeline, /在商户平台手工退款[\s\S]*退款结果：退款到账[\s\S]*退款通知：服务已确认[\s\S]*在商户平台手工退款/);
  const bill = await phone.locator('#bill li').allInnerTexts();
  assert.deepEqual(bill.map((line) => line.split('\n').pop()), ['+¥14.90', '+¥5.00', '−¥19.90']);
  assert.match(bill[1], /退款：线装笔记本/);
  merchant.close();
});

export const the_tester_decides_how_each_refund_ends = (browser) => visit(browser, { locale: 'en-GB' }, async (service, phone) => {
  await phone.locator('#fault-refund_delay_s').selectOption({ label: '3 days' });
  await phone.locator('.fault.on').waitFor();
  const ends = [
    ['It arrives', 'has arrived', 'Paid, and ¥1.00 of it went back.', '¥18.90 is left · the merchant has ¥18.90'],
    ['WeChat gives it up', 'given up by WeChat', 'Paid, and ¥1.00 of it went back.', '¥18.90 is left · the merchant has ¥18.90'],
    ['The bank refuses', 'refused by the bank', 'the bank refused ¥1.00', '¥17.90 is left · the merchant has ¥18.90'],
  ];
  for (const [button, state, sentence, left] of ends) {
    await giveBack(phone, '1.00');
    await verdict(phone, '¥1.00 is on its way back');
    await phone.getByRole('button', { name: button }).click();
    await phone.locator('#refunds li').first().filter({ hasText: state }).waitFor();
    await verdict(phone, sentence);
    assert.equal(await phone.locator('#left').textContent(), left);
    assert.equal(await phone.getByRole('button', { name: button }).count(), 0, 'it is decided');
  }
  assert.deepEqual((await service.sim('refunds')).map((refund) => refund.refund_status), ['CHANGE', 'REFUNDCLOSE', 'SUCCESS']);
  assert.deepEqual(await phone.locator('#bill b').allInnerTexts(), ['+¥1.00', '−¥19.90'], 'only what arrived');
  await accessible(phone);
});

export const what_cannot_go_back_is_refused_in_words = (browser) => visit(browser, { locale: 'en-GB', forgive: (complaint) => complaint.includes('409') }, async (service, phone) => {
  for (const [amount, words] of [['x', 'Enter an amount'], ['0', 'Enter an amount'], ['1.234', 'Enter an amount'], ['19.91', 'more than is left']]) {
    await giveBack(phone, amount);
    await phone.locator('#refused', { hasText: words }).waitFor();
    assert.equal(await phone.locator('#refund-fee:focus').count(), 1, amount);
  }
  await service.sim('balance', 'PUT', { balance: 499 });
  await giveBack(phone, '5.00');
  await phone.locator('#refused', { hasText: 'balance is too low' }).waitFor();
  assert.deepEqual(await service.sim('refunds'), []);
  await giveBack(phone, '4.99');
  await verdict(phone, '¥4.99 is on its way back');
  assert.equal(await phone.locator('#refused').textContent(), '');
});

export const a_refund_is_made_and_decided_with_the_keyboard = (browser) => visit(browser, { viewport: { width: 360, height: 740 } }, async (service, phone) => {
  await service.sim('faults', 'PUT', { refund_delay_s: 86_400 });
  await tabTo(phone, '#refund-fee');
  await phone.keyboard.type('5.00');
  await phone.keyboard.press('Enter');
  await phone.locator('#refunds [data-end="SUCCESS"]').waitFor();
  await fits(phone);
  assert.equal(await phone.locator('#refund-fee:focus').count(), 1);
  await phone.keyboard.press('Shift+Tab');
  await phone.locator('[data-end="CHANGE"]:focus').waitFor();
  await phone.keyboard.press('Enter');
  await phone.locator('#refunds li:focus', { hasText: '银行退回' }).waitFor();
});
