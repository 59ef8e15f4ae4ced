// The payer's phone, the board of faults and the stories, all by the calls below /_sim/.
import { $, call, clock, element, say, whenChanged, yuan } from './help.js';
import { STATES, entry, refundLine, verdict } from './told.js';

const LISTED = 30;
const PAUSE = 1000;

// Merchants number their orders for themselves, so a number may be there twice.
const whose = (known) => (known.sub_mch_id ? { mch_id: known.mch_id, sub_mch_id: known.sub_mch_id } : { mch_id: known.mch_id });
const idOf = (known) => [known.mch_id, known.sub_mch_id, known.out_trade_no].join('/');
const control = (known, what) => `/_sim/orders/${encodeURIComponent(known.out_trade_no)}/${what}?${new URLSearchParams(whose(known))}`;
const payee = (known) => known.payee || (known.sub_mch_id
  ? say(`商户 ${known.sub_mch_id}（服务商 ${known.mch_id}）`, `merchant ${known.sub_mch_id} (by the provider ${known.mch_id})`)
  : say(`商户 ${known.mch_id}`, `merchant ${known.mch_id}`));

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
    await call(control(found, 'enter-password'), 'POST');
  } catch (error) {
    $('said').textContent = explain(error);
    return;
  }
  scanned = found;
  $('merchant').textContent = say(`付款给${payee(found)}`, `To ${payee(found)}`);
  $('amount').textContent = `¥${yuan(found.total_fee)}`;
  $('goods').textContent = found.body;
  show('sheet', $('amount'));
  refresh();
}

async function act(name, outcome) {
  const paid = scanned;
  const buttons = document.querySelectorAll('#sheet button');
  for (const button of buttons) button.disabled = true;
  try {
    await call(control(paid, name), 'POST');
    if (!outcome) {
      show('scan', $('code'));
    } else {
      $('outcome').textContent = outcome;
      $('outcome').className = name === 'pay' ? '' : 'bad';
      $('outcome-amount').textContent = name === 'pay' ? `¥${yuan(paid.total_fee)}` : '';
      show('done', $('outcome'));
    }
    choose(idOf(paid));
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
  ['refund_notify', say('退款通知', 'Refund notification'), [
    ['normal', say('正常', 'as it should')], ['lost', say('丢失', 'lost')], ['twice', say('重复', 'twice')], ['forged', say('内容是拼接伪造的', 'forged')],
  ]],
  ['refund_delay_s', say('退款到账', 'A refund arrives'), [
    [2, say('2 秒后', 'after 2 s')], [60, say('1 分钟后', 'after 1 min')], [259200, say('3 天后', 'after 3 days')],
  ]],
  ['refund_frequency_limited', say('退款频率限制', 'Refunds limited'), SHARES],
  ['refund_refused', say('拒绝退款', 'Refunds refused'), [
    [null, say('不', 'no')], ['NOTENOUGH', say('余额不足', 'too low a balance')], ['USER_ACCOUNT_ABNORMAL', say('用户已注销', 'account closed')],
    ['CERT_ERROR', say('证书无效', 'certificate refused')],
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

const isOpen = (known) => ['NOTPAY', 'USERPAYING', 'PAYERROR'].includes(known.trade_state);

// Whose story is told: the newest order's, unless the payer chose another.
let newest = null;
let chosen = null;
const choose = (id) => { chosen = id === newest ? null : id; };
const told = () => chosen ?? newest;

function showOrders(orders) {
  const waiting = orders.filter(isOpen);
  whenChanged('waiting', waiting.map((known) => [idOf(known), known.code_url]), () => {
    const focused = document.activeElement.dataset.order;
    $('waiting').replaceChildren(...waiting.map((known) => {
      const button = element('button', { type: 'button' }, element('span', { textContent: `${clock(known.created_at)} · ${known.body}` }), element('b', { className: 'number', textContent: `¥${yuan(known.total_fee)}` }));
      button.dataset.order = idOf(known);
      button.addEventListener('click', () => scan(known));
      return element('li', {}, button);
    }));
    const again = focused && $('waiting').querySelector(`[data-order="${CSS.escape(focused)}"]`);
    if (again) again.focus();
    $('none').hidden = waiting.length > 0;
  });
  newest = orders.length ? idOf(orders[0]) : null;
  if (!orders.some((known) => idOf(known) === chosen)) chosen = null;
  whenChanged('orders', orders.map((known) => [idOf(known), known.trade_state]), () => {
    $('order').replaceChildren(...orders.map((known) => element('option', {
      value: idOf(known),
      textContent: `${clock(known.created_at)} · ¥${yuan(known.total_fee)} · ${STATES[known.trade_state] || known.trade_state} · ${known.body}`,
    })));
    $('no-story').hidden = orders.length > 0;
    $('told').hidden = orders.length === 0;
  });
  if (told()) $('order').value = told();
}
$('order').addEventListener('change', () => {
  choose($('order').value);
  refresh();
});

$('refund').addEventListener('click', async () => {
  try {
    await call($('refund').dataset.call, 'POST');
    $('refused').textContent = '';
  } catch (error) {
    $('refused').textContent = explain(error);
  }
  refresh();
});

function showRefunds(known, refunds) {
  const left = refunds.reduce((fee, refund) => fee - (refund.refund_status === 'REFUNDCLOSE' ? 0 : refund.refund_fee), known.total_fee);
  $('refund').hidden = !known.paid_at || left <= 0;
  $('refund').dataset.call = control(known, 'refund-by-hand');
  whenChanged('refunds', refunds, () => $('refunds').replaceChildren(...refunds.map(refundLine)));
}

function showStory(known, messages) {
  const [sentence, mood] = verdict(known, messages);
  whenChanged('verdict', [sentence, mood], () => Object.assign($('verdict'), { textContent: sentence, className: mood }));
  $('number').textContent = [known.out_trade_no, known.transaction_id, payee(known)].filter(Boolean).join(' · ');
  const timeline = $('timeline');
  if (timeline.dataset.of !== idOf(known)) timeline.replaceChildren();
  timeline.dataset.of = idOf(known);
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
    const known = orders.find((known) => idOf(known) === told());
    if (known) {
      const ofOrder = new URLSearchParams({ ...whose(known), out_trade_no: known.out_trade_no });
      const messages = call(control(known, 'messages')).catch((error) => (error.refused ? [] : Promise.reject(error)));
      showRefunds(known, await call(`/_sim/refunds?${ofOrder}`));
      showStory(known, await messages);
    }
    $('trouble').hidden = true;
  } catch {
    $('trouble').hidden = false;
  }
  if (mine === turn) timer = setTimeout(refresh, PAUSE);
}
refresh();
