// The page asks for itself anew, and takes over what the server would show now: a fresh code, a receipt.
let renewing = false;
/** The state that the server gave it; nothing when it gave none. */
const renew = async () => {
  if (renewing) return '';
  renewing = true;
  try {
    const text = await call('');
    const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById('cashier');
    // What is shown is better than nothing.
    if (fresh.dataset.state === 'trouble' && waits()) return 'trouble';
    for (const part of fresh.querySelectorAll('[data-part]')) {
      page.querySelector('[data-part=' + part.dataset.part + ']').replaceWith(document.adoptNode(part));
    }
    for (const name of ['order', 'now', 'expires', 'return']) data[name] = fresh.dataset[name];
    setClock();
    return fresh.dataset.state;
  } catch (error) {
    return '';
  } finally {
    renewing = false;
  }
};
/** Until the server's state is this, a few times. */
const renewUntil = async (isRight) => {
  for (let tries = 0; tries < 5; tries += 1) {
    const state = await renew();
    if (isRight(state)) return state;
    await pause(1000 * (tries + 1));
  }
  return '';
};
