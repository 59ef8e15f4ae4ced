// The payer's phone, the board of faults and the stories, all by the calls below /_sim/.
'use strict';

const zh = document.documentElement.lang.startsWith('zh');
const say = (chinese, english) => (zh ? chinese : english);
const $ = (id) => document.getElementById(id);
const LISTED = 30;
const PAUSE = 1000;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
const clock = (at) => at.slice(11, 19);
const order = (number) => `/_sim/orders/${encodeURIComponent(number)}`;

async function call(path, method = 'GET', body = undefined) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body) });
  const json = await response.json();
  if (!response.ok) throw Object.assign(new Error(json.error), { refused: true });
  return json;
}

// --- The phone: scan, pay, refuse, walk away ---------------------------------------------------------------------------

let scanned = null;

function show(face, focus) {
  for (const id of ['scan', 'sheet', 'done']) $(id).hidden = id !== face;
  $('said').textContent = '';
  if (focus) focus.focus();
}

const WHY_NOT = {
  ORDERPAID: say('该订单已支付', 'This order is paid.'),
  ORDERCLOSED: say('该订单已关闭', 'This order is closed.'),
  ORDERNOTEXIST: say('没有这个订单', 'There is no such order.'),
  'the link has expired': say('二维码已过期', 'This code has expired.'),
};
const explain = (error) => (error.refused ? WHY_NOT[error.message] || error.message : say('模拟器没有应答', 'The simulator does not answer.'));

async function scan(found) {
  try {
    await call(`${order(found.out_trade_no)}/enter-password`, 'POST');
  } catch (error) {
    $('said').textContent = explain(error);
    return;
  }
  scanned = found;
  $('merchant').textContent = say(`付款给商户 ${found.mch_id}`, `To merchant ${found.mch_id}`);
  $('amount').textContent = `¥${yuan(found.total_fee)}`;
  $('goods').textContent = found.body;
  show('sheet', $('amount'));
  refresh();
}

async function act(name, outcome) {
  const { out_trade_no: number, total_fee: fee } = scanned;
  const buttons = document.querySelectorAll('#sheet button');
  for (const button of buttons) button.disabled = true;
  try {
    await call(`${order(number)}/${name}`, 'POST');
    if (!outcome) {
      show('scan', $('code'));
    } else {
      $('outcome').textContent = outcome;
      $('outcome').className = name === 'pay' ? '' : 'bad';
      $('outcome-amount').textContent = name === 'pay' ? `¥${yuan(fee)}` : '';
      show('done', $('outcome'));
    }
    chosen = number;
  } catch (error) {
    $('said').textContent = explain(error);
  }
  for (const button of buttons) button.disabled = false;
  refresh();
}

$('scan-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const link = $('code').value.trim();
  try {
    const [found] = await call(`/_sim/orders?limit=1&code_url=${encodeURIComponent(link)}`);
    if (found) {
      $('code').value = '';
      await scan(found);
    } else {
      $('said').textContent = say('这个二维码已失效，或者不是这里的。', 'This code is dead, or not from here.');
    }
  } catch (error) {
    $('said').textContent = explain(error);
  }
});
$('pay').addEventListener('click', () => act('pay', say('支付成功', 'Paid')));
$('fail').addEventListener('click', () => act('fail', say('支付失败：银行拒绝', 'Not paid: the bank refused')));
$('leave').addEventListener('click', () => act('walk-away', null));
$('back').addEventListener('click', () => show('scan', $('code')));

// --- The board of faults -----------------------------------------------------------------------------------------------

const SHARES = [[0, say('从不', 'never')], [0.5, say('一半', 'half of them')], [1, say('总是', 'always')]];
const FAULTS = [
  ['notify', say('支付通知', 'Notification'), [
    ['normal', say('正常', 'as it should')], ['lost', say('丢失', 'lost')], ['late', say('迟到 20 秒', '20 s late')],
    ['twice', say('重复', 'twice')], ['forged', say('签名是伪造的', 'forged')], ['wrong_amount', say('金额不对', 'wrong amount')],
  ]],
  ['drop_reply', say('应答丢失', 'Reply dropped'), SHARES],
  ['system_error', say('应答 SYSTEMERROR', 'SYSTEMERROR'), SHARES],
  ['html', say('应答网页', 'A web page instead'), SHARES],
  ['reset', say('连接中断', 'Connection broken'), SHARES],
  ['latency_ms', say('应答缓慢', 'Slow answers'), [
    [0, say('不', 'no')], [1000, say('1 秒', '1 s')], [3000, say('3 秒', '3 s')], [10000, say('10 秒', '10 s')],
  ]],
  ['pay_at_close', say('关单的瞬间付款', 'Pays while it is closed'), [[false, say('不', 'no')], [true, say('是', 'yes')]]],
];

for (const [name, label, values] of FAULTS) {
  const select = element('select', { id: `fault-${name}` });
  for (const [value, text] of values) select.append(element('option', { value: JSON.stringify(value), textContent: text }));
  select.addEventListener('change', () => setFaults({ [name]: JSON.parse(select.value) }));
  $('faults').append(element('div', { className: 'fault' }, element('label', { htmlFor: select.id, textContent: label }), select));
}

function showFaults(faults) {
  for (const [name, , values] of FAULTS) {
    const select = $(`fault-${name}`);
    const value = JSON.stringify(faults[name]);
    if (![...select.options].some((option) => option.value === value)) select.append(element('option', { value, textContent: value }));
    select.value = value;
    select.parentElement.classList.toggle('on', value !== JSON.stringify(values[0][0]));
  }
}

async function setFaults(named) {
  try {
    showFaults(await call('/_sim/faults', 'PUT', named));
  } catch (error) {
    $('said').textContent = explain(error);
  }
}
$('normal').addEventListener('click', () => setFaults(Object.fromEntries(FAULTS.map(([name, , values]) => [name, values[0][0]]))));

// --- The orders and their stories --------------------------------------------------------------------------------------

const STATES = {
  NOTPAY: say('等待付款', 'waiting'), USERPAYING: say('正在付款', 'paying'), SUCCESS: say('已支付', 'paid'),
  PAYERROR: say('支付失败', 'bank refused'), CLOSED: say('已关闭', 'closed'), REFUND: say('已退款', 'given back'),
};
const isOpen = (known) => ['NOTPAY', 'USERPAYING', 'PAYERROR'].includes(known.trade_state);

let chosen = null;
const shown = {};

/** Runs `draw` when what it draws has changed, so that focus and screen readers are left alone. */
function whenChanged(name, what, draw) {
  const text = JSON.stringify(what);
  if (shown[name] === text) return;
  shown[name] = text;
  draw();
}

function showOrders(orders) {
  const waiting = orders.filter(isOpen);
  whenChanged('waiting', waiting.map(({ out_trade_no: number, code_url: link }) => [number, link]), () => {
    const focused = document.activeElement.dataset.number;
    $('waiting').replaceChildren(...waiting.map((known) => {
      const button = element('button', { type: 'button' }, element('span', { textContent: known.body }), element('b', { className: 'number', textContent: `¥${yuan(known.total_fee)}` }));
      button.dataset.number = known.out_trade_no;
      button.addEventListener('click', () => scan(known));
      return element('li', {}, button);
    }));
    const again = focused && $('waiting').querySelector(`[data-number="${CSS.escape(focused)}"]`);
    if (again) again.focus();
    $('none').hidden = waiting.length > 0;
  });
  if (!orders.some((known) => known.out_trade_no === chosen)) chosen = orders.length ? orders[0].out_trade_no : null;
  whenChanged('orders', orders.map(({ out_trade_no: number, trade_state: state }) => [number, state]), () => {
    $('order').replaceChildren(...orders.map((known) => element('option', {
      value: known.out_trade_no,
      textContent: `${clock(known.created_at)} · ¥${yuan(known.total_fee)} · ${STATES[known.trade_state] || known.trade_state} · ${known.body}`,
    })));
    $('no-story').hidden = orders.length > 0;
    $('told').hidden = orders.length === 0;
  });
  if (chosen) $('order').value = chosen;
}
$('order').addEventListener('change', () => {
  chosen = $('order').value;
  refresh();
});

const WHO = { service: say('服务 → 微信', 'service → WeChat'), wechat: say('微信 → 服务', 'WeChat → service'), payer: say('付款人', 'payer') };
const WHAT = {
  unifiedorder: say('统一下单', 'asks for a link'), orderquery: say('查询订单', 'asks how it stands'), closeorder: say('关闭订单', 'closes the order'),
  pay: say('付款人付款了', 'The payer pays'), fail: say('银行拒绝付款', 'The bank refuses'), 'enter-password': say('付款人扫码，输入密码', 'The payer scans and enters the password'),
  'walk-away': say('付款人走开了', 'The payer walks away'), refund: say('款项退还', 'Money goes back'),
};
const MISHAP = {
  drop_reply: say('应答丢失', 'the reply was lost'), reset: say('连接中断', 'the connection broke'), html: say('应答了网页', 'answered with a web page'),
  system_error: 'SYSTEMERROR', forged: say('签名是伪造的', 'forged signature'), wrong_amount: say('金额不对', 'wrong amount'), twice: say('重复', 'sent twice'),
};

/** Who, what, how it ended, and whether that is good (1), bad (-1) or neither. */
function tell(message) {
  const { what, says, fault } = message;
  if (what === 'notification') {
    const kind = MISHAP[fault] ? `${say('支付通知', 'Notification')} (${MISHAP[fault]})` : say('支付通知', 'Notification');
    if (message.acknowledged) return [WHO.wechat, kind, say('服务已确认', 'acknowledged'), 1];
    const again = message.next_at ? say(`，${clock(message.next_at)} 再发`, `, next at ${clock(message.next_at)}`) : '';
    if (fault === 'lost' && !message.request) return [WHO.wechat, kind, say('丢失了', 'was lost'), -1];
    if (fault === 'late' && !message.request) return [WHO.wechat, kind, say('迟到', 'is late') + again, -1];
    const answer = message.status ? say(`服务没有确认：HTTP ${message.status}`, `not acknowledged: HTTP ${message.status}`) : say('服务没有应答', 'no answer');
    return [WHO.wechat, kind, answer + again, -1];
  }
  if (['unifiedorder', 'orderquery', 'closeorder'].includes(what)) {
    if (!fault) return [WHO.service, WHAT[what], says, says === 'SUCCESS' ? 1 : 0];
    const done = message.carried_out ? say('，但微信已照办', ', yet WeChat did it') : say('，微信什么也没做', ', and WeChat did nothing');
    return [WHO.service, WHAT[what], MISHAP[fault] + done, -1];
  }
  const late = fault === 'pay_at_close' ? say('，就在关单的瞬间', ' in the moment of the close') : '';
  return [WHO.payer, WHAT[what] + late, '', what === 'pay' ? 1 : 0];
}

function exact(message) {
  const request = message.what === 'notification' ? say('通知', 'notification') : say('请求', 'request');
  const answer = message.fault === 'drop_reply' ? say('应答（丢失）', 'reply (lost)') : say('应答', 'reply');
  return [[request, message.request], [answer, message.answer]].filter(([, text]) => text).flatMap(([name, text]) => [
    element('div', { className: 'muted', textContent: name }), element('pre', { textContent: text }),
  ]);
}

function entry(message) {
  const [who, what, says, mood] = tell(message);
  const event = element('div', { className: 'event' }, element('div', { className: 'who', textContent: who }), element('span', { textContent: what }));
  if (says) event.append(zh ? '：' : ': ', element('span', { className: 'says', textContent: says }));
  if (message.times > 1) event.append(' ', element('span', { className: 'muted', textContent: `×${message.times}` }));
  const texts = exact(message);
  if (texts.length) event.append(element('details', {}, element('summary', { textContent: 'XML' }), ...texts));
  return element('li', { className: ['bad', '', 'good'][mood + 1] }, element('time', { className: 'number', dateTime: message.at, textContent: clock(message.at) }), event);
}

/** The whole story in one sentence. */
function verdict(known, messages) {
  if (known.trade_state === 'REFUND') return [say('已支付，后来退还了款项。', 'Paid, and given back.'), ''];
  if (known.trade_state === 'SUCCESS') {
    const paid = messages.findIndex(({ what }) => what === 'pay');
    const after = messages.slice(paid + 1);
    const told = after.findIndex(({ acknowledged }) => acknowledged);
    const found = after.findIndex(({ what, says, fault }) => what === 'orderquery' && says === 'SUCCESS' && !fault);
    const lost = after.some(({ what, acknowledged }) => what === 'notification' && !acknowledged);
    if (found >= 0 && (told < 0 || found < told)) {
      return lost ? [say('通知没有送达，服务自己查到了这笔付款。', 'The notification did not get through; the service found the payment by asking.'), 'good']
        : [say('服务自己查到了这笔付款。', 'The service found the payment by asking.'), 'good'];
    }
    if (told >= 0) return [lost ? say('通知重发之后，服务确认了付款。', 'The service acknowledged the payment when it was told again.') : say('服务收到通知，确认了付款。', 'The service was told of the payment and acknowledged it.'), 'good'];
    return [say('已支付，但服务还不知道。', 'Paid, and the service does not know it yet.'), 'bad'];
  }
  if (known.trade_state === 'CLOSED') return [say('已关闭，不能再支付。', 'Closed: it cannot be paid any more.'), ''];
  return [`${STATES[known.trade_state] || known.trade_state}……`, ''];
}

function showStory(known, messages) {
  const [sentence, mood] = verdict(known, messages);
  whenChanged('verdict', [sentence, mood], () => Object.assign($('verdict'), { textContent: sentence, className: mood }));
  $('number').textContent = known.out_trade_no + (known.transaction_id ? ` · ${known.transaction_id}` : '');
  const timeline = $('timeline');
  if (timeline.dataset.of !== known.out_trade_no) timeline.replaceChildren();
  timeline.dataset.of = known.out_trade_no;
  messages.forEach((message, index) => {
    const text = JSON.stringify(message);
    const former = timeline.children[index];
    if (former && former.told === text) return;
    const made = Object.assign(entry(message), { told: text });
    if (!former) return timeline.append(made);
    const open = former.querySelector('details[open]');
    if (open && made.querySelector('details')) made.querySelector('details').open = true;
    former.replaceWith(made);
  });
  while (timeline.children.length > messages.length) timeline.lastChild.remove();
}

// --- Once a second -----------------------------------------------------------------------------------------------------

let timer;
let turn = 0;

async function refresh() {
  clearTimeout(timer);
  const mine = ++turn;
  try {
    const [orders, faults] = await Promise.all([call(`/_sim/orders?limit=${LISTED}`), call('/_sim/faults')]);
    if (mine !== turn) return;
    showOrders(orders);
    if (!$('faults').contains(document.activeElement)) showFaults(faults);
    const known = orders.find(({ out_trade_no: number }) => number === chosen);
    if (known) showStory(known, await call(`${order(chosen)}/messages`).catch((error) => (error.refused ? [] : Promise.reject(error))));
    $('trouble').hidden = true;
  } catch {
    $('trouble').hidden = false;
  }
  if (mine === turn) timer = setTimeout(refresh, PAUSE);
}
refresh();
