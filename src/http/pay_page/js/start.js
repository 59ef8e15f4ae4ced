const left = document.getElementById('left');
// There is no way to pay just now; there may be one soon.
const isStuck = (state) => ['trouble', 'taken'].includes(state);
const two = (number) => String(number).padStart(2, '0');
const tick = () => {
  if (over || isStuck(data.state)) return;
  const seconds = Math.max(0, Math.ceil((expires - now()) / 1000));
  const hours = Math.floor(seconds / 3600);
  left.textContent = (hours ? hours + ':' : '') + two(Math.floor(seconds / 60) % 60) + ':' + two(seconds % 60);
  // A time that is long is nothing to hurry a payer with.
  page.toggleAttribute('data-hurry', seconds <= 600);
  if (seconds === 0 && waits()) overdue();
  if (seconds > 0 && data.state === 'expired' && page.querySelector('[data-part=way]').childElementCount) show('waiting', rest);
  refresh();
};
// The code is worth nothing now; but the page listens on, for a payment of the last moment. Where the server has a fresh one,
// that comes in its place.
const overdue = async () => {
  show('expired');
  if (await renew() === 'waiting' && !over && now() < expires) show('waiting', rest);
};
const retry = async () => {
  const state = await renew();
  if (over) return;
  if (state && !isStuck(state)) return start(state);
  setTimeout(retry, Number(data.again) * 1000);
};

const start = (state) => {
  if (['paid', 'refunded', 'closed'].includes(state)) return finish(state);
  if (isStuck(state)) setTimeout(retry, Number(data.again) * 1000);
  if (state === 'waiting' && page.querySelector('.h5') && (data.back || hasGone())) {
    show(state);
    return wentOut();
  }
  show(state);
};

// Back on this page, back on the net: what was missed is asked for.
const wake = () => { if (document.visibilityState !== 'hidden') askSoon(); };
document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
window.addEventListener('offline', () => { if (waits()) say('offline'); });
window.addEventListener('pageshow', (event) => { if (event.persisted) wake(); });
page.toggleAttribute('data-live', true);
start(data.state);
if (!over) {
  tick();
  setInterval(tick, 500);
  listen();
  later(1500);
}
