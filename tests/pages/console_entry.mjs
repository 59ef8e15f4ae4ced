// The way into the console, and out of it.
import assert from 'node:assert/strict';
import { Visitor, accessible, tabTo } from './browser.mjs';
import { Service } from './service.mjs';

/** Fills in the form, as a person does: whatever page was wanted follows. */
async function logIn(tab, name, password) {
  await tab.fill('[name=name]', name);
  await tab.fill('[name=password]', password);
  await tab.press('[name=password]', 'Enter');
  await tab.waitForLoadState();
}

/** No cookie is any script's or any other site's. */
async function cookieOf(visitor) {
  const cookies = await visitor.context.cookies();
  const cookie = cookies.find(({ name }) => name === '__Host-wechat_pay_console');
  assert.ok(cookie && cookie.httpOnly && cookie.secure && cookie.sameSite === 'Strict' && cookie.path === '/', JSON.stringify(cookies));
  return cookie.value;
}

export async function the_console_is_entered_and_left_by_keyboard(browser) {
  const service = await Service.start();
  const { console: address, password } = service;
  const forgive = (text) => text.includes('401');
  const visitor = await Visitor.arrive(browser, service, { also: [address], locale: 'en', forgive });
  const tab = await visitor.go(`${address}/audit?user=demo`);
  assert.equal(new URL(tab.url()).pathname, '/login');
  await accessible(tab);
  await logIn(tab, 'demo', 'wrong');
  assert.match(await tab.locator('[role=alert]').innerText(), /wrong/);
  assert.equal(await tab.inputValue('[name=name]'), 'demo', 'what was typed is kept');
  await accessible(tab);
  await logIn(tab, 'demo', password);
  assert.equal(tab.url(), `${address}/audit?user=demo`, 'where one wanted to go');
  const token = await cookieOf(visitor);
  assert.ok(!(await tab.content()).includes(token));
  assert.equal(await tab.evaluate(() => document.cookie), '');
  await tab.keyboard.press('Tab');
  assert.match(await tab.evaluate(() => document.activeElement.textContent), /Skip/);
  await tabTo(tab, 'form[action="/logout"] button');
  await tab.keyboard.press('Enter');
  await tab.waitForURL(`${address}/login`);
  await tab.goto(`${address}/audit`);
  assert.equal(new URL(tab.url()).pathname, '/login');
  await visitor.leave();
  await service.stop();
}
