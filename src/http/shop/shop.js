// Buying, as any front end does it: ask toPay, go to the page it names.
'use strict';

const zh = document.documentElement.lang.startsWith('zh');
const buttons = document.querySelectorAll('button[data-product]');
const said = document.getElementById('said');
// One key an attempt: pressed again after a lost answer, the same button gets the same order.
const keys = new Map();

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function say(chinese, english, bad) {
  said.textContent = zh ? chinese : english;
  said.className = bad ? 'bad' : '';
}

async function buy({ product, price }) {
  if (!keys.has(product)) keys.set(product, newKey());
  const response = await fetch('/wxPay/toPay', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': keys.get(product) },
    body: JSON.stringify({ merchant_id: 1, product_id: Number(product), price }),
  });
  const answer = await response.json();
  if (answer.code === 0) {
    location.assign(answer.pay_page);
    return;
  }
  // Whether the outcome is known: then the next attempt is another one.
  if (response.status < 500) keys.delete(product);
  say(`没有买成：${answer.msg}。请再试一次。`, `That did not work (${answer.reason}). Please try again.`, true);
  enable(true);
}

function enable(yes) {
  for (const button of buttons) button.disabled = !yes;
}

for (const button of buttons) {
  button.addEventListener('click', () => {
    enable(false);
    say('正在下单……', 'Opening the deal …', false);
    buy(button.dataset).catch(() => {
      say('服务没有应答，请再试一次。', 'The service does not answer. Please try again.', true);
      enable(true);
    });
  });
}

// A payer who comes back wants to see what has become of the deals, and to buy again.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
