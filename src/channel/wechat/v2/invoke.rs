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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::wechat::v2::sign::SignType;
    use crate::channel::wechat::v2::testing::{merchant, provider, signer};

    const PREPAY_ID: &str = "wx201410272009395522657a690389285100";
    /// What no nonce of ours is, since ours are drawn in lower case: so the drawn one is replaced by it.
    const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";

    /// The parameters of this moment of the vectors, as they were handed over.
    fn invoked(merchant: &Merchant, trade_type: TradeType) -> Vec<(String, String)> {
        let params = merchant.pay_params(trade_type, PREPAY_ID, "2014-10-29T05:48:19Z".parse().unwrap(), &Chance::System);
        let serde_json::Value::Object(params) = serde_json::to_value(params).unwrap() else { panic!("an object") };
        params.into_iter().map(|(name, value)| (name, value.as_str().expect("a text").to_owned())).collect()
    }

    /// Their signature, after it was found right, for the nonce of the vectors.
    fn signature(merchant: &Merchant, trade_type: TradeType, [nonce, sign]: [&str; 2]) -> String {
        let params = invoked(merchant, trade_type);
        let unsigned = |drawn: bool| -> Fields {
            let fields = params.iter().filter(|(name, _)| name != sign);
            fields.map(|(name, value)| (name.as_str(), if name == nonce && !drawn { NONCE } else { value.as_str() })).collect()
        };
        let own = params.iter().find(|(name, _)| name == sign).map(|(_, value)| value.as_str());
        assert_eq!(own, Some(merchant.signer.sign(&unsigned(true)).as_str()), "{params:?}");
        merchant.signer.sign(&unsigned(false))
    }

    #[test]
    fn a_page_in_wechat_gets_the_signatures_that_are_known_from_elsewhere() {
        for (sign_type, expected) in [
            (SignType::Md5, "FD19D752A746E5F238A6E53BD99EEBD0"),
            (SignType::HmacSha256, "FC7A79E4918B4FFA96E836F5AD4A510F31241FB46C14C971D6D7B4F8E15AF262"),
        ] {
            let signed = signature(&merchant(sign_type), TradeType::Jsapi, ["nonceStr", "paySign"]);
            assert_eq!(signed, expected, "T2 and T3");
            assert_ne!(signed, "4DF55F6E55A8ED5D5DC70065354BD61A", "T3x: timestamp in lower case");
        }
        let mini_program = Merchant { appid: "wx0123456789abcdef".to_owned(), ..merchant(SignType::HmacSha256) };
        let signed = signature(&mini_program, TradeType::Jsapi, ["nonceStr", "paySign"]);
        assert_eq!(signed, "6E8DB4E4010851245477B93BB4D763064AD462EF5ECE4836D0D6B79A0F78BBD2", "T7");
    }

    #[test]
    fn an_app_gets_the_signatures_that_are_known_from_elsewhere() {
        for (sign_type, expected) in [
            (SignType::Md5, "1F88CC0F1B0560FF6D5EED1FBB7AE9C0"),
            (SignType::HmacSha256, "62E940627B1AE23A7FA957793AD576177906BAFF190D103D0CC6F55B75F8DD2F"),
        ] {
            assert_eq!(signature(&merchant(sign_type), TradeType::App, ["noncestr", "sign"]), expected, "T4");
        }
    }

    #[test]
    fn the_names_are_wechat_s_to_the_letter_and_timestamp_in_lower_case_is_never_signed() {
        let names = |trade_type| {
            let mut names: Vec<_> = invoked(&merchant(SignType::Md5), trade_type).into_iter().map(|(name, _)| name).collect();
            names.sort();
            names
        };
        assert_eq!(names(TradeType::Jsapi), ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]);
        assert_eq!(names(TradeType::App), ["appid", "noncestr", "package", "partnerid", "prepayid", "sign", "timestamp"]);
        let wrong = Fields::new()
            .with("appId", "wxd930ea5d5a258f4f")
            .with("timestamp", "1414561699")
            .with("nonceStr", NONCE)
            .with("package", format!("prepay_id={PREPAY_ID}"))
            .with("signType", "MD5");
        assert_eq!(signer(SignType::Md5).sign(&wrong), "4DF55F6E55A8ED5D5DC70065354BD61A", "T3x is what is not to be");
    }

    #[test]
    fn a_sub_merchant_with_an_appid_of_its_own_is_called_by_that() {
        let provider = provider(SignType::Md5);
        let value =
            |trade_type, name: &str| invoked(&provider, trade_type).into_iter().find(|(known, _)| known == name).map(|(_, value)| value);
        assert_eq!(value(TradeType::Jsapi, "appId"), provider.sub_appid);
        assert_eq!(
            (value(TradeType::App, "appid"), value(TradeType::App, "partnerid")),
            (provider.sub_appid.clone(), provider.sub_mch_id.clone())
        );
        let without = Merchant { sub_appid: None, ..provider.clone() };
        let appid = invoked(&without, TradeType::Jsapi).into_iter().find(|(name, _)| name == "appId").map(|(_, value)| value);
        assert_eq!(appid, Some(without.appid));
    }
}
