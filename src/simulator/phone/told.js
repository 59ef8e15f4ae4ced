// Messages in words: who said what to whom, and how the story ended.
import { clock, colon, element, say, yuan } from './help.js';

export const STATES = {
  NOTPAY: say('待付款', 'waiting'), USERPAYING: say('支付中', 'paying'), SUCCESS: say('已支付', 'paid'),
  PAYERROR: say('支付失败', 'bank refused'), CLOSED: say('已关闭', 'closed'), REFUND: say('有退款', 'with a refund'),
};

export const REFUNDS = {
  PROCESSING: say('退款处理中', 'on its way'), SUCCESS: say('退款到账', 'has arrived'),
  REFUNDCLOSE: say('退款关闭', 'given up by WeChat'), CHANGE: say('银行退回', 'refused by the bank'),
};
const WHO = { staff: say('商户员工', 'merchant’s staff'), self: say('微信', 'WeChat'), service: say('服务 → 微信', 'service → WeChat'), wechat: say('微信 → 服务', 'WeChat → service'), payer: say('付款人', 'payer') };
const WHAT = {
  unifiedorder: say('统一下单', 'asks for a link'), orderquery: say('查询订单', 'asks how it stands'), closeorder: say('关闭订单', 'closes the order'),
  pay: say('完成支付', 'The payer pays'), fail: say('银行拒付', 'The bank refuses'), 'enter-password': say('扫码，输入密码', 'The payer scans and enters the password'),
  'walk-away': say('取消支付', 'The payer walks away'), refund: say('申请退款', 'asks for a refund'), refundquery: say('查询退款', 'asks how the refund stands'),
  'refund-by-hand': say('在商户平台手工退款', 'gives back by hand'),
};
const MISHAP = {
  drop_reply: say('响应丢失', 'the reply was lost'), reset: say('连接断开', 'the connection broke'), html: say('返回了网页', 'answered with a web page'),
  system_error: 'SYSTEMERROR', forged: say('伪造签名', 'forged signature'), wrong_amount: say('金额不一致', 'wrong amount'), twice: say('重复发送', 'sent twice'),
  signed_by: say('其他商户的签名', 'signed by another merchant'), foreign: say('密钥不对', 'of another key'),
  truncated: say('内容不完整', 'cut off'), random: say('乱码', 'noise'),
};

/** Who, what, how it ended, and whether that is good (1), bad (-1) or neither. */
function tell(message) {
  const { what, says, fault } = message;
  if (what.endsWith('notification')) {
    const name = what === 'notification' ? say('支付通知', 'Notification') : say('退款通知', 'Refund notification');
    // A refund's has no signature that could be forged.
    const mishap = what === 'refund-notification' && fault === 'forged' ? say('内容被篡改', 'forged') : MISHAP[fault];
    const kind = mishap ? `${name} (${mishap})` : name;
    if (message.acknowledged) return [WHO.wechat, kind, say('服务已确认', 'acknowledged'), 1];
    const again = message.next_at ? say(`，${clock(message.next_at)} 发送`, `, next at ${clock(message.next_at)}`) : '';
    if (fault === 'lost' && !message.request) return [WHO.wechat, kind, say('没有送达', 'was lost'), -1];
    if (fault === 'late' && !message.request) return [WHO.wechat, kind, say('延迟', 'is late') + again, -1];
    const answer = message.status ? say(`服务没有确认：HTTP ${message.status}`, `not acknowledged: HTTP ${message.status}`) : say('服务没有响应', 'no answer');
    return [WHO.wechat, kind, answer + again, -1];
  }
  if (what === 'restart') return [WHO.self, say('模拟器重启，之前的记录没有保留', 'The simulator was restarted; what was said before is not kept'), '', 0];
  if (what === 'refund-decided') return [WHO.self, say('退款结果', 'The refund is decided'), REFUNDS[says], says === 'SUCCESS' ? 1 : -1];
  if (what === 'refund-by-hand') return [WHO.staff, WHAT[what], '', 0];
  if (['unifiedorder', 'orderquery', 'closeorder', 'refund', 'refundquery'].includes(what)) {
    // A refund that was accepted has WeChat's number.
    const isAccepted = what === 'refund' && /^\d+$/.test(says);
    if (!fault) return [WHO.service, WHAT[what], isAccepted ? say(`已受理 ${says}`, `accepted as ${says}`) : says, says === 'SUCCESS' || isAccepted ? 1 : 0];
    const done = message.carried_out ? say('，但微信已处理', ', yet WeChat did it') : say('，微信没有处理', ', and WeChat did nothing');
    return [WHO.service, WHAT[what], MISHAP[fault] + done, -1];
  }
  const late = fault === 'pay_at_close' ? say('，恰好在关单时', ' in the moment of the close') : '';
  return [WHO.payer, WHAT[what] + late, '', what === 'pay' ? 1 : 0];
}

function exact(message) {
  const request = message.what.endsWith('notification') ? say('通知', 'notification') : say('请求', 'request');
  const answer = message.fault === 'drop_reply' ? say('响应（没有送达）', 'reply (lost)') : say('响应', 'reply');
  return [[request, message.request], [answer, message.answer]].filter(([, text]) => text).flatMap(([name, text]) => [
    element('div', { className: 'muted', textContent: name }), element('pre', { textContent: text }),
  ]);
}

export function entry(message) {
  const [who, what, says, mood] = tell(message);
  const event = element('div', { className: 'event' }, element('div', { className: 'who', textContent: who }), element('span', { textContent: what }));
  if (says) event.append(colon, element('span', { className: 'says', textContent: says }));
  if (message.times > 1) event.append(' ', element('span', { className: 'muted', textContent: `×${message.times}` }));
  const texts = exact(message);
  if (texts.length) event.append(element('details', {}, element('summary', { textContent: 'XML' }), ...texts));
  return element('li', { className: ['bad', '', 'good'][mood + 1] }, element('time', { className: 'number', dateTime: message.at, textContent: clock(message.at) }), event);
}

/** The end of a story in which money goes back. */
function givenBack(known, refunds) {
  const sum = (state) => refunds.filter(({ refund_status: status }) => status === state).reduce((fen, { refund_fee: fee }) => fen + fee, 0);
  const [back, underWay, refused] = ['SUCCESS', 'PROCESSING', 'CHANGE'].map(sum);
  if (refused) return [say(`已支付；¥${yuan(refused)} 被银行退回，要由商户另行付给付款人。`, `Paid; the bank refused ¥${yuan(refused)}, which the merchant must pay out in another way.`), 'bad'];
  if (underWay) return [say(`已支付；¥${yuan(underWay)} 正在退回。`, `Paid; ¥${yuan(underWay)} is on its way back.`), ''];
  if (!back) return [say('已支付；退款关闭，款项没有退回。', 'Paid; WeChat gave the refund up, and nothing went back.'), 'bad'];
  if (back < known.total_fee) return [say(`已支付，其中 ¥${yuan(back)} 已退回。`, `Paid, and ¥${yuan(back)} of it went back.`), 'good'];
  return [say('已支付，已全额退回。', 'Paid, and all of it went back.'), 'good'];
}

/** The whole story in one sentence, and whether it is a good one. */
export function verdict(known, messages, refunds) {
  if (known.trade_state === 'REFUND') return givenBack(known, refunds);
  if (known.trade_state === 'SUCCESS') {
    const paid = messages.findIndex(({ what }) => what === 'pay');
    const after = messages.slice(paid + 1);
    const told = after.findIndex(({ acknowledged }) => acknowledged);
    const found = after.findIndex(({ what, says, fault }) => what === 'orderquery' && says === 'SUCCESS' && !fault);
    const lost = after.some(({ what, acknowledged }) => what === 'notification' && !acknowledged);
    if (found >= 0 && (told < 0 || found < told)) {
      return lost ? [say('通知没有送达，服务主动查询，确认了付款。', 'The notification did not get through; the service found the payment by asking.'), 'good']
        : [say('服务主动查询，确认了付款。', 'The service found the payment by asking.'), 'good'];
    }
    // Of a payment before a restart there are the notifications alone.
    const isBefore = paid < 0 && messages[0]?.what === 'restart';
    if (told >= 0 || (isBefore && known.attempts.some(({ acknowledged }) => acknowledged))) return [lost ? say('通知重发后，服务确认了付款。', 'The service acknowledged the payment when it was told again.') : say('服务收到通知，确认了付款。', 'The service was told of the payment and acknowledged it.'), 'good'];
    if (isBefore) return [say('已支付；模拟器重启之前的经过没有保留。', 'Paid; what was said before the simulator’s restart is not kept.'), ''];
    return [say('已支付，服务还没有得知。', 'Paid, and the service does not know it yet.'), 'bad'];
  }
  if (known.trade_state === 'CLOSED') return [say('已关闭，不能再支付。', 'Closed: it cannot be paid any more.'), ''];
  return [`${STATES[known.trade_state] || known.trade_state}……`, ''];
}
