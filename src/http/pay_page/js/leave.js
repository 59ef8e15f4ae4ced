// Once it is paid: the receipt, and the way back to the shop, unless the payer stays.
let stays = false;
const stay = () => {
  stays = true;
  const leaving = document.getElementById('leaving');
  if (leaving) leaving.hidden = true;
};
const leave = async () => {
  for (let seconds = 5; seconds > 0; seconds -= 1) {
    const leaving = document.getElementById('leaving');
    if (stays || !leaving || !data.return) return;
    leaving.hidden = false;
    leaving.firstElementChild.textContent = data.sayLeaving.replace('{n}', seconds);
    await pause(1000);
  }
  if (!stays) location.replace(data.return);
};

// Nothing more will be heard once this is true.
let over = false;
let stream = null;
let next = 0;
const finish = async (state) => {
  over = true;
  if (stream) stream.close();
  clearTimeout(next);
  show(state);
  const isPaid = (word) => word === 'paid' || word === 'refunded';
  if (!isPaid(state)) return;
  if (!page.querySelector('.receipt')) {
    const known = await renewUntil(isPaid);
    if (known) show(known);
  }
  // In a frame it is the site around that goes on.
  if (data.state === 'paid' && !framed) leave();
};
window.addEventListener('beforeprint', stay);
