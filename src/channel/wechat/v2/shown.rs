//! Redaction: what a person may see of a message that is kept as evidence.
//!
//! What is shown is listed, and whatever is not is masked: WeChat may add fields, and one that nobody has thought about may name a payer.

use super::xml;

/// About the order, the payment and the refund.
const SHOWN: [&str; 42] = [
    "return_code",
    "return_msg",
    "result_code",
    "err_code",
    "err_code_des",
    "mch_id",
    "sub_mch_id",
    "trade_type",
    "trade_state",
    "trade_state_desc",
    "out_trade_no",
    "transaction_id",
    "total_fee",
    "settlement_total_fee",
    "fee_type",
    "cash_fee",
    "cash_fee_type",
    "coupon_fee",
    "coupon_count",
    "bank_type",
    "time_end",
    "attach",
    "sign_type",
    "out_refund_no",
    "refund_id",
    "refund_fee",
    "settlement_refund_fee",
    "refund_count",
    "total_refund_count",
    "refund_channel",
    "refund_status",
    "refund_account",
    "refund_recv_accout",
    "refund_recv_account",
    "refund_success_time",
    "refund_request_source",
    "success_time",
    "cash_refund_fee",
    "coupon_refund_fee",
    "coupon_refund_count",
    "refund_desc",
    "rate",
];
/// Bytes of a value that are shown.
const LONGEST: usize = 256;

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownField {
    /// As WeChat calls it.
    pub name: String,
    /// `None`: about the payer, or a secret.
    pub value: Option<String>,
}

/// The fields of a message in the order of the wire; none of what is no message.
pub fn shown(message: &str) -> Vec<ShownField> {
    let fields = xml::parse(message.as_bytes()).unwrap_or_default();
    let shown = |(name, value): (&str, &str)| ShownField {
        name: name.to_owned(),
        value: is_shown(name).then(|| value[..value.floor_char_boundary(LONGEST)].to_owned()),
    };
    fields.iter().map(shown).collect()
}

/// Of several refunds each field has a number behind its name.
fn is_shown(name: &str) -> bool {
    let of_several = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    SHOWN.contains(&name) || SHOWN.contains(&of_several)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_masked() {
        let message = "<xml><result_code>SUCCESS</result_code><openid>oUpF8uMuAJO_M2pxb1Q9zNjWeS6o</openid><sign>C380</sign>\
                       <refund_fee_0>100</refund_fee_0><new_field>payer's name</new_field><attach><![CDATA[<b>]]></attach></xml>";
        let told: Vec<_> = shown(message).into_iter().map(|field| (field.name, field.value)).collect();
        let expected = [
            ("result_code", Some("SUCCESS")),
            ("openid", None),
            ("sign", None),
            ("refund_fee_0", Some("100")),
            ("new_field", None),
            ("attach", Some("<b>")),
        ];
        assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))));
        assert_eq!(shown("not a message"), []);
    }

    #[test]
    fn nothing_of_a_payer_or_a_secret_is_listed() {
        for name in
            ["openid", "sub_openid", "sign", "nonce_str", "prepay_id", "code_url", "req_info", "appid", "is_subscribe", "device_info"]
        {
            assert!(!is_shown(name), "{name}");
        }
    }
}
