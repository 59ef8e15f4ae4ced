const [asked, name, number] = data.checkout ? ['queryCheckout', 'checkout_id', data.checkout] : ['queryOrder', 'order_id', data.order];
const body = JSON.stringify({ [name]: number });
const take = (answer) => {
  if (over) return;
  const time = Date.parse(answer.server_time);
  // Its fraction of a second is cut off: a page that is before it is behind, by as long as it took to come, and of one that is behind it
  // only a real difference counts (a clock that was set).
  if (time > now() || now() - time > 3000) ahead = time - performance.now();
  if (answer.expires_at) expires = Date.parse(answer.expires_at);
  switch (answer.trade_state) {
    case 'SUCCESS': finish(answer.refunded ? 'refunded' : 'paid'); return;
    case 'REFUND': finish('refunded'); return;
    case 'CLOSED': case 'REVOKED': finish(now() >= expires ? 'expired' : 'closed'); return;
    case 'USERPAYING': case 'ACCEPT': if (waits()) say('paying'); return;
    case 'PAYERROR': if (waits()) say('failed'); return;
    default: if (waits()) say(rest);
  }
};

// Asking: the way when the stream is blocked, and now and then beside it. One question at a time, pauses that grow.
let live = false;
let asking = false;
let misses = 0;
let wait = 1000;
const later = (time) => {
  clearTimeout(next);
  if (!over) next = setTimeout(ask, time);
};
const ask = async () => {
  if (over || asking) return;
  asking = true;
  try {
    const answer = JSON.parse(await call('../wxPay/' + asked, { method: 'POST', headers: { 'content-type': 'application/json' }, body }));
    if (answer.code !== 0) throw new Error(answer.reason);
    misses = 0;
    take(answer);
  } catch (error) {
    misses += 1;
    if (misses > 2 && !live && waits()) say('offline');
  }
  asking = false;
  wait = Math.min(wait * 1.15, 15000);
  later(live ? 30000 : wait);
};
const askSoon = () => {
  wait = 1000;
  ask();
};

// Listening: one stream, which the browser opens again by itself unless it was refused.
const listen = () => {
  if (over || !window.EventSource) return;
  stream = new EventSource('../wxPay/events?' + name + '=' + encodeURIComponent(number));
  stream.addEventListener('state', (event) => {
    if (!live) later(30000);
    live = true;
    misses = 0;
    wait = 1000;
    take(JSON.parse(event.data));
  });
  stream.onerror = () => {
    if (live) later(wait);
    live = false;
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 10000 + 10000 * Math.random());
  };
};
