const page = document.getElementById('cashier');
const status = document.getElementById('status');
const data = page.dataset;

// The server's clock, carried on by the page's own stopwatch: what the payer's clock says matters nowhere.
let ahead = 0;
let expires = 0;
const now = () => ahead + performance.now();
const setClock = () => {
  ahead = Number(data.now) - performance.now();
  expires = Number(data.expires);
};
setClock();

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
/** A call of ours, given up after ten seconds. */
const call = async (url, options) => {
  const limit = new AbortController();
  const patience = setTimeout(() => limit.abort(), 10000);
  try {
    const reply = await fetch(url, { cache: 'no-store', signal: limit.signal, ...options });
    if (!reply.ok) throw new Error(reply.status);
    return await reply.text();
  } finally {
    clearTimeout(patience);
  }
};
