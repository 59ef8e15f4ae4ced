// WechatPay.open({ page, order | checkout, mode, lang, onPaid, onClosed }): lets a payer pay, from a page of any origin.
//
//   page      toPay's pay_page; an address without a host is this script's.
//   order     toPay's order_id; or checkout: the checkout_id.
//   mode      'modal': in a dialog. 'redirect': leads to the page. 'auto', the default: in a dialog at a desk, else leads there.
//   lang      'zh' or 'en'; without it, the language of the document.
//   onPaid    called once with queryOrder's answer and { order_id, confirmed }. confirmed is false where this origin may not
//             ask the service (server.cors_origins), and only the payer's page has said so.
//   onClosed  called once with 'cancel' (the payer gave up), 'expired' or 'closed', if it was not paid.
//
// Returns a promise of { state: 'paid' | 'cancel' | 'expired' | 'closed', result }, with close(), which takes the dialog away.
// What a browser says proves nothing: deliver when your back end was told by the service's webhook, or has asked it.
(() => {
  'use strict';
  const HELLO_WITHIN = 3000;
  const PAID_IS_SHOWN = 3000;
  const home = document.currentScript ? document.currentScript.src : location.href;

  const STYLE = `
    dialog { box-sizing: border-box; width: min(30rem, 100vw); height: min(50rem, 100vh); height: min(50rem, 100dvh);
      max-width: none; max-height: none; margin: auto; padding: 0; border: 0; border-radius: 12px; overflow: hidden;
      background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
    dialog[open] { display: grid; grid-template: auto 1fr / 1fr; }
    dialog::backdrop { background: rgb(0 0 0 / .55); }
    button { justify-self: end; width: 2.75rem; height: 2.75rem; border: 0; background: none; color: inherit; font-size: 1.5rem;
      line-height: 1; cursor: pointer; }
    button:focus-visible { outline: 3px solid #07c160; outline-offset: -4px; border-radius: 12px; }
    iframe, p { grid-area: 2 / 1; width: 100%; height: 100%; border: 0; margin: 0; }
    p { display: grid; place-content: center; }
    @media (max-width: 30rem) { dialog { border-radius: 0; } }`;

  const element = (name, properties) => Object.assign(document.createElement(name), properties);

  /** The dialog, in a shadow of its own: the style of the page around it does not reach in. */
  function show(address, chinese, dismiss) {
    const host = element('div');
    const shadow = host.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [style];
    const title = chinese ? '微信支付' : 'WeChat Pay';
    const dialog = element('dialog', { lang: chinese ? 'zh-CN' : 'en' });
    dialog.setAttribute('aria-label', title);
    const frame = element('iframe', { title, referrerPolicy: 'origin', src: address });
    const button = element('button', { type: 'button', textContent: '×', onclick: dismiss, autofocus: true });
    button.setAttribute('aria-label', chinese ? '关闭' : 'Close');
    const opening = element('p', { textContent: chinese ? '正在打开收银台…' : 'Opening the checkout…' });
    opening.setAttribute('role', 'status');
    dialog.append(button, opening, frame);
    // Esc.
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); dismiss(); });
    // A browser that insists on closing it: the payer pressed Esc twice.
    dialog.addEventListener('close', dismiss);
    shadow.append(dialog);
    document.body.append(host);
    dialog.showModal();
    // Whoever has clicked into the page may be about to print the receipt.
    return { frame, isRead: () => shadow.activeElement === frame, remove: () => { dialog.removeEventListener('close', dismiss); dialog.close(); host.remove(); } };
  }

  /** A phone cannot scan its own screen: there the page itself knows what to do. WeChat on a desk is a desk. */
  const isPhone = () => /Mobile|Android|iPhone|MicroMessenger/.test(navigator.userAgent) && !/WindowsWechat|MacWechat/.test(navigator.userAgent);

  function open({ page, order, checkout, mode = 'auto', lang, onPaid, onClosed }) {
    const address = new URL(page, home);
    if (!/^https?:$/.test(address.protocol) || !(order || checkout)) throw new TypeError('WechatPay.open: page and order (or checkout) are wanted');
    const chinese = /^zh/i.test(lang || document.documentElement.lang || navigator.language);
    address.searchParams.set('lang', chinese ? 'zh' : 'en');
    const call = new URL(checkout ? '../wxPay/queryCheckout' : '../wxPay/queryOrder', address);
    const body = JSON.stringify(checkout ? { checkout_id: checkout } : { order_id: order });
    let shown = null;
    let told = 'cancel';
    let over = false;
    let next = 0;
    let pause = 2000;
    let tellEnd;
    const paying = new Promise((resolve) => { tellEnd = resolve; });

    /** Whether it is paid, in the service's own words; null where it cannot be asked. */
    const ask = async () => {
      try {
        const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body, cache: 'no-store', signal: AbortSignal.timeout(10000) };
        const reply = await fetch(call, asked);
        const answer = await reply.json();
        if (answer.code !== 0) return null;
        if (['SUCCESS', 'REFUND'].includes(answer.trade_state)) end('paid', { order_id: order, ...answer, confirmed: true });
        return answer;
      } catch { return null; }
    };
    const end = (state, result) => {
      if (over) return;
      over = true;
      clearTimeout(next);
      if (state === 'paid') setTimeout(() => { if (!shown?.isRead()) leave(); }, PAID_IS_SHOWN);
      else leave();
      tellEnd({ state, result });
      if (state === 'paid') onPaid?.(result);
      else onClosed?.(state);
    };
    const leave = () => {
      removeEventListener('message', hear);
      document.removeEventListener('visibilitychange', wake);
      shown?.remove();
      shown = null;
    };
    /** The payer has had enough; perhaps the payment was quicker. */
    const dismiss = async () => {
      leave();
      if (over) return;
      await ask();
      end(told);
    };
    const later = () => { next = setTimeout(poll, pause); pause = Math.min(pause * 1.3, 15000); };
    const poll = async () => { await ask(); if (!over && shown) later(); };
    const wake = () => { if (!document.hidden && !over) ask(); };

    let greeted = 0;
    /** What the payer's page says is a hint; the service is asked before anything is believed. */
    const hear = async ({ source, origin, data }) => {
      if (!shown || source !== shown.frame.contentWindow || origin !== address.origin || data?.source !== 'wechat-pay') return;
      clearTimeout(greeted);
      if (data.state === 'paid' && !(await ask())) end('paid', { order_id: data.order_id || order, confirmed: false });
      if (['expired', 'closed'].includes(data.state)) told = data.state;
      if (data.state === 'waiting') told = 'cancel';
      if (data.state === 'cancel') dismiss();
    };
    const lead = () => {
      // Back from the page by the browser's own button.
      addEventListener('pageshow', (event) => { if (event.persisted) dismiss(); }, { once: true });
      location.assign(address);
    };

    paying.close = dismiss;
    if (mode === 'redirect' || (mode === 'auto' && isPhone())) {
      lead();
      return paying;
    }
    addEventListener('message', hear);
    document.addEventListener('visibilitychange', wake);
    shown = show(address, chinese, dismiss);
    // It may not be framed here (page.frame_ancestors), or cannot be reached.
    greeted = setTimeout(lead, HELLO_WITHIN);
    later();
    return paying;
  }

  window.WechatPay = Object.freeze({ open });
})();
