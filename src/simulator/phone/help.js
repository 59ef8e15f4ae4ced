// What the page's scripts share.
const zh = document.documentElement.lang.startsWith('zh');
export const say = (chinese, english) => (zh ? chinese : english);
export const colon = say('：', ': ');
export const $ = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function yuan(fen) {
  const amount = Math.abs(fen);
  return `${fen < 0 ? '−' : ''}${Math.floor(amount / 100).toLocaleString('en')}.${String(amount % 100).padStart(2, '0')}`;
}
export const clock = (at) => at.slice(11, 19);

/** A control call; a refusal is thrown with the simulator's word for it. */
export async function call(path, method = 'GET', body = undefined) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body) });
  const json = await response.json();
  if (!response.ok) throw Object.assign(new Error(json.error), { refused: true });
  return json;
}

const WHY_NOT = {
  ORDERPAID: say('该订单已支付', 'This order is paid.'),
  ORDERCLOSED: say('该订单已关闭', 'This order is closed.'),
  ORDERNOTEXIST: say('订单不存在', 'There is no such order.'),
  'the link has expired': say('二维码已过期', 'This code has expired.'),
  'the refund is decided': say('这笔退款已处理完', 'This refund is decided.'),
  REFUND_FEE_INVALID: say('超过可退金额', 'That is more than is left.'),
  NOTENOUGH: say('商户余额不足', 'The merchant’s balance is too low.'),
  TRADE_OVERDUE: say('付款已超过一年，不能退款', 'It was paid more than a year ago.'),
  INVALID_REQUEST: say('一个订单最多退款 50 次', 'Fifty refunds of an order are enough.'),
};

/** Why a control call failed, in words. A refusal of WeChat's begins with its code. */
export function explain(error) {
  if (!error.refused) return say('连接不上模拟器', 'The simulator does not answer.');
  return WHY_NOT[error.message] || WHY_NOT[error.message.split(':')[0]] || error.message;
}

// Merchants number their orders for themselves, so a number may be there twice.
export const whose = (known) => (known.sub_mch_id ? { mch_id: known.mch_id, sub_mch_id: known.sub_mch_id } : { mch_id: known.mch_id });
export const idOf = (known) => [known.mch_id, known.sub_mch_id, known.out_trade_no].join('/');
export const control = (known, what, more = {}) => `/_sim/orders/${encodeURIComponent(known.out_trade_no)}/${what}?${new URLSearchParams({ ...whose(known), ...more })}`;
export const payee = (known) => known.payee || (known.sub_mch_id
  ? say(`商户 ${known.sub_mch_id}（服务商 ${known.mch_id}）`, `merchant ${known.sub_mch_id} (by the provider ${known.mch_id})`)
  : say(`商户 ${known.mch_id}`, `merchant ${known.mch_id}`));

const shown = {};

/** Runs `draw` when what it draws has changed, so that focus and screen readers are left alone. */
export function whenChanged(name, what, draw) {
  const text = JSON.stringify(what);
  if (shown[name] === text) return;
  shown[name] = text;
  draw();
}
