//! Classification of WeChat's refusals by their words (PROTOCOL.md, 4).

use crate::channel::error::{Ground, Refusal};

/// For a refusal without a `return_msg`, which means nothing but on some calls.
pub(super) const WORDLESS: &str = "return_code FAIL";

/// WeChat's no: `err_code` and `err_code_des` of a signed business failure; or no code and the `return_msg` of a protocol
/// failure (`return_code` FAIL), which is never signed.
pub(super) fn refusal(err_code: Option<&str>, description: &str) -> Refusal {
    let ground = match err_code {
        Some("OUT_TRADE_NO_USED") => Ground::NumberTaken,
        Some("INVALID_REQUEST") if description.contains("商户订单号重复") => Ground::NumberTaken,
        Some("ORDERPAID" | "ORDERCLOSED") => Ground::Decided,
        Some("SIGNERROR") => Ground::OurSignature,
        None if description.contains("签名错误") => Ground::OurSignature,
        // `downloadbill` has a code for everything that is wrong with a request, and says in English what it is.
        Some("20001") if description == "sign error" => Ground::OurSignature,
        _ => Ground::Other,
    };
    Refusal { ground, err_code: err_code.map(str::to_owned), description: description.to_owned() }
}

/// Whether it was not looked at because there were too many calls.
pub(super) fn asks_for_patience(refusal: &Refusal) -> bool {
    match &refusal.err_code {
        Some(code) => code == "FREQUENCY_LIMITED",
        None => refusal.description.contains("频率限制"),
    }
}
