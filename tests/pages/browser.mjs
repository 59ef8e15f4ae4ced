// Chromium, and tabs that notice whatever a page should not do.
import { chromium } from 'playwright-core';
import axe from 'axe-core';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import assert from 'node:assert/strict';

/** Nothing of it may phone home; the profile is a new one each time. */
const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, headless: false, args: FLAGS });

/** Runs in every page before its own script: when its state turned, and when a payment was answered. */
function witness() {
  window.violations = [];
  window.turned = {};
  document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
  const note = () => {
    const state = document.querySelector('main[data-state]')?.dataset.state;
    if (state && !(state in window.turned)) window.turned[state] = Date.now();
  };
  new MutationObserver(note).observe(document, { subtree: true, childList: true, attributeFilter: ['data-state'] });
  const { fetch } = window;
  window.fetch = async (...request) => {
    const response = await fetch(...request);
    if (/\/pay(\?|$)/.test(request[0])) window.paidAt = Date.now();
    return response;
  };
}

/** A visitor: a browser context whose tabs are watched. `forgive` says which complaints a story brings about itself. */
export class Visitor {
  constructor(context, hosts, forgive) {
    Object.assign(this, { context, hosts, forgive, complaints: [] });
  }

  static async arrive(browser, service, options = {}) {
    const { forgive = () => false, ...rest } = options;
    const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1100, height: 900 }, ...rest });
    await context.addInitScript(witness);
    const visitor = new Visitor(context, [service.shop, service.phone, ...(rest.also || [])], forgive);
    context.on('request', (request) => {
      // A link may lead to another of our hosts; what a page loads comes from its own.
      const at_home = request.isNavigationRequest() ? visitor.hosts : [new URL(request.frame().url()).origin];
      const url = request.url();
      if (!url.startsWith('data:') && !at_home.includes(new URL(url).origin)) visitor.complain(`a request to ${url}`);
    });
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) visitor.complain(`the console says: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => visitor.complain(`a script failed: ${error.error()}`));
    return visitor;
  }

  complain(text) {
    if (!this.forgive(text)) this.complaints.push(text);
  }

  async go(url) {
    const tab = await this.context.newPage();
    const answer = await tab.goto(url);
    assert.equal(answer.status(), 200, url);
    return tab;
  }

  /** Says goodbye, and complains about what was seen. */
  async leave() {
    for (const tab of this.context.pages()) {
      for (const violation of await tab.evaluate(() => window.violations || []).catch(() => [])) this.complain(`against the policy: ${violation}`);
    }
    await this.context.close();
    assert.deepEqual(this.complaints, []);
  }
}

/** Waits for what a page must come to show. */
export const comes = (tab, state, timeout = 15_000) => tab.waitForSelector(`main[data-state="${state}"]`, { timeout });

/** Reads the QR code out of a picture of the page. */
export async function readCode(tab) {
  const picture = PNG.sync.read(await tab.locator('#qr').screenshot());
  const code = jsQR(new Uint8ClampedArray(picture.data), picture.width, picture.height);
  assert.ok(code, 'no QR code can be read');
  return code.data;
}

/** Presses Tab until the wanted element has the focus. */
export async function tabTo(tab, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    await tab.keyboard.press('Tab');
    if (await tab.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  assert.fail(`${selector} cannot be reached with the keyboard`);
}

/** No page is to be scrolled sideways. */
export async function fits(tab) {
  const [wide, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= room, `${tab.url()} is ${wide} px wide on a screen of ${room} px`);
}

/** axe-core finds nothing that would keep a reader out. */
export async function accessible(tab) {
  await tab.evaluate(axe.source);
  const { violations } = await tab.evaluate(() => window.axe.run());
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`), [], tab.url());
}

/** Bytes of a page with everything that belongs to it, heads included. */
export async function weight(visitor, url) {
  const tab = await visitor.context.newPage();
  let bytes = 0;
  const counted = [];
  tab.on('requestfinished', (request) => {
    if (!['document', 'stylesheet', 'script', 'image', 'font'].includes(request.resourceType())) return;
    counted.push(request.sizes().then(({ responseBodySize, responseHeadersSize }) => { bytes += responseBodySize + responseHeadersSize; }));
  });
  await tab.goto(url, { waitUntil: 'load' });
  await tab.waitForTimeout(300);
  await Promise.all(counted);
  await tab.close();
  return bytes;
}
