//! Where WeChat posts to an account: what is said of it, or what follows from the address of payments.

use crate::channel::wechat::v2::Merchant;

use super::AccountSettings;

/// WeChat takes no longer address.
pub const LONGEST: usize = 256;

impl AccountSettings {
    /// The merchant with both addresses. `own`: where this service takes notifications of payments, for those that have no
    /// other address.
    pub fn merchant_at(&self, own: &str) -> Merchant {
        let account = &self.merchant.account;
        let notify_url = match self.merchant.notify_url.as_str() {
            "" if account.is_default() => own.to_owned(),
            "" => addressed(own, account.as_str()),
            url => url.to_owned(),
        };
        let refund_notify_url = match self.merchant.refund_notify_url.as_str() {
            "" => beside(&notify_url, account.as_str()),
            url => url.to_owned(),
        };
        Merchant { notify_url, refund_notify_url, ..self.merchant.clone() }
    }
}

/// Where notifications of the account `name` go, by where those of the account `default` go: its name stands behind the path.
pub fn addressed(notify_url: &str, name: &str) -> String {
    match notify_url.trim_end_matches('/') {
        "" => String::new(),
        url => format!("{url}/{name}"),
    }
}

/// Where refunds of the account `name` are told of, by where its payments are: `refundNotify` stands for `notify`. An address that does
/// not end so is that of both, for this service reads either at either.
fn beside(notify_url: &str, name: &str) -> String {
    let url = notify_url.trim_end_matches('/');
    let behind = format!("/{name}");
    let (url, behind) = url.strip_suffix(&behind).map_or((url, ""), |url| (url, &*behind));
    // Of a host that is called so the path is missing.
    let base = url.strip_suffix("/notify").filter(|base| !base.ends_with('/'));
    let beside = base.map(|base| format!("{base}/refundNotify{behind}"));
    beside.filter(|url| url.len() <= LONGEST).unwrap_or_else(|| notify_url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refunds_are_told_of_beside_the_payments_or_at_the_same_address() {
        for (notify_url, name, expected) in [
            ("https://pay.example.com/wxPay/notify", "default", "https://pay.example.com/wxPay/refundNotify"),
            ("https://pay.example.com/wxPay/notify/", "default", "https://pay.example.com/wxPay/refundNotify"),
            ("https://pay.example.com/wxPay/notify/shop2", "shop2", "https://pay.example.com/wxPay/refundNotify/shop2"),
            ("https://pay.example.com/notify/notify", "notify", "https://pay.example.com/refundNotify/notify"),
            ("https://pay.example.com/wxPay/callback", "default", "https://pay.example.com/wxPay/callback"),
            ("https://pay.example.com/wxPay/notify/shop2", "shop3", "https://pay.example.com/wxPay/notify/shop2"),
            ("https://notify.example.com/notify/of/us", "default", "https://notify.example.com/notify/of/us"),
            ("https://notify", "default", "https://notify"),
        ] {
            assert_eq!(beside(notify_url, name), expected, "{notify_url}");
        }
        let longest = format!("https://pay.example.com/{}/notify", "x".repeat(LONGEST - 31));
        assert_eq!((longest.len(), beside(&longest, "default")), (LONGEST, longest.clone()), "an address that WeChat takes is kept");
    }
}
