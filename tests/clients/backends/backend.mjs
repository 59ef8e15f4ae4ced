// A merchant's back end in Node (18 or later), with its standard library and, to verify webhooks, `standardwebhooks` from npm.
// The price is the back end's own: no browser names it. Nor does a browser say what is paid: the back end is told, and asks
// about what it was not told of; it delivers once.
//
//   node backend.mjs open CART             opens a deal for a cart and prints the order's number; with PAY_URL, and
//                                          PAY_KEY=wpk_…  auth.mode api_key: calls toPay itself
//                                          PAY_SECRET=…   auth.mode signed: makes an offer that a page carries
//   node backend.mjs listen                takes webhooks, with PAY_WEBHOOK_SECRET and PAY_DELIVERED, a folder of its own
//   node backend.mjs deliver ORDER CART    asks, with PAY_URL, PAY_READ_KEY (of scope read) and PAY_DELIVERED
//   node backend.mjs vector                the signature of the full example in config/README.md

import { createHmac, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const { PAY_URL, PAY_KEY, PAY_SECRET, PAY_READ_KEY, PAY_WEBHOOK_SECRET, PAY_DELIVERED } = process.env;
const DEAL = { merchant_id: '12', product_id: '34', price: '19.90', description: '红茶 2 盒' };
const SIGNED = ['merchant_id', 'product_id', 'price', 'timestamp', 'nonce', 'description', 'reference', 'return_url',
  'cancel_url', 'trade_type', 'openid', 'account'];

function sign(secret, offer) {
  const text = ['v2', ...SIGNED.map((name) => offer[name] ?? '')].join('\n');
  return createHmac('sha256', secret).update(text).digest('hex');
}

// What the page gets, to post it as it is: values are texts, so that nothing rewrites 19.90 as 19.9.
function offer(deal) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const unsigned = { ...deal, version: 'v2', timestamp, nonce: randomBytes(16).toString('hex') };
  return { ...unsigned, signature: sign(PAY_SECRET, unsigned) };
}

async function call(name, body, key, headers = {}) {
  if (key) headers.Authorization = `Bearer ${key}`;
  headers['Content-Type'] = 'application/json';
  const answer = await fetch(`${PAY_URL}/wxPay/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const told = await answer.json();
  if (told.code !== 0) throw new Error(`${answer.status} ${told.reason} ${told.detail ?? ''}`);
  return told;
}

// A cart has one Idempotency-Key: a call whose answer was lost is repeated under it, and gives the same order.
async function open(cart) {
  const deal = { ...DEAL, reference: cart };
  const told = await call('toPay', PAY_KEY ? deal : offer(deal), PAY_KEY, { 'Idempotency-Key': cart });
  return told.order_id; // and told.code_url[0] is the link to draw as a QR code
}

// For carts of which nothing was heard within a minute, such as after an outage of the back end's own.
async function deliver(order, cart) {
  const told = await call('queryOrder', { order_id: order }, PAY_READ_KEY);
  if (told.trade_state !== 'SUCCESS') return told.trade_state;
  if (told.reference !== cart) throw new Error('this order is of another cart');
  return deliverOnce(order, cart, told.price);
}

async function deliverOnce(order, cart, price) {
  if (price !== DEAL.price) throw new Error("this is not the cart's price");
  try {
    // Only one of many can create it. A back end with a database has a unique column instead, in the transaction that delivers.
    await writeFile(`${PAY_DELIVERED}/${order}`, cart, { flag: 'wx' });
  } catch (error) {
    if (error.code === 'EEXIST') return 'delivered before';
    throw error;
  }
  return 'delivered';
}

async function takeWebhook(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  let told;
  try {
    told = new Webhook(PAY_WEBHOOK_SECRET).verify(Buffer.concat(parts), request.headers); // the signature is over the body as it came
  } catch (error) {
    if (error instanceof WebhookVerificationError) return 400;
    throw error;
  }
  const { deal } = told.data;
  if (told.type === 'deal.paid' && deal.reference) {
    console.log(deal.order_id, await deliverOnce(deal.order_id, deal.reference, deal.price));
  }
  return 204; // only now that it is delivered: otherwise it is told again
}

function listen() {
  const server = createServer(async (request, answer) => {
    const status = await takeWebhook(request).catch((error) => (console.error(error), 500));
    answer.writeHead(status).end();
  });
  server.listen(Number(process.env.PAY_PORT ?? 0), '127.0.0.1', () => console.log(`webhooks at http://127.0.0.1:${server.address().port}`));
}

const [command, ...names] = process.argv.slice(2);
if (command === 'vector') {
  const full = { ...DEAL, timestamp: '1795478400', nonce: '5f0c9a1e7b3d4826', reference: 'A-2026/11 #7',
    return_url: 'https://shop.example.com/paid?order={order_id}', cancel_url: 'https://shop.example.com/cart',
    trade_type: 'NATIVE', openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', account: 'shop2' };
  console.log(sign('0123456789abcdef0123456789abcdef', full));
} else if (command === 'listen') {
  listen();
} else {
  console.log(await (command === 'open' ? open : deliver)(...names));
}
