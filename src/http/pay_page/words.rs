//! Translations: what the payer's page says, in both languages.

use axum::http::Uri;

use crate::page::Language;

/// Where the payer looks at the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a screen that the phone can scan.
    Desk,
    /// On a phone, in its browser.
    Phone,
    /// On a phone, inside WeChat.
    WeChat,
}

impl Place {
    /// What `?in=` says, which a simulated payer's page believes: an ordinary browser plays the others then.
    pub fn simulated(uri: &Uri) -> Option<Self> {
        let query = uri.query().unwrap_or_default();
        let (_, place) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "in")?;
        match &*place {
            "wechat" => Some(Self::WeChat),
            "phone" => Some(Self::Phone),
            "desk" => Some(Self::Desk),
            _ => None,
        }
    }

    /// By what the browser says of itself. A wrong guess costs a sentence.
    pub fn of(user_agent: &str) -> Self {
        match user_agent {
            agent if agent.contains("MicroMessenger") && !agent.contains("WindowsWechat") && !agent.contains("MacWechat") => Self::WeChat,
            agent if ["Mobile", "Android", "iPhone"].iter().any(|word| agent.contains(word)) => Self::Phone,
            _ => Self::Desk,
        }
    }
}

/// A text by its name in the template.
pub fn text(language: Language, name: &str) -> Option<&'static str> {
    let (_, chinese, english) = WORDS.iter().find(|(known, ..)| *known == name)?;
    Some(match language {
        Language::Chinese => chinese,
        Language::English => english,
    })
}

/// How to pay from where the payer is.
pub fn how(language: Language, place: Place) -> &'static str {
    let name = match place {
        Place::Desk => "how_at_a_desk",
        Place::Phone => "how_on_a_phone",
        Place::WeChat => "how_in_wechat",
    };
    text(language, name).unwrap_or_default()
}

const WORDS: [(&str, &str, &str); 31] = [
    ("title", "微信支付", "WeChat Pay"),
    ("heading", "微信扫码支付", "Pay with WeChat"),
    ("other_name", "English", "中文"),
    ("qr_label", "微信支付二维码", "QR code for WeChat Pay"),
    ("left_label", "剩余时间", "Time left"),
    ("waiting", "等待支付", "Waiting for your payment"),
    ("paying", "请在手机上确认付款", "Please confirm on your phone"),
    ("failed", "付款未成功，请重新扫码", "The payment failed, please scan again"),
    ("offline", "网络不稳定，正在重试…", "The network is unstable, trying again…"),
    ("paid", "支付成功", "Payment received"),
    ("paid_more", "款项已收到，可以放心离开本页。", "We have received your payment. You may leave this page."),
    ("refunded", "已支付，并有退款", "Paid, with a refund"),
    ("refunded_fee", "已退款", "Refunded"),
    ("refunding_fee", "退款处理中", "Refund on its way"),
    (
        "refunded_more",
        "款项原路退回，可在微信账单中查看。如有疑问，请联系商家。",
        "The money goes back the way it came; WeChat shows it among your bills. Please ask the shop if something is unclear.",
    ),
    ("expired", "二维码已过期", "The code has expired"),
    (
        "expired_more",
        "请勿再付款，请返回商家重新下单。若刚刚已付款，本页会自动更新。",
        "Please do not pay any more; go back to the shop and order again. If you have just paid, this page will say so by itself.",
    ),
    ("closed", "订单已关闭", "The order is closed"),
    ("closed_more", "本订单不能再付款，请返回商家重新下单。", "It cannot be paid any more. Please go back to the shop and order again."),
    ("trouble", "暂时取不到付款码", "No code to pay with just now"),
    ("trouble_more", "尚未扣款。本页会自动重试，您也可以现在", "Nothing has been charged. This page tries again by itself, or you can"),
    ("try_again", "重新加载", "try again now"),
    ("back", "返回商家", "Back to the shop"),
    ("give_up", "不付了，返回商家", "Do not pay, back to the shop"),
    ("order_label", "订单号", "Order"),
    ("product_label", "商品", "Product"),
    ("how_at_a_desk", "打开手机微信，用“扫一扫”扫描此二维码。", "Open WeChat on your phone and scan this code with “Scan”."),
    (
        "how_on_a_phone",
        "请在电脑或另一部手机上打开本页，再用这部手机的微信“扫一扫”扫描。",
        "Open this page on a computer or another phone, then scan it with “Scan” in WeChat on this phone.",
    ),
    (
        "how_in_wechat",
        "在微信里打开本页无法直接付款：请在电脑或另一部手机上打开本页，再用微信“扫一扫”扫描。",
        "You cannot pay from inside WeChat: open this page on a computer or another phone, then scan it with “Scan” in WeChat.",
    ),
    ("note", "长按识别、从相册选取二维码均无法付款。", "A long press on the code, or a picture of it from the album, does not work."),
    ("unknown_amount", "—", "—"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_told_apart_from_a_desk() {
        for (agent, place) in [
            ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", Place::Desk),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1", Place::Phone),
            ("Mozilla/5.0 (Linux; Android 16) Mobile Safari/537.36", Place::Phone),
            ("Mozilla/5.0 (Linux; Android 16) Mobile MicroMessenger/8.0.60 NetType/WIFI", Place::WeChat),
            ("Mozilla/5.0 (Windows NT 10.0) MicroMessenger/7.0 WindowsWechat", Place::Desk),
            ("", Place::Desk),
        ] {
            assert_eq!(Place::of(agent), place, "{agent}");
        }
    }
}
