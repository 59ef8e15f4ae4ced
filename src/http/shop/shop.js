// Buying, as any front end does it: ask toPay, go to the page it names.
'use strict';

const zh = document.documentElement.lang.startsWith('zh');
const buttons = document.querySelectorAll('button[data-product]');
const said = document.getElementById('said');
// One attempt a product, with its key: pressed again after a lost answer, the same button gets the same order.
const attempts = new Map();

function random(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function say(chinese, english, bad) {
  said.textContent = zh ? chinese : english;
  said.className = bad ? 'bad' : '';
}

async function buy({ product, price }) {
  // The shop's own number of the order, as a back end draws it.
  if (!attempts.has(product)) attempts.set(product, { key: random(16), reference: `SHOP-${random(4)}` });
  const { key, reference } = attempts.get(product);
  const description = document.getElementById(`product-${product}`).textContent;
  const response = await fetch('/wxPay/toPay', {
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
  if (response.status < 500) attempts.delete(product);
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
