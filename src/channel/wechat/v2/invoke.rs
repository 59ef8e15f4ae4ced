//! Invoke parameters: what a page inside WeChat, a mini-program or an app calls WeChat with to have an order paid, signed anew
//! each time (PROTOCOL.md, 3). `timeStamp` is signed with a capital S; the signature of `unifiedorder` is never passed on.

use crate::chance::Chance;
use crate::channel::order::PayParams;
use crate::deal::{Timestamp, TradeType};

use super::fields::Fields;
use super::merchant::Merchant;

impl Merchant {
    /// The parameters for an order that is paid with this `prepay_id`, signed with the merchant's present key and its algorithm, which
    /// has to be the order's. A sub-merchant with an appid of its own is called by that.
    pub(in crate::channel) fn pay_params(&self, trade_type: TradeType, prepay_id: &str, now: Timestamp, chance: &Chance) -> PayParams {
        let appid = self.sub_appid.as_ref().unwrap_or(&self.appid).as_str();
        let (seconds, nonce) = (now.timestamp().to_string(), chance.nonce());
        match trade_type {
            TradeType::App => {
                let partnerid = self.sub_mch_id.as_ref().unwrap_or(&self.mch_id).as_str();
                let signed = Fields::new()
                    .with("appid", appid)
                    .with("partnerid", partnerid)
                    .with("prepayid", prepay_id)
                    .with("package", "Sign=WXPay")
                    .with("noncestr", nonce)
                    .with("timestamp", seconds);
                self.with_signature(signed, "sign")
            }
            TradeType::Jsapi | TradeType::Native | TradeType::Mweb => {
                let signed = Fields::new()
                    .with("appId", appid)
                    .with("timeStamp", seconds)
                    .with("nonceStr", nonce)
                    .with("package", format!("prepay_id={prepay_id}"))
                    .with("signType", self.signer.sign_type().as_str());
                self.with_signature(signed, "paySign")
            }
        }
    }

    fn with_signature(&self, signed: Fields, name: &'static str) -> PayParams {
        let signature = self.signer.sign(&signed);
        signed.with(name, signature).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}
