// Money that goes back: a merchant's staff gives it, the tester decides what becomes of it, the payer's bill tells what came.
import { $, call, clock, control, element, explain, idOf, payee, say, whenChanged, whose, yuan } from './help.js';
import { REFUNDS } from './told.js';

const BILL = 8;
const ENDS = [['SUCCESS', say('到账', 'It arrives')], ['REFUNDCLOSE', say('退款关闭', 'WeChat gives it up')], ['CHANGE', say('银行退回', 'The bank refuses')]];
const MOODS = { SUCCESS: 'good', REFUNDCLOSE: 'bad', CHANGE: 'bad', PROCESSING: '' };

let changed = () => {};

/** Says what to do when something was done here. */
export const onRefund = (listener) => { changed = listener; };

/** A control call about refunds; why it failed is said below them. Tells whether it did not. */
async function act(path) {
  try {
    await call(path, 'POST');
    $('refused').textContent = '';
    await changed();
    return true;
  } catch (error) {
    $('refused').textContent = explain(error);
    return false;
  }
}

/** Fen of an amount as people write it; undefined for all that is left, null for what is no amount. */
function fenOf(text) {
  if (!text) return undefined;
  const [, whole, part = ''] = text.match(/^¥?(\d{1,9})(?:\.(\d{1,2}))?$/) || [];
  return whole === undefined ? null : Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

let order = null;

$('refund').addEventListener('submit', async (event) => {
  event.preventDefault();
  const fee = fenOf($('refund-fee').value.trim());
  if (fee === null || fee === 0) {
    $('refused').textContent = say('请填写金额，例如 5.00', 'Enter an amount, such as 5.00.');
    $('refund-fee').focus();
  } else if (await act(control(order, 'refund-by-hand', fee && { fee }))) {
    $('refund-fee').value = '';
    // Nothing is left, so the form is gone, and with it the focus.
    if ($('refund').hidden) $('refunds').querySelector('li').focus();
  } else {
    $('refund-fee').focus();
  }
});

/** How the merchant was told, once there is something to tell. */
function telling(refund) {
  const { attempts } = refund;
  if (!attempts.length && refund.refund_status === 'PROCESSING') return [];
  if (!refund.notify_url) return [say('没有通知地址，不通知商户', 'no address at which the merchant is told')];
  const times = say(`通知商户 ${attempts.length} 次`, `the merchant was told ${attempts.length === 1 ? 'once' : `${attempts.length} times`}`);
  if (!attempts.length) return [say('还没有通知商户', 'the merchant was not told')];
  const acknowledged = attempts.some((attempt) => attempt.acknowledged);
  return [times + (acknowledged ? say('，已确认', ', and acknowledged it') : say('，没有确认', ', and did not acknowledge it'))];
}

/** One refund: how much, how it stands, how it came to it; and while it is under way, what the tester may do. */
function line(refund) {
  const number = refund.out_refund_no;
  const byHand = refund.source !== 'API';
  const begun = byHand ? say('商户手工退款', 'given by the merchant’s staff') : say('商户申请，微信受理', 'asked for and accepted');
  const steps = [`${clock(refund.accepted_at)} ${begun}`];
  if (refund.decided_at) steps.push(`${clock(refund.decided_at)} ${REFUNDS[refund.refund_status]}`);
  const made = element(
    'li',
    { tabIndex: -1, className: MOODS[refund.refund_status] },
    element('div', { className: 'refund' }, element('span', { textContent: REFUNDS[refund.refund_status] }), element('b', { className: 'number', textContent: `¥${yuan(refund.refund_fee)}` })),
    element('p', { className: 'muted number', textContent: [...steps, ...telling(refund)].join(' → ') }),
    element('p', { className: 'muted number', textContent: [number, refund.refund_desc].filter(Boolean).join(' · ') }),
  );
  made.dataset.refund = number;
  if (refund.refund_status === 'PROCESSING') {
    const ends = element('div', { className: 'line', role: 'group', ariaLabel: say(`退款 ${number} 的结果`, `How the refund ${number} ends`) });
    for (const [state, words] of ENDS) {
      const button = element('button', { type: 'button', className: 'quiet', textContent: words });
      button.dataset.end = state;
      button.addEventListener('click', () => act(`/_sim/refunds/${encodeURIComponent(number)}/finish?${new URLSearchParams({ ...whose(refund), state })}`));
      ends.append(button);
    }
    made.append(ends);
  }
  return made;
}

/** The refunds of an order, what is left of it, and what its merchant has. */
export function showRefunds(known, refunds, balance) {
  if (order && idOf(order) !== idOf(known)) {
    $('refused').textContent = '';
    $('refund-fee').value = '';
  }
  order = known;
  const left = refunds.reduce((fee, refund) => fee - (refund.refund_status === 'REFUNDCLOSE' ? 0 : refund.refund_fee), known.total_fee);
  $('giving-back').hidden = !known.paid_at;
  $('refund').hidden = left <= 0;
  $('left').textContent = say(`可退 ¥${yuan(left)} · 商户余额 ¥${yuan(balance)}`, `¥${yuan(left)} is left · the merchant has ¥${yuan(balance)}`);
  whenChanged('refunds', [idOf(known), refunds], () => {
    const focused = document.activeElement.closest('#refunds [data-refund]');
    const { end } = document.activeElement.dataset;
    $('refunds').replaceChildren(...refunds.map(line));
    const again = focused && [...$('refunds').children].find((made) => made.dataset.refund === focused.dataset.refund);
    if (again) (again.querySelector(`[data-end="${end}"]`) || again).focus();
  });
}

/** What the payer paid and what came back, newest first. */
export function showBill(orders, refunds, several) {
  const paid = orders.filter((known) => known.paid_at).map((known) => ({ at: known.paid_at, known, words: known.body, fen: -known.total_fee }));
  const back = refunds.filter((refund) => refund.refund_status === 'SUCCESS').map((refund) => {
    const known = orders.find((other) => idOf(other) === idOf(refund)) || refund;
    return { at: refund.decided_at, known, words: say('退款：', 'Given back: ') + (refund.refund_desc || known.body || known.out_trade_no), fen: refund.refund_fee };
  });
  const bill = [...back, ...paid].sort((a, b) => b.at.localeCompare(a.at)).slice(0, BILL);
  whenChanged('bill', [several, bill], () => {
    $('no-bill').hidden = bill.length > 0;
    $('bill').replaceChildren(...bill.map(({ at, known, words, fen }) => element(
      'li',
      {},
      element('span', { textContent: [clock(at), words, ...(several ? [payee(known)] : [])].join(' · ') }),
      element('b', { className: 'number', textContent: `${fen < 0 ? '−' : '+'}¥${yuan(Math.abs(fen))}` }),
    )));
  });
}
