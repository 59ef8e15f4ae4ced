// Takes webhooks and judges them by Standard Webhooks' own library for JavaScript. Says a line of each:
//
//   deal.paid evt_… 1 20261127053935156215726822715127        type, id, number of signatures, order

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const [now, next] = [process.env.SECRET, process.env.NEXT_SECRET].map((secret) => new Webhook(secret));

function verifies(secret, body, headers) {
  try {
    return secret.verify(body, headers);
  } catch (error) {
    if (error instanceof WebhookVerificationError) return null;
    throw error;
  }
}

function judge(body, headers) {
  const told = verifies(now, body, headers);
  const signatures = headers['webhook-signature'].split(' ').length;
  assert(told, 'it is not signed with the secret');
  assert.equal(Boolean(verifies(next, body, headers)), signatures === 2, "the next secret's signature");
  assert(!verifies(now, body.replace('"', "'"), headers), 'another body passes');
  assert(!verifies(now, body, { ...headers, 'webhook-id': 'evt_0' }), 'another id passes');
  const later = String(Number(headers['webhook-timestamp']) + 1);
  assert(!verifies(now, body, { ...headers, 'webhook-timestamp': later }), 'another time passes');
  return `${told.type} ${headers['webhook-id']} ${signatures} ${told.data.deal.order_id}`;
}

const server = createServer(async (request, answer) => {
  request.setEncoding('utf8');
  let body = '';
  for await (const part of request) body += part;
  try {
    console.log(judge(body, request.headers));
    answer.writeHead(204).end();
  } catch (error) {
    console.log(`WRONG: ${error.message}`);
    answer.writeHead(400).end();
  }
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
