// Buying, as any front end does it: ask toPay, or checkout for a link that every device can pay, and go to the page it names.
'use strict';

const zh = document.documentElement.lang.startsWith('zh');
const buttons = document.querySelectorAll('button[data-product], button[data-checkout]');
const said = document.getElementById('said');
// One attempt a button, with its key: pressed again after a lost answer, the same button gets the same order.
const attempts = new Map();

function random(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function say(chinese, english, bad) {
  said.textContent = zh ? chinese : english;
  said.className = bad ? 'bad' : '';
}

async function buy(button) {
  const { price, checkout } = button.dataset;
  const product = checkout || button.dataset.product;
  // The shop's own number of the order, as a back end draws it.
  if (!attempts.has(button)) attempts.set(button, { key: random(16), reference: `SHOP-${random(4)}` });
  const { key, reference } = attempts.get(button);
  const description = document.getElementById(`product-${product}`).textContent;
  const response = await fetch(checkout ? '/wxPay/checkout' : '/wxPay/toPay', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ merchant_id: 1, product_id: Number(product), price, description, reference }),
  });
  const answer = await response.json();
  if (answer.code === 0) {
    location.assign(answer.pay_page);
    return;
  }
  // Whether the outcome is known: then the next attempt is another one.
  if (response.status < 500) attempts.delete(button);
  say(`下单失败：${answer.msg}，请重试。`, `That did not work (${answer.reason}). Please try again.`, true);
  enable(true);
}

function enable(yes) {
  for (const button of buttons) button.disabled = !yes;
}

for (const button of buttons) {
  button.addEventListener('click', () => {
    enable(false);
    say('正在下单……', 'Opening the deal …', false);
    buy(button).catch(() => {
      say('连接不上服务，请稍后重试。', 'The service does not answer. Please try again.', true);
      enable(true);
    });
  });
}

// The list moves by itself: one question at a time, none while nobody looks, and fewer while the service is away.
const PAUSE = 2000;
const LONGEST = 30000;
const list = document.getElementById('deals');
let pause = PAUSE;
let timer;
let asking = false;

/** Shows the list, which the service has escaped, unless it is shown already; the reader's place in it stays. */
function show(rows) {
  if (list.shown === rows) return;
  list.shown = rows;
  const focused = list.contains(document.activeElement) && document.activeElement.getAttribute('href');
  list.innerHTML = rows;
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

async function refresh() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  try {
    const response = await fetch(`/shop/deals?lang=${document.documentElement.lang}`, { signal: AbortSignal.timeout(10000) });
    if (!response.ok) throw new Error(response.status);
    show(await response.text());
    pause = PAUSE;
  } catch {
    pause = Math.min(2 * pause, LONGEST);
  }
  asking = false;
  timer = setTimeout(refresh, pause);
}
document.addEventListener('visibilitychange', refresh);
timer = setTimeout(refresh, PAUSE);

// A payer who comes back wants to buy again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  say('', '', false);
  enable(true);
  refresh();
});
