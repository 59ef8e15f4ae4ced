//! What is said of a difference between a bill and the books: what is the case, and what to do.
//!
//! A sentence is about the kind, then about the finding. A finding is exhaustive about the kinds wherever what to do depends on
//! them; what a kind cannot be found to be has a sentence as well, so that none is ever without words.

use crate::deal::{DifferenceKind, DifferenceState, Finding, Found};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

use super::detail_words::detail_words;

use DifferenceKind::{
    Amount, PaidHereOnly, PaidThereOnly, RefundAmount, RefundHereOnly, RefundThereOnly, SecondTransaction, Summary, UnknownOrder,
};

/// How one comes by a file that may be better, in the middle of a sentence.
static FETCH: Text = pair("have it fetched again (wechat-pay reconcile --fetch)", "重新下载（wechat-pay reconcile --fetch）");
/// The same of a merchant's own file.
static DOWNLOAD: Text = pair("download it again in 商户平台", "到商户平台重新下载");

/// What is the case, and what to do.
pub fn difference_sentence(found: &Found) -> Text {
    sentence(found, next(found, &FETCH))
}

/// The same of a difference from a merchant's own file, of which nothing is kept, so that nothing of it is done again by itself.
pub fn rehearsal_sentence(found: &Found) -> Text {
    let next = match found.finding {
        Some(Finding::Unanswered) => pair(
            "WeChat could not be asked about it now, and is not asked again by itself about a file of your own: please try it again later",
            "暂时未能向微信查询；手工核对的文件不会自动再查：请稍后再试",
        ),
        _ => next(found, &DOWNLOAD),
    };
    sentence(found, next)
}

/// What became of it, in a word.
pub fn difference_state(found: &Found) -> Text {
    match (found.state, found.finding) {
        (DifferenceState::Open, _) => pair("open", "未处理"),
        (DifferenceState::Healed, Some(Finding::AgreesNow)) => pair("over", "已消除"),
        (DifferenceState::Healed, _) => pair("healed", "已补上"),
        (DifferenceState::Explained, _) => pair("explained", "已说明"),
    }
}

fn sentence(found: &Found, next: Text) -> Text {
    let case = case(found);
    // What a case of its own says needs no brackets.
    let detail = detail_words(found).filter(|_| found.kind != RefundHereOnly);
    let in_brackets = |detail: Text| (format!(" ({})", detail.read(English)), format!("（{}）", detail.read(Chinese)));
    let (beside, beside_zh) = detail.map(in_brackets).unwrap_or_default();
    let (before, before_zh) = if found.finding == Some(Finding::AgreesNow) { ("before: ", "此前：") } else { ("", "") };
    text(
        format!("{before}{}{beside}; {}", case.read(English), next.read(English)),
        format!("{before_zh}{}{beside_zh}；{}", case.read(Chinese), next.read(Chinese)),
    )
}

/// What differs.
fn case(found: &Found) -> Text {
    match found.kind {
        PaidThereOnly => pair("WeChat's bill has this payment, and the order is not paid here", "微信账单里有这笔付款，本地该订单未支付"),
        PaidHereOnly => {
            pair("the order is paid here, and WeChat's bill does not have the payment", "本地该订单已支付，微信账单里没有这笔付款")
        }
        Amount => pair("WeChat's bill has another amount for this payment than the books", "这笔付款的金额，微信账单与本地不一致"),
        SecondTransaction => pair(
            "WeChat's bill has a payment of this order, which is paid here by another one",
            "微信账单里有该订单的一笔付款，而本地入账的是另一笔",
        ),
        UnknownOrder if found.refund_id.is_some() => {
            pair("WeChat's bill has a refund of an order that is not known here", "微信账单里有一笔退款，本地没有它的订单")
        }
        UnknownOrder => pair("WeChat's bill has a payment of an order that is not known here", "微信账单里有一笔付款，本地没有这个订单"),
        RefundThereOnly => pair(
            "WeChat's bill has this refund, and the books do not have it, or not as accepted",
            "微信账单里有这笔退款，本地没有，或未记为已受理",
        ),
        RefundHereOnly if found.detail.is_some() => {
            pair("this refund stands in the books, and the fund flow says that it was closed", "本地记有这笔退款，资金账单说它已关闭")
        }
        RefundHereOnly => pair("this refund stands in the books, and WeChat's bill does not have it", "本地记有这笔退款，微信账单里没有"),
        RefundAmount => pair("WeChat's bill has another amount for this refund than the books", "这笔退款的金额，微信账单与本地不一致"),
        Summary => pair("WeChat's file is wrong in itself", "微信账单文件本身有误"),
    }
}

/// What became of it, and what is left to do; `again`: how one comes by a better file.
fn next(found: &Found, again: &Text) -> Text {
    let Found { kind, state, .. } = *found;
    match found.finding {
        None => not_asked(found, again),
        Some(Finding::Unanswered) => pair(
            "WeChat could not be asked about it yet: this service asks again by itself, within a week; please wait",
            "暂时未能向微信查询：一周之内本服务会自动再查，请等待",
        ),
        Some(Finding::Settled) => settled(kind),
        Some(Finding::AgreesNow) => {
            pair("looked at again, the books and the bill agree: there is nothing to do", "再次核对时两边已经一致，无需处理")
        }
        Some(Finding::Confirmed) => confirmed(kind, state),
        Some(Finding::NotPaid) => not_paid(kind),
        Some(Finding::NotKnown) => not_known(kind),
        Some(Finding::Mismatch) => pair(
            "what WeChat has signed does not fit the books either, so nothing was changed and an alarm was raised: please compare it in 商户平台",
            "微信签名的结果与本地也不符，未作更改，已告警：请到商户平台核对",
        ),
        Some(Finding::GoesBack) => pair(
            "it was paid twice, and this payment goes back to the payer by a refund: there is nothing to do",
            "属于重复付款，这一笔会退还付款人，无需处理",
        ),
        Some(Finding::ClosedLater) => pair(
            "WeChat closed the refund later, so the payer does not have the money: please give it back again, if it is still owed",
            "微信之后关闭了这笔退款，付款人没有收到钱：如果仍需退，请重新退款",
        ),
        Some(Finding::Foreign) => pair(
            "by its number it is another system's, as bill.foreign_prefixes says: there is nothing to do here",
            "按订单号开头（bill.foreign_prefixes）它属于其他系统，这里无需处理",
        ),
        Some(Finding::Unreadable) if found.detail.as_deref() == Some("no summary") => text(
            format!("it was cut, so it was not looked for what else the books have: please {}", again.read(English)),
            format!("它不完整，本地有而账单没有的未核对：请{}", again.read(Chinese)),
        ),
        Some(Finding::Unreadable) if found.detail.as_deref() == Some("summary") => text(
            format!("its sums cannot be read, so lines may be missing: please {}", again.read(English)),
            format!("合计无法解析，可能缺行：请{}", again.read(Chinese)),
        ),
        Some(Finding::Unreadable) => pair(
            "a line of it cannot be read, and what stands in it was not compared: please look at the line in the file",
            "有一行无法解析，该行内容未核对：请在账单文件里查看这一行",
        ),
        Some(Finding::Elsewhere) => text(
            format!("a line of it is of another day, or of another merchant number, and was not compared: please {}", again.read(English)),
            format!("其中有一行属于其他日期或其他商户号，未核对：请{}", again.read(Chinese)),
        ),
        Some(Finding::Repeated) => text(
            format!("one payment or refund stands in it twice: please {}, and ask WeChat's support if it stays so", again.read(English)),
            format!("同一笔收款或退款出现了两次：请{}，仍然如此请联系微信支付客服", again.read(Chinese)),
        ),
        Some(Finding::WrongSum) => text(
            format!("a sum in it is not what its lines come to, so lines may be missing: please {}", again.read(English)),
            format!("它写的合计与各行相加不符，可能缺行：请{}", again.read(Chinese)),
        ),
        Some(Finding::Noted) => {
            pair("a person has looked at it, and says why in the note: there is nothing to do", "已有人核实，原因见备注，无需处理")
        }
    }
}

/// There is nothing that WeChat could be asked.
fn not_asked(found: &Found, again: &Text) -> Text {
    match found.kind {
        UnknownOrder if found.refund_id.is_some() => pair(
            "if it is another system's under the same merchant number, please name its prefix in bill.foreign_prefixes; otherwise find out \
             who gave it back",
            "如果是同一商户号下其他系统的订单，请把它的前缀写进 bill.foreign_prefixes；否则请查清是谁退的款",
        ),
        UnknownOrder => pair(
            "if it is another system's under the same merchant number, please name its prefix in bill.foreign_prefixes; otherwise find out \
             who was paid",
            "如果是同一商户号下其他系统的订单，请把它的前缀写进 bill.foreign_prefixes；否则请查清是谁收的款",
        ),
        Summary => text(
            format!("please {}, and look at the file if it stays so", again.read(English)),
            format!("请{}，仍然如此请查看账单文件", again.read(Chinese)),
        ),
        PaidThereOnly | PaidHereOnly | Amount | SecondTransaction | RefundThereOnly | RefundHereOnly | RefundAmount => {
            pair("WeChat was not asked about it: please look it up in 商户平台", "没有向微信查询：请到商户平台核对")
        }
    }
}

/// WeChat's signed word was stored.
fn settled(kind: DifferenceKind) -> Text {
    match kind {
        PaidThereOnly | UnknownOrder => pair(
            "WeChat has confirmed the payment by its signature, and the order counts as paid now: please see that it is delivered",
            "微信已签名确认这笔付款，订单已按已支付入账：请确认是否已发货",
        ),
        RefundThereOnly | RefundHereOnly | RefundAmount => pair(
            "WeChat has said by its signature how the refund stands, and so it is booked now: there is nothing to do",
            "微信已签名确认这笔退款的情况，并已入账，无需处理",
        ),
        PaidHereOnly | Amount | SecondTransaction | Summary => pair(
            "WeChat has said by its signature how it stands, and so it is booked now: there is nothing to do",
            "微信已签名确认，并已入账，无需处理",
        ),
    }
}

/// WeChat's signed word is what the books say. Where the bill merely lacks it, that explains it; where the bill says otherwise, it does not.
fn confirmed(kind: DifferenceKind, state: DifferenceState) -> Text {
    match kind {
        SecondTransaction if state == DifferenceState::Open => pair(
            "WeChat has confirmed by its signature the payment that is booked here, so the payer seems to have paid twice: please look this \
             one up in 商户平台, and give it back there",
            "微信已签名确认本地入账的那一笔，付款人看来付了两次：请到商户平台核对账单里的这一笔并退款",
        ),
        _ if state == DifferenceState::Open => pair(
            "WeChat has confirmed by its signature what the books say, and its bill, which is not signed, says otherwise: please ask WeChat's \
             support by which of them it settles",
            "微信已签名确认本地的记录，而没有签名的账单写得不同：请向微信支付客服核实以哪个结算",
        ),
        RefundThereOnly | RefundHereOnly | RefundAmount => pair(
            "WeChat has confirmed by its signature that the refund stands as the books say, so the books are right: there is nothing to do",
            "微信已签名确认本地的退款记录无误，无需处理",
        ),
        PaidThereOnly | PaidHereOnly | Amount | SecondTransaction | UnknownOrder | Summary => pair(
            "WeChat has confirmed by its signature that it is paid as the books say, so the books are right: there is nothing to do",
            "微信已签名确认本地的付款记录无误，无需处理",
        ),
    }
}

/// WeChat's signed word is that no money moved so.
fn not_paid(kind: DifferenceKind) -> Text {
    match kind {
        PaidThereOnly | Amount | SecondTransaction | UnknownOrder => pair(
            "asked about it, WeChat says by its signature that the order is not paid, which counts and not the bill: please ask WeChat's \
             support, and do not deliver for it",
            "查询时微信签名回复该订单未支付，以此为准而不是账单：请联系微信支付客服，不要据此发货",
        ),
        PaidHereOnly => pair(
            "asked about it, WeChat says by its signature that the order is not paid: please look how it was booked (wechat-pay explain), and \
             ask WeChat's support",
            "查询时微信签名回复该订单未支付：请用 wechat-pay explain 查看入账经过，并联系微信支付客服",
        ),
        RefundThereOnly | RefundAmount => pair(
            "asked about it, WeChat says by its signature that nothing went back so, which counts and not the bill: please ask WeChat's support",
            "查询时微信签名回复并没有这样退款，以此为准而不是账单：请联系微信支付客服",
        ),
        RefundHereOnly => pair(
            "asked about it, WeChat says by its signature that the money did not go back: please give it back again, if it is still owed",
            "查询时微信签名回复钱没有退出去：如果仍需退，请重新退款",
        ),
        Summary => pair("please look at the file", "请查看账单文件"),
    }
}

/// WeChat does not know what it is asked about.
fn not_known(kind: DifferenceKind) -> Text {
    match kind {
        PaidThereOnly | Amount | SecondTransaction | UnknownOrder => pair(
            "asked about it, WeChat does not know the order, and the bill alone proves nothing: please look it up in 商户平台, and do not \
             deliver for it",
            "查询时微信说没有这个订单，仅凭账单不能入账：请到商户平台核对，不要据此发货",
        ),
        PaidHereOnly => pair(
            "asked about it, WeChat does not know the order: please look whether the account's numbers are still the same ones, and how it \
             was booked (wechat-pay explain)",
            "查询时微信说没有这个订单：请检查账户的商户号是否换过，并用 wechat-pay explain 查看入账经过",
        ),
        RefundThereOnly | RefundHereOnly | RefundAmount => pair(
            "asked about it, WeChat does not know the refund: please look in 商户平台 whether the money went back",
            "查询时微信说没有这笔退款：请到商户平台核对钱是否退出",
        ),
        Summary => pair("please look at the file", "请查看账单文件"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: DifferenceKind, finding: Option<Finding>, detail: Option<&str>) -> Found {
        Found {
            kind,
            state: DifferenceState::Open,
            finding,
            subject: "s".to_owned(),
            order_id: None,
            transaction_id: None,
            refund_id: None,
            ours_fee: None,
            theirs_fee: None,
            detail: detail.map(str::to_owned),
        }
    }

    fn all() -> impl Iterator<Item = (DifferenceKind, Option<Finding>)> {
        let findings = || [None].into_iter().chain(Finding::ALL.map(Some));
        DifferenceKind::ALL.into_iter().flat_map(move |kind| findings().map(move |finding| (kind, finding)))
    }

    #[test]
    fn each_difference_says_what_to_do_or_that_there_is_nothing_to_do() {
        for (kind, finding) in all() {
            let found = found(kind, finding, None);
            let (kept, rehearsed) = (difference_sentence(&found), rehearsal_sentence(&found));
            for said in [&kept, &rehearsed] {
                let (english, chinese) = (said.read(English), said.read(Chinese));
                assert_ne!(english.contains("please "), english.contains("there is nothing to do"), "{english}");
                assert_ne!(chinese.contains('请'), chinese.contains("无需处理"), "{chinese}");
                assert_eq!(english.contains("please "), chinese.contains('请'), "{english} / {chinese}");
                assert!(!english.contains("  ") && !english.ends_with('.') && !chinese.ends_with('。'), "{english} / {chinese}");
            }
        }
    }

    #[test]
    fn the_kinds_are_told_apart_and_so_are_the_findings() {
        let said = |kind, finding| difference_sentence(&found(kind, finding, None)).read(Chinese).to_owned();
        for (kind, finding) in all() {
            let others = all().filter(|(other, _)| *other != kind).map(|(other, finding)| said(other, finding));
            assert!(others.into_iter().all(|other| other != said(kind, finding)), "{kind:?} {finding:?}");
        }
        assert!(said(PaidThereOnly, Some(Finding::Settled)).contains("请确认是否已发货"), "a payment that was missed is told of as one");
        assert!(said(PaidThereOnly, Some(Finding::NotKnown)).contains("不要据此发货"), "a bill proves nothing");
    }

    #[test]
    fn where_in_the_file_it_stands_is_said_beside_what_is_the_case() {
        let said = difference_sentence(&found(Summary, Some(Finding::Unreadable), Some("line 7")));
        assert!(said.read(English).starts_with("WeChat's file is wrong in itself (line 7); a line of it cannot be read"), "{said:?}");
        assert!(said.read(Chinese).starts_with("微信账单文件本身有误（第 7 行）；有一行无法解析"), "{said:?}");
    }

    #[test]
    fn a_file_without_its_end_has_no_line_that_cannot_be_read() {
        let said = |detail| difference_sentence(&found(Summary, Some(Finding::Unreadable), Some(detail)));
        for (detail, english, chinese) in [
            ("no summary", "WeChat's file is wrong in itself (no summary); it was cut,", "微信账单文件本身有误（没有合计）；它不完整"),
            (
                "summary",
                "WeChat's file is wrong in itself (summary); its sums cannot be read,",
                "微信账单文件本身有误（合计）；合计无法解析",
            ),
        ] {
            assert!(said(detail).read(English).starts_with(english), "{:?}", said(detail));
            assert!(said(detail).read(Chinese).starts_with(chinese), "{:?}", said(detail));
        }
    }

    #[test]
    fn a_refund_is_not_spoken_of_as_a_payment() {
        let refund = Found { refund_id: Some("R-1".to_owned()), ..found(UnknownOrder, None, None) };
        let said = difference_sentence(&refund);
        assert!(
            said.read(English).starts_with("WeChat's bill has a refund of an order") && said.read(English).ends_with("who gave it back")
        );
        assert!(!said.read(English).contains("paid") && !said.read(English).contains("payment"), "{said:?}");
        assert!(said.read(Chinese).contains("一笔退款") && !said.read(Chinese).contains("付款"), "{said:?}");
    }

    #[test]
    fn a_refund_that_a_bill_lacks_is_not_one_that_was_closed() {
        let said = |detail| difference_sentence(&found(RefundHereOnly, None, detail)).read(English).to_owned();
        assert!(said(None).starts_with("this refund stands in the books, and WeChat's bill does not have it;"), "{}", said(None));
        let closed = said(Some("退款关闭"));
        assert!(closed.starts_with("this refund stands in the books, and the fund flow says that it was closed;"), "{closed}");
    }

    #[test]
    fn what_is_over_is_not_told_of_as_the_case() {
        let over = Found { state: DifferenceState::Healed, ..found(PaidHereOnly, Some(Finding::AgreesNow), None) };
        assert!(difference_sentence(&over).read(English).starts_with("before: the order is paid here"));
        assert!(difference_sentence(&over).read(Chinese).starts_with("此前：本地该订单已支付"));
        let settled = Found { finding: Some(Finding::Settled), ..over.clone() };
        assert_eq!([&over, &settled].map(|found| difference_state(found).read(Chinese).to_owned()), ["已消除", "已补上"]);
    }

    #[test]
    fn of_a_merchants_own_file_nothing_is_done_again_by_itself() {
        for (_, finding) in all().filter(|(kind, _)| *kind == Summary) {
            let said = rehearsal_sentence(&found(Summary, finding, None));
            assert!(!said.read(English).contains("--fetch") && !said.read(Chinese).contains("--fetch"), "{said:?}");
        }
        let said = |kept: bool| {
            let found = found(PaidHereOnly, Some(Finding::Unanswered), None);
            if kept { difference_sentence(&found) } else { rehearsal_sentence(&found) }
        };
        assert!(said(true).read(English).contains("this service asks again by itself"), "{:?}", said(true));
        assert!(said(false).read(English).contains("is not asked again by itself"), "{:?}", said(false));
    }

    #[test]
    fn who_paid_twice_is_given_one_back() {
        let twice = difference_sentence(&found(SecondTransaction, Some(Finding::Confirmed), None));
        assert!(twice.read(English).contains("give it back") && twice.read(Chinese).contains("退款"), "{twice:?}");
    }
}
