// The console as people use it: in two languages, on a small phone and at a desk, in the dark, by keyboard, and without a script.
import assert from 'node:assert/strict';
import { Visitor, accessible, fits, tabTo } from './browser.mjs';
import { Service } from './service.mjs';

/** What every role sees. Pages are added here as there are more. */
const PAGES = ['/audit'];

/** A service with a console, and the address and password of its user. */
async function started(settings = {}) {
  const service = await Service.start({ CONSOLE__LISTEN: '127.0.0.1:0', ...settings });
  for (let tries = 0; tries < 100; tries += 1) {
    const told = service.said.match(/open the console at (http:\S+?)\/, as demo with the password (\w+)"/);
    if (told) return { service, address: told[1], password: told[2] };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(service.said);
}

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
  const { service, address, password } = await started();
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

export async function every_page_of_the_console_is_for_everybody(browser) {
  const { service, address, password } = await started();
  for (const lang of ['zh', 'en']) {
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [{ width: 360, height: 640 }, { width: 1280, height: 900 }]) {
        for (const javaScriptEnabled of [true, false]) {
          const visitor = await Visitor.arrive(browser, service, { also: [address], colorScheme, viewport, javaScriptEnabled });
          const tab = await visitor.go(`${address}/login?lang=${lang}&next=${encodeURIComponent(PAGES[0])}`);
          await fits(tab);
          await logIn(tab, 'demo', password);
          for (const path of PAGES) {
            await tab.goto(address + path);
            assert.equal(await tab.getAttribute('html', 'lang'), lang === 'zh' ? 'zh-CN' : 'en', 'what was chosen is kept');
            await fits(tab);
            if (javaScriptEnabled) await accessible(tab);
            const picture = `${process.env.LOOKED_AT}/console${path.replaceAll('/', '_')}_${lang}_${colorScheme}_${viewport.width}.png`;
            if (javaScriptEnabled && process.env.LOOKED_AT) await tab.screenshot({ path: picture, fullPage: true });
          }
          await visitor.leave();
        }
      }
    }
  }
  await service.stop();
}
