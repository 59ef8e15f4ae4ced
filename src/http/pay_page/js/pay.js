/** The payer says that it is paid, or WeChat does on the phone. The server is asked; its word alone counts. */
const confirm = () => {
  restAt('confirming');
  askSoon();
  setTimeout(() => { if (rest === 'confirming') restAt('unconfirmed'); }, 20000);
};

// Inside WeChat: its own sheet to pay in.
const bridge = () => new Promise((resolve) => {
  if (window.WeixinJSBridge) return resolve(window.WeixinJSBridge);
  document.addEventListener('WeixinJSBridgeReady', () => resolve(window.WeixinJSBridge), { once: true });
  setTimeout(resolve, 3000);
});
const pay = async (button) => {
  button.disabled = true;
  restAt('waiting');
  const found = await bridge();
  if (!found) {
    button.disabled = false;
    return restAt('no_bridge');
  }
  found.invoke('getBrandWCPayRequest', JSON.parse(button.dataset.pay), (result) => {
    button.disabled = false;
    const [, end, why] = /^get_brand_wcpay_request:\s*(ok|cancel)?(?:fail)?[\s_:]*(.*)$/s.exec(result.err_msg) || [];
    if (end === 'ok') return confirm();
    if (end === 'cancel') return restAt('cancelled');
    // WeChat's own words help the merchant; that the prepay is over is one that a fresh one heals.
    const reason = result.err_desc || (why === undefined ? result.err_msg : why);
    document.getElementById('reason').textContent = reason;
    restAt('failed');
    if (/total_fee/.test(reason)) renew();
  });
};

// In a phone's browser: WeChat is opened by its page, and the payer comes back to this one in whatever way.
const went = 'wechat-pay:' + data.order;
const wentOut = () => {
  data.back = 'h5';
  restAt('back');
};
const go = () => {
  try { sessionStorage.setItem(went, '1'); } catch (error) { /* Without storage the question is asked on this very page only. */ }
  setTimeout(wentOut, 1500);
};
const hasGone = () => {
  try { return Boolean(sessionStorage.getItem(went)); } catch (error) { return false; }
};
/** Its link is good for some minutes only. */
let refreshed = 0;
const refresh = () => {
  const link = page.querySelector('[data-fresh]');
  const isStale = link && waits() && now() >= Number(link.dataset.fresh);
  if (!isStale || performance.now() - refreshed < 5000) return;
  refreshed = performance.now();
  renew();
};
