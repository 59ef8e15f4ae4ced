(() => {
  'use strict';
  const page = document.getElementById('cashier');
  const status = document.getElementById('status');
  const left = document.getElementById('left');
  const order = page.dataset.order;
  const body = JSON.stringify({ order_id: order });

  // The server's clock, carried on by the page's own stopwatch: what the payer's clock says matters nowhere.
  let ahead = Number(page.dataset.now) - performance.now();
  let expires = Number(page.dataset.expires);
  const now = () => ahead + performance.now();

  const say = (word) => {
    const text = page.dataset['say' + word[0].toUpperCase() + word.slice(1)];
    if (status.textContent !== text) status.textContent = text;
    status.dataset.word = word;
  };
  const show = (state, word) => {
    page.dataset.state = state;
    say(word || state);
  };

  // Nothing more will be heard once this is true.
  let over = false;
  let stream = null;
  let next = 0;
  const finish = (state) => {
    over = true;
    if (stream) stream.close();
    clearTimeout(next);
    show(state);
    if (state === 'paid' && page.dataset.return) setTimeout(() => location.replace(page.dataset.return), 3000);
  };

  const take = (answer) => {
    if (over) return;
    const told = Date.parse(answer.server_time);
    // Its fraction of a second is cut off, so only a real difference counts: a page that slept, a clock that was set.
    if (Math.abs(told - now()) > 3000) ahead = told - performance.now();
    if (answer.expires_at) expires = Date.parse(answer.expires_at);
    switch (answer.trade_state) {
      case 'SUCCESS': return finish(answer.refunded ? 'refunded' : 'paid');
      case 'REFUND': return finish('refunded');
      case 'CLOSED': case 'REVOKED': return finish(now() >= expires ? 'expired' : 'closed');
      case 'USERPAYING': case 'ACCEPT': if (page.dataset.state === 'waiting') say('paying'); return;
      case 'PAYERROR': if (page.dataset.state === 'waiting') say('failed'); return;
      default: if (page.dataset.state === 'waiting') say('waiting');
    }
  };

  const two = (number) => String(number).padStart(2, '0');
  const tick = () => {
    if (over || page.dataset.state === 'trouble') return;
    const seconds = Math.max(0, Math.ceil((expires - now()) / 1000));
    const hours = Math.floor(seconds / 3600);
    left.textContent = (hours ? hours + ':' : '') + two(Math.floor(seconds / 60) % 60) + ':' + two(seconds % 60);
    // The code is worth nothing now; but the page listens on, for a payment of the last moment.
    if (seconds === 0 && page.dataset.state === 'waiting') show('expired');
    if (seconds > 0 && page.dataset.state === 'expired' && document.getElementById('qr')) show('waiting');
  };

  // Asking: the way when the stream is blocked, and now and then beside it. One question at a time, pauses that grow.
  let live = false;
  let asking = false;
  let misses = 0;
  let pause = 1000;
  const later = (time) => {
    clearTimeout(next);
    if (!over) next = setTimeout(ask, time);
  };
  const ask = async () => {
    if (over || asking) return;
    asking = true;
    const limit = new AbortController();
    const patience = setTimeout(() => limit.abort(), 10000);
    try {
      const reply = await fetch('../wxPay/queryOrder', {
        method: 'POST', headers: { 'content-type': 'application/json' }, body, cache: 'no-store', signal: limit.signal,
      });
      const answer = await reply.json();
      if (!reply.ok || answer.code !== 0) throw new Error(answer.reason);
      misses = 0;
      take(answer);
    } catch (error) {
      misses += 1;
      if (misses > 2 && !live && !over && page.dataset.state === 'waiting') say('offline');
    }
    clearTimeout(patience);
    asking = false;
    pause = Math.min(pause * 1.15, 15000);
    later(live ? 30000 : pause);
  };

  // Listening: one stream, which the browser opens again by itself unless it was refused.
  const listen = () => {
    if (over || !window.EventSource) return;
    stream = new EventSource('../wxPay/events?order_id=' + encodeURIComponent(order));
    stream.addEventListener('state', (event) => {
      if (!live) later(30000);
      live = true;
      misses = 0;
      pause = 1000;
      take(JSON.parse(event.data));
    });
    stream.onerror = () => {
      if (live) later(pause);
      live = false;
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 10000 + 10000 * Math.random());
    };
  };

  // Back on this page, back on the net: what was missed is asked for.
  const wake = () => {
    if (document.visibilityState === 'hidden') return;
    pause = 1000;
    ask();
  };

  if (['paid', 'refunded', 'closed'].includes(page.dataset.state)) return finish(page.dataset.state);
  if (page.dataset.state === 'trouble') setTimeout(() => location.reload(), Number(page.dataset.again) * 1000);
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
  tick();
  setInterval(tick, 500);
  listen();
  later(1500);
})();
