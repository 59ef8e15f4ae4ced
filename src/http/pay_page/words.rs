//! Translations: what the payer's page says, in both languages.

use crate::page::{Language, Value, fill};

/// A text by its name in the templates.
pub fn text(language: Language, name: &str) -> Option<&'static str> {
    let (_, chinese, english) = WORDS.iter().find(|(known, ..)| *known == name)?;
    Some(match language {
        Language::Chinese => chinese,
        Language::English => english,
    })
}

/// A template with these values, and words where it names none of them.
pub fn told<'a>(template: &'a str, language: Language, values: &[(&str, Value<'a>)]) -> String {
    fill(template, |name| {
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        value.or_else(|| text(language, name).map(Value::Text))
    })
}

/// What the script says in the place of the status, as attributes `data-say-…`.
pub const SAID: [&str; 15] = [
    "waiting",
    "paying",
    "failed",
    "offline",
    "paid",
    "refunded",
    "expired",
    "closed",
    "trouble",
    "confirming",
    "cancelled",
    "unconfirmed",
    "back",
    "no_bridge",
    "taken",
];

const WORDS: [(&str, &str, &str); 66] = [
    // How it stands.
    ("waiting", "等待付款", "Waiting for your payment"),
    ("paying", "请在手机上确认付款", "Please confirm on your phone"),
    ("paying_here", "请在微信里完成付款", "Please finish the payment in WeChat"),
    ("failed", "付款没有成功，可以再试一次", "The payment did not go through. You can try again."),
    ("offline", "网络不稳定，正在重新连接…", "The connection is lost. Trying again…"),
    ("paid", "付款完成", "Payment complete"),
    ("refunded", "已付款，有退款", "Paid, with a refund"),
    ("expired", "已超过付款时间", "The time to pay is over"),
    ("closed", "订单已关闭", "The order is closed"),
    ("trouble", "暂时无法获取付款二维码", "No payment code is to be had just now"),
    ("taken", "有人正在用另一个微信付款", "Someone else is paying this in WeChat"),
    ("confirming", "正在确认付款结果…", "Confirming your payment…"),
    ("cancelled", "还没有付款，可以继续支付", "Not paid yet. You can still pay."),
    ("unconfirmed", "还没有收到付款结果", "We have not heard of your payment yet"),
    ("back", "已完成付款？", "Have you paid?"),
    ("no_bridge", "请在微信里打开本页付款", "Please open this page in WeChat to pay"),
    // What that means.
    ("paying_more", "已扫码", "Scanned"),
    ("peek", "重新显示二维码", "Show the code again"),
    (
        "offline_more",
        "如果已经付了款，请不要重复付。恢复连接后，本页会自动显示结果。",
        "If you have paid already, do not pay again: this page shows the result as soon as it is connected.",
    ),
    (
        "unconfirmed_more",
        "已经付了款的，请稍等，结果会自动显示；还没有付的，可以重新支付。",
        "If you have paid, please wait a moment; the result appears by itself. If not, you can pay again.",
    ),
    ("paid_more", "商家已收到您的付款。", "The shop has received your payment."),
    ("refunded_fee", "已退款", "Refunded"),
    ("refunding_fee", "退款处理中", "Refund on its way"),
    (
        "refunded_more",
        "退款会原路退回，可在微信“账单”里查看。如有疑问，请联系商家。",
        "The money goes back the way it came, and WeChat lists it among your bills. Please ask the shop if anything is unclear.",
    ),
    (
        "expired_more",
        "请不要再付款，回商家重新下单即可。刚刚已经付过的，本页会自动显示结果。",
        "Please do not pay any more; order again at the shop. If you have just paid, this page will say so by itself.",
    ),
    (
        "closed_more",
        "这笔订单不能再付款了。还需要的话，请回商家重新下单。",
        "This order can no longer be paid. Please order again at the shop.",
    ),
    ("trouble_more", "还没有扣款。本页会自动重试，也可以", "Nothing has been charged. This page tries again by itself, or you can"),
    ("try_again", "立即重试", "try again now"),
    (
        "taken_more",
        "对方付款后，本页会显示结果。要由您来付，请在电脑上打开本页，用微信扫码。",
        "This page shows the result when they have paid. To pay it yourself, open this page on a computer and scan the code.",
    ),
    // How to pay.
    ("wechat_pay", "微信支付", "WeChat Pay"),
    ("qr_label", "微信支付付款二维码", "QR code for WeChat Pay"),
    ("left_label", "剩余付款时间", "Time left to pay"),
    ("how_at_a_desk", "打开手机微信，用“扫一扫”扫码付款", "Open WeChat on your phone, tap Scan, and point it at the code"),
    (
        "how_on_a_phone",
        "请用另一部手机的微信扫一扫付款，或者复制链接，在电脑上打开再扫。",
        "Scan this code with WeChat on another phone, or copy the link and open it on a computer.",
    ),
    (
        "how_in_wechat",
        "这笔订单要扫码付款：请用另一部手机的微信扫一扫，或者复制链接，在电脑上打开再扫。",
        "This order is paid by scanning: use WeChat on another phone, or copy the link and open it on a computer.",
    ),
    (
        "how_open_in_wechat",
        "这笔订单要在微信里付款：复制链接，发到微信里打开。",
        "This order is paid inside WeChat: copy the link, send it to a chat, and open it there.",
    ),
    (
        "how_open_in_a_browser",
        "这笔订单要在手机浏览器里付款：复制链接，用浏览器打开。",
        "This order is paid from the phone’s browser: copy the link and open it there.",
    ),
    (
        "how_open_on_a_phone",
        "这笔订单要在手机上付款：把链接发到手机，用手机浏览器打开。",
        "This order is paid on a phone: send the link to your phone and open it in its browser.",
    ),
    (
        "how_open_in_the_app",
        "这笔订单要在商家的 App 里付款，请回到 App 继续。",
        "This order is paid in the shop’s app. Please go back to the app.",
    ),
    ("note", "长按识别、从相册选取都不能付款", "A long press or a picture from the album does not work"),
    ("open_in_simulated_wechat", "在模拟微信里打开", "Open it in the simulated WeChat"),
    ("copy", "复制链接", "Copy the link"),
    ("copied", "已复制", "Copied"),
    ("pay_now", "立即支付", "Pay now"),
    ("bridge_without_script", "在微信里打开本页并允许脚本运行，才能付款。", "To pay, open this page in WeChat with scripts allowed."),
    ("go_to_wechat", "去微信支付", "Pay in WeChat"),
    ("h5_more", "会打开微信，付完款回到这里查看结果。", "This opens WeChat. Come back here for the result."),
    ("i_paid", "我已支付", "I have paid"),
    ("pay_again", "重新支付", "Pay again"),
    ("pay_by_phone", "用模拟手机付款", "Pay with the simulated phone"),
    ("safe", "在微信里付款，本页不会要求输入密码", "You pay inside WeChat. This page never asks for a password."),
    // The receipt.
    ("receipt", "付款凭证", "Receipt"),
    ("payee_label", "收款方", "Paid to"),
    ("product_label", "商品", "Product"),
    ("amount_label", "付款金额", "Amount"),
    ("paid_at_label", "付款时间", "Paid at"),
    ("time_zone", "", " (Beijing time)"),
    ("order_label", "订单号", "Order number"),
    ("transaction_label", "微信支付单号", "WeChat Pay number"),
    ("print", "打印或保存", "Print or save"),
    // Where else to go.
    ("other_name", "English", "中文"),
    ("back_to_shop", "返回商家", "Back to the shop"),
    ("give_up", "放弃付款", "Cancel and go back"),
    ("leaving", "{n} 秒后返回商家", "Back to the shop in {n} s"),
    ("stay", "留在本页", "Stay here"),
    ("unknown_amount", "—", "—"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_word_is_there_once_in_both_languages() {
        let names: HashSet<_> = WORDS.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), WORDS.len());
        for name in SAID.iter().chain(&["paying_here"]) {
            let [chinese, english] = [Language::Chinese, Language::English].map(|language| text(language, name).unwrap());
            assert!(!chinese.is_ascii() && english.chars().all(|letter| letter < '\u{2e80}'), "{name}: {chinese}, {english}");
        }
    }
}
