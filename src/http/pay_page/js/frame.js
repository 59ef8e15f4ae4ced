// In a frame, where the operator allows that: the site around is told how it stands. That proves nothing to it.
const framed = window.parent !== window;
const parents = data.parents ? data.parents.split(' ') : [];
const isParent = (origin) => parents.some((allowed) => allowed === origin
  || (allowed.endsWith(':*') && origin.startsWith(allowed.slice(0, -1)) && /^\d+$/.test(origin.slice(allowed.length - 1))));
// Firefox knows its ancestors only as the page's referrer, and not behind a link within the frame.
const around = () => {
  if (!framed) return [];
  const referrer = document.referrer ? new URL(document.referrer).origin : '';
  const origin = location.ancestorOrigins ? location.ancestorOrigins[0] : referrer;
  return isParent(origin) ? [origin] : parents.filter((allowed) => !allowed.endsWith('*'));
};
const post = (state) => {
  const message = { source: 'wechat-pay', order_id: data.order, state };
  for (const origin of around()) window.parent.postMessage(message, origin);
};

const TOLD = { waiting: 'waiting', trouble: 'waiting', taken: 'waiting', paid: 'paid', refunded: 'paid', expired: 'expired', closed: 'closed' };
let told = '';
const tell = (state) => {
  if (told !== TOLD[state]) post(told = TOLD[state]);
};
if (framed) {
  page.toggleAttribute('data-framed', true);
  post('hello');
}
