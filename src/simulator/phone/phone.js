// The payer's phone, the board of faults and the stories, all by the calls below /_sim/.
import { $, call, clock, control, element, explain, idOf, payee, say, whenChanged, whose, yuan } from './help.js';
import { onRefund, showBill, showRefunds } from './refunds.js';
import { STATES, entry, verdict } from './told.js';

const LISTED = 30;
const PAUSE = 1000;

// --- The phone: scan, pay, refuse, walk away ---------------------------------------------------------------------------

let scanned = null;

function show(face, focus) {
  for (const id of ['scan', 'sheet', 'done']) $(id).hidden = id !== face;
  $('said').textContent = '';
  if (focus) focus.focus();
}

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
      $('said').textContent = say('二维码已失效，或不属于这个模拟器。', 'This code is dead, or not from here.');
    }
  } catch (error) {
    $('said').textContent = explain(error);
  }
});
$('pay').addEventListener('click', () => act('pay', say('支付成功', 'Paid')));
$('fail').addEventListener('click', () => act('fail', say('支付失败：银行拒付', 'Not paid: the bank refused')));
$('leave').addEventListener('click', () => act('walk-away', null));
$('back').addEventListener('click', () => show('scan', $('code')));

// --- The board of faults -----------------------------------------------------------------------------------------------

const SHARES = [[0, say('从不', 'never')], [0.5, say('一半几率', 'half of them')], [1, say('每次', 'always')]];
const FAULTS = [
  ['notify', say('支付通知', 'Notification'), [
    ['normal', say('正常', 'as it should')], ['lost', say('不送达', 'lost')], ['late', say('延迟 20 秒', '20 s late')],
    ['twice', say('重复发送', 'twice')], ['forged', say('伪造签名', 'forged')], ['wrong_amount', say('金额不一致', 'wrong amount')],
  ]],
  ['drop_reply', say('响应丢失', 'Reply dropped'), SHARES],
  ['system_error', say('接口报 SYSTEMERROR', 'SYSTEMERROR'), SHARES],
  ['html', say('接口返回网页', 'A web page instead'), SHARES],
  ['reset', say('连接断开', 'Connection broken'), SHARES],
  ['latency_ms', say('接口响应慢', 'Slow answers'), [
    [0, say('正常', 'no')], [1000, say('1 秒', '1 s')], [3000, say('3 秒', '3 s')], [10000, say('10 秒', '10 s')],
  ]],
  ['refund_notify', say('退款通知', 'Refund notification'), [
    ['normal', say('正常', 'as it should')], ['lost', say('不送达', 'lost')], ['twice', say('重复发送', 'twice')], ['forged', say('内容被篡改', 'forged')],
    ['foreign', say('密钥不对', 'of another key')], ['truncated', say('内容不完整', 'cut off')], ['random', say('乱码', 'noise')],
  ]],
  ['refund_delay_s', say('退款到账时间', 'A refund takes'), [
    [2, say('2 秒', '2 s')], [60, say('1 分钟', '1 min')], [259200, say('3 天', '3 days')],
  ]],
  ['refund_end', say('退款结果', 'A refund ends'), [
    ['SUCCESS', say('到账', 'arrived')], ['REFUNDCLOSE', say('退款关闭', 'given up')], ['CHANGE', say('银行退回', 'bank refused')],
  ]],
  ['refund_frequency_limited', say('退款限频', 'Refunds limited'), SHARES],
  ['refund_refused', say('拒绝退款', 'Refunds refused'), [
    [null, say('不拒绝', 'no')], ['NOTENOUGH', say('余额不足', 'too low a balance')], ['USER_ACCOUNT_ABNORMAL', say('用户已注销', 'account closed')],
    ['CERT_ERROR', say('证书无效', 'certificate refused')],
  ]],
  ['pay_at_close', say('关单时恰好付款', 'Pays while it is closed'), [[false, say('否', 'no')], [true, say('是', 'yes')]]],
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

/** Whether there are orders of more than one merchant: then each tells whose it is. */
const areSeveral = (orders) => new Set(orders.map(payee)).size > 1;
const isOpen = (known) => ['NOTPAY', 'USERPAYING', 'PAYERROR'].includes(known.trade_state);

// Whose story is told: the newest order's, unless the payer chose another.
let newest = null;
let chosen = null;
const choose = (id) => { chosen = id === newest ? null : id; };
const told = () => chosen ?? newest;

function showOrders(orders) {
  const waiting = orders.filter(isOpen);
  const several = areSeveral(orders);
  whenChanged('waiting', [several, waiting.map((known) => [idOf(known), known.code_url])], () => {
    const focused = document.activeElement.dataset.order;
    $('waiting').replaceChildren(...waiting.map((known) => {
      const words = [clock(known.created_at), known.body, ...(several ? [payee(known)] : [])];
      const button = element('button', { type: 'button' }, element('span', { textContent: words.join(' · ') }), element('b', { className: 'number', textContent: `¥${yuan(known.total_fee)}` }));
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

function showStory(known, messages, refunds) {
  const [sentence, mood] = verdict(known, messages, refunds);
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
    const [orders, refunds, faults] = await Promise.all([call(`/_sim/orders?limit=${LISTED}`), call(`/_sim/refunds?limit=${LISTED}`), call('/_sim/faults')]);
    if (mine !== turn) return;
    showOrders(orders);
    showBill(orders, refunds, areSeveral(orders));
    if (!$('faults').contains(document.activeElement)) showFaults(faults);
    const known = orders.find((known) => idOf(known) === told());
    if (known) {
      const [messages, ofOrder, { balance }] = await Promise.all([
        call(control(known, 'messages')).catch((error) => (error.refused ? [] : Promise.reject(error))),
        call(`/_sim/refunds?${new URLSearchParams({ ...whose(known), out_trade_no: known.out_trade_no })}`),
        call(`/_sim/balance?${new URLSearchParams(whose(known))}`),
      ]);
      if (mine !== turn) return;
      showRefunds(known, ofOrder, balance);
      showStory(known, messages, ofOrder);
    }
    $('trouble').hidden = true;
  } catch {
    $('trouble').hidden = false;
  }
  if (mine === turn) timer = setTimeout(refresh, PAUSE);
}
onRefund(refresh);

// --- An address that names an order (`?order=…`): the phone opens with it before it ---------------------------------------

const address = new URLSearchParams(location.search);

async function openAt(number) {
  const wanted = new URLSearchParams({ limit: 2, out_trade_no: number });
  for (const name of ['mch_id', 'sub_mch_id']) if (address.has(name)) wanted.set(name, address.get(name));
  try {
    const [found, another] = await call(`/_sim/orders?${wanted}`);
    if (another) {
      $('said').textContent = say(`不止一个商户有订单 ${number}，请在上面选择。`, `More than one merchant has an order ${number}: choose above.`);
    } else if (found) {
      choose(idOf(found));
      await scan(found);
    } else {
      $('said').textContent = say(`模拟器里没有订单 ${number}，请回到商店重新下单。`, `The simulator knows no order ${number}: open a new one in the shop.`);
    }
  } catch (error) {
    $('said').textContent = explain(error);
  }
}

// Who changes the language keeps the order.
for (const link of document.querySelectorAll('.languages a')) {
  const there = new URLSearchParams(address);
  there.set('lang', new URLSearchParams(link.search).get('lang'));
  link.search = there;
}
if (address.get('order')) openAt(address.get('order'));
refresh();
