// A merchant's back end in Node (18 or later), with nothing but its standard library. The price is the back end's own: no
// browser names it. Prints the number of the order that it opened.
//
//   PAY_URL=http://127.0.0.1:8360 PAY_KEY=wpk_… node backend.mjs       auth.mode api_key: calls toPay itself
//   PAY_URL=http://127.0.0.1:8360 PAY_SECRET=…  node backend.mjs       auth.mode signed: makes an offer that a page carries
//   node backend.mjs vector                                            the signature of the example in config/README.md

import { createHmac, randomBytes, randomUUID } from 'node:crypto';

function sign(secret, merchantId, productId, price, timestamp, nonce) {
  const text = ['v1', merchantId, productId, price, timestamp, nonce].join('\n');
  return createHmac('sha256', secret).update(text).digest('hex');
}

// What the page gets, to post it as it is: values are texts, so that nothing rewrites 19.90 as 19.9.
function offer(secret, merchantId, productId, price) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomBytes(16).toString('hex');
  const signature = sign(secret, merchantId, productId, price, timestamp, nonce);
  return { merchant_id: merchantId, product_id: productId, price, timestamp, nonce, signature };
}

// The same attempt (a cart, say) has the same Idempotency-Key: a call whose answer was lost is repeated under it.
async function toPay(body, attempt, key) {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': attempt };
  if (key) headers.Authorization = `Bearer ${key}`;
  const answer = await fetch(`${process.env.PAY_URL}/wxPay/toPay`, { method: 'POST', headers, body: JSON.stringify(body) });
  const told = await answer.json();
  if (told.code !== 0) throw new Error(`${answer.status} ${told.reason} ${told.detail ?? ''}`);
  return told; // code_url[0] is the link to draw as a QR code
}

if (process.argv[2] === 'vector') {
  console.log(sign('0123456789abcdef0123456789abcdef', '12', '34', '19.90', '1795478400', '5f0c9a1e7b3d4826'));
} else {
  const { PAY_KEY, PAY_SECRET } = process.env;
  const body = PAY_KEY ? { merchant_id: '12', product_id: '34', price: '19.90' } : offer(PAY_SECRET, '12', '34', '19.90');
  console.log((await toPay(body, randomUUID(), PAY_KEY)).order_id);
}
