// The console: a morning at it, its roles, without a script, and whether everybody can read it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Visitor, accessible, fits, tabTo, weight } from './browser.mjs';
import { Service } from './service.mjs';

const HEAVY = 100 * 1024;
const PASSWORD = 'correct horse battery';
const NASTY = '<img src=x onerror=alert(1)> & "tea"';
/** What a story brings about itself: a login that fails, a page that is refused. */
const refused = { forgive: (complaint) => /40[134]|429/.test(complaint) };

/** The settings of users of each role. */
function users() {
  const settings = {};
  for (const role of ['viewer', 'operator', 'admin']) {
    const said = execFileSync(process.env.PROGRAM, ['console-user', role, '--role', role], { input: `${PASSWORD}\n`, encoding: 'utf8', env: { PATH: process.env.PATH } });
    settings[`CONSOLE__USERS__${role.toUpperCase()}__PASSWORD`] = said.match(/\$argon2id\$[^"'\s]+/)[0];
    settings[`CONSOLE__USERS__${role.toUpperCase()}__ROLE`] = role;
  }
  return settings;
}

/** A till with a deal that waits, one that is paid, one that was partly given back by hand, and the alarm about that. */
async function town(settings = {}) {
  const service = await Service.start({ DEAL__CLOSE_MIN_AGE: '0', ...settings });
  const deals = {};
  for (const state of ['waiting', 'paid', 'back']) deals[state] = (await service.open('19.90', { description: NASTY, reference: `SHOP-${state}` })).order_id;
  for (const state of ['paid', 'back']) await service.sim(`orders/${deals[state]}/pay`, 'POST');
  await service.sim(`orders/${deals.back}/refund-by-hand?fee=500`, 'POST');
  return { service, deals };
}

/** Logs in as a person does. */
async function logIn(visitor, service, name, password) {
  const tab = await visitor.go(`${service.console}/`);
  await tab.locator('input[name=name]').fill(name);
  await tab.locator('input[name=password]').fill(password);
  await tab.locator('main button, form button').last().click();
  await tab.waitForSelector('nav a[aria-current="page"]');
  return tab;
}

/** Loads a page until it shows something. */
async function comes(tab, selector, options = {}) {
  for (let tries = 0; tries < 40; tries += 1) {
    if (await tab.locator(selector, options).count()) return;
    await tab.waitForTimeout(250);
    await tab.reload();
  }
  assert.fail(`${tab.url()} never shows ${selector} ${options.hasText || ''}`);
}

export async function an_operators_morning_goes_from_takings_to_a_refund_and_an_answered_alarm(browser) {
  const { service, deals } = await town();
  try {
    const visitor = await Visitor.arrive(browser, service, { also: [service.console], locale: 'en-GB' });
    const tab = await logIn(visitor, service, 'demo', service.password);
    await comes(tab, 'svg');
    await comes(tab, 'main', { hasText: '39.80' });
    assert.ok(await tab.locator('main table').count(), 'the chart is a table too');

    await tab.getByRole('link', { name: 'Orders', exact: true }).click();
    await tab.locator('#q').fill('SHOP-paid');
    await tab.locator('#q').press('Enter');
    await tab.waitForSelector('main table');
    assert.match(tab.url(), /[?&]q=SHOP-paid/);
    await tab.locator(`a[href="/deals/${deals.paid}"]`).click();
    await tab.waitForSelector('#story');
    assert.equal(await tab.locator('main img').count(), 0, 'a description is text');
    assert.ok((await tab.locator('main').innerText()).includes(NASTY));

    await tab.locator('input[name=amount]').fill('5.00');
    await tab.locator('input[name=reason]').fill('a broken cup');
    await tab.locator('form[action$="/refund"] button').click();
    await tab.waitForSelector('input[name=step][value=do]', { state: 'attached' });
    const plan = await tab.locator('main').innerText();
    for (const said of ['5.00', deals.paid, 'a broken cup', '14.90']) assert.ok(plan.includes(said), `${said} is not repeated: ${plan}`);
    await tab.locator('form[action$="/refund"] button').click();
    await tab.waitForSelector('[role=status]');
    await tab.getByRole('region', { name: 'List of refunds' }).getByText('5.00').first().waitFor();
    await tab.getByRole('link', { name: 'Refunds', exact: true }).click();
    await comes(tab, `a[href="/deals/${deals.paid}"]`);

    await tab.getByRole('link', { name: 'Alarms', exact: true }).click();
    await comes(tab, `a[href="/deals/${deals.back}"]`);
    await tab.locator('main details:has(textarea[name=note]) summary').first().click();
    await tab.locator('textarea[name=note]').first().fill('given back by the owner herself');
    await tab.locator('form[action$="/answer"] button').first().click();
    await tab.waitForSelector('[role=status]');
    for (const place of ['Webhooks', 'Bills', 'Accounts']) {
      await tab.getByRole('link', { name: place, exact: true }).click();
      await tab.waitForSelector('main h1');
    }
    await tab.getByRole('link', { name: 'Audit', exact: true }).click();
    const trail = await tab.locator('main').innerText();
    for (const done of ['demo', deals.paid, 'a broken cup', 'given back by the owner herself']) assert.ok(trail.includes(done), `${done} is not in the trail: ${trail}`);
    await tab.getByRole('button', { name: 'Log out' }).click();
    await tab.waitForSelector('input[name=password]');
    await tab.goto(`${service.console}/deals`);
    assert.match(tab.url(), /\/login/, 'who has left is out');
    await visitor.leave();
  } finally {
    await service.stop();
  }
}

export async function a_refund_without_a_script_and_with_the_keyboard_alone(browser) {
  const { service, deals } = await town();
  try {
    const visitor = await Visitor.arrive(browser, service, { also: [service.console], javaScriptEnabled: false });
    const tab = await logIn(visitor, service, 'demo', service.password);
    await tab.goto(`${service.console}/deals/${deals.paid}`);
    await tab.locator('input[name=amount]').fill('1.00');
    await tab.locator('form[action$="/refund"] button').press('Enter');
    await tab.waitForSelector('input[name=step][value=do]', { state: 'attached' });
    await tab.locator('form[action$="/refund"] button').press('Enter');
    await tab.waitForSelector('[role=status]');
    await visitor.leave();
    const reader = await Visitor.arrive(browser, service, { also: [service.console] });
    const page = await logIn(reader, service, 'demo', service.password);
    await page.goto(`${service.console}/deals/${deals.waiting}`);
    await tabTo(page, 'form[action$="/close"] button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=status]');
    await reader.leave();
  } finally {
    await service.stop();
  }
}

export async function each_role_is_shown_what_it_may_do(browser) {
  const { service, deals } = await town(users());
  try {
    for (const [role, acts, sees] of [['viewer', 0, false], ['operator', 1, false], ['admin', 1, true]]) {
      const visitor = await Visitor.arrive(browser, service, { also: [service.console], ...refused });
      const tab = await logIn(visitor, service, role, PASSWORD);
      assert.equal(await tab.locator('a[href="/audit"]').count() > 0, sees, role);
      assert.equal((await tab.goto(`${service.console}/audit`)).status(), sees ? 200 : 403, role);
      await tab.goto(`${service.console}/deals/${deals.paid}`);
      assert.equal(await tab.locator('form[action$="/refund"]').count(), acts, role);
      await visitor.leave();
    }
    const stranger = await Visitor.arrive(browser, service, { also: [service.console], ...refused });
    const tab = await stranger.go(`${service.console}/login`);
    for (let tries = 0; tries < 6; tries += 1) {
      await tab.locator('input[name=name]').fill('operator');
      await tab.locator('input[name=password]').fill('a guess that is wrong');
      await tab.locator('form button').last().click();
      await tab.locator('[role=alert]').waitFor();
    }
    assert.match(await tab.locator('[role=alert]').innerText(), /分钟|秒|稍/, 'the sixth is told to wait');
    await stranger.leave();
  } finally {
    await service.stop();
  }
}

export async function every_page_of_the_console_is_accessible_in_both_lights_and_languages(browser) {
  const { service, deals } = await town();
  try {
    for (const colorScheme of ['light', 'dark']) {
      for (const lang of ['zh', 'en']) {
        const visitor = await Visitor.arrive(browser, service, { also: [service.console], colorScheme, viewport: { width: 360, height: 740 } });
        const door = await visitor.go(`${service.console}/login?lang=${lang}`);
        await fits(door);
        await accessible(door);
        const tab = await logIn(visitor, service, 'demo', service.password);
        await tab.goto(`${service.console}/?lang=${lang}`);
        await comes(tab, 'svg');
        const paths = ['/', '/deals', `/deals?q=SHOP`, ...Object.values(deals).map((order) => `/deals/${order}`), '/refunds', '/alarms', '/webhooks', '/bills', '/accounts', '/audit'];
        for (const path of paths) {
          const answer = await tab.goto(service.console + path);
          assert.equal(answer.status(), 200, path);
          assert.ok((await answer.body()).length < HEAVY, `${path} is heavy`);
          assert.equal(await tab.locator('html').getAttribute('lang'), lang === 'en' ? 'en' : 'zh-CN', path);
          for (const summary of await tab.locator('summary').all()) await summary.click();
          for (const viewport of [{ width: 360, height: 740 }, { width: 1280, height: 900 }]) {
            await tab.setViewportSize(viewport);
            await fits(tab);
            await accessible(tab);
          }
          // What WeChat has said is told in its own words.
          await tab.locator('main details').evaluateAll((all) => all.forEach((messages) => messages.remove()));
          const words = (await tab.locator('body').innerText()).replaceAll('中文', '').replaceAll('支付用户零钱', '');
          if (lang === 'en') assert.doesNotMatch(words, /[\u4e00-\u9fff]/, `${path} has Chinese left in it: ${words}`);
          const name = path === '/' ? 'today' : path.replace(/^\//, '').replace(/[?/].*/, (rest) => (rest.startsWith('?') ? '-search' : '-one'));
          await writeFile(join(process.env.SCREENSHOTS, `console-${name}-${lang}-${colorScheme}.png`), await tab.screenshot());
          await tab.setViewportSize({ width: 360, height: 740 });
        }
        await visitor.leave();
      }
    }
    const visitor = await Visitor.arrive(browser, service, { also: [service.console] });
    await logIn(visitor, service, 'demo', service.password);
    const bytes = await weight(visitor, `${service.console}/`);
    assert.ok(bytes > 500 && bytes < HEAVY, `today weighs ${bytes} bytes with all that belongs to it`);
    await visitor.leave();
  } finally {
    await service.stop();
  }
}
