// Gives an ordinary browser what pages find in WeChat's own: window.WeixinJSBridge, and a sheet to pay on.
// Without a click it answers where window.SIM_BRIDGE, or sim_bridge in this script's address, is ok, cancel or fail.
(() => {
  if (window.WeixinJSBridge) return;
  const source = new URL(document.currentScript.src);
  const payer = Number('{{payer}}');
  const unasked = () => window.SIM_BRIDGE || source.searchParams.get('sim_bridge');
  const zh = () => !document.documentElement.lang || document.documentElement.lang.startsWith('zh');
  const say = (chinese, english) => (zh() ? chinese : english);

  const STYLE = `
    dialog { box-sizing: border-box; width: min(24rem, calc(100vw - 2rem)); padding: 1.25rem; border: 0; border-radius: 12px;
      background: #fff; color: #16191d; font: 1rem/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; text-align: center; }
    dialog::backdrop { background: rgb(0 0 0 / .55); }
    p { margin: 0 0 .6rem; overflow-wrap: anywhere; }
    .ribbon { padding: .2rem .75rem; border: 1px solid #8a5300; border-radius: 8px; color: #8a5300; font-size: .85rem; }
    .amount { font-size: 2.4rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; }
    .goods { color: #565f6b; font-size: .9rem; }
    button { display: block; width: 100%; min-height: 2.75rem; margin-top: .6rem; border: 1px solid #dfe3e8; border-radius: 8px;
      background: none; color: inherit; font: inherit; cursor: pointer; }
    button.pay { background: #067a3f; border-color: #067a3f; color: #fff; font-weight: 600; }
    button:focus-visible { outline: 3px solid #07c160; outline-offset: 2px; }
    @media (prefers-color-scheme: dark) {
      dialog { background: #1b2026; color: #eceff2; }
      .ribbon { border-color: #ffc46b; color: #ffc46b; }
      .goods { color: #a9b2bd; }
      button { border-color: #333b44; }
    }`;

  async function ask(choice, parameters) {
    const response = await fetch(new URL('invoke', source), { method: 'POST', body: JSON.stringify({ choice, payer, parameters }) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  }

  function element(tag, className, textContent) {
    return Object.assign(document.createElement(tag), { className, textContent });
  }

  /** Shows the sheet until the payer has chosen: pay, cancel or fail. */
  function chosen(sheet) {
    const host = document.createElement('div');
    const root = host.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-label', say('微信支付（模拟）', 'WeChat Pay (simulated)'));
    dialog.append(
      element('p', 'ribbon', say('模拟环境，不会扣款', 'Simulated: no money moves')),
      element('p', '', sheet.payee || say(`商户 ${sheet.mch_id}`, `Merchant ${sheet.mch_id}`)),
      element('p', 'amount', `¥${Math.floor(sheet.total_fee / 100).toLocaleString('en')}.${String(sheet.total_fee % 100).padStart(2, '0')}`),
      element('p', 'goods', sheet.body),
    );
    root.append(dialog);
    document.body.append(host);
    return new Promise((resolve) => {
      const end = (choice) => { host.remove(); resolve(choice); };
      for (const [choice, text] of [['pay', say('支付', 'Pay')], ['cancel', say('取消', 'Cancel')], ['fail', say('失败：银行拒绝', 'Fail: the bank refuses')]]) {
        const button = element('button', choice, text);
        button.addEventListener('click', () => end(choice));
        dialog.append(button);
      }
      dialog.addEventListener('cancel', (event) => { event.preventDefault(); end('cancel'); });
      dialog.showModal();
    });
  }

  const CHOICES = { ok: 'pay', cancel: 'cancel', fail: 'fail' };

  async function request(parameters) {
    const answer = await ask('look', parameters);
    if (!answer.sheet) return answer;
    return ask(CHOICES[unasked()] || await chosen(answer.sheet), parameters);
  }

  window.WeixinJSBridge = {
    invoke(name, parameters, callback = () => {}) {
      if (name !== 'getBrandWCPayRequest') {
        callback({ err_msg: 'system:function_not_exist' });
        return;
      }
      request(parameters).catch((error) => ({ err_msg: 'get_brand_wcpay_request:fail', err_desc: String(error) })).then(callback);
    },
    on() {},
    call() {},
  };

  // After the page's own scripts, which may wait for it.
  const ready = () => document.dispatchEvent(new Event('WeixinJSBridgeReady'));
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => setTimeout(ready));
  else setTimeout(ready);
})();
