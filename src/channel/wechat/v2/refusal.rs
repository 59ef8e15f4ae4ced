//! Classification of WeChat's refusals by their words (PROTOCOL.md, 4).

use crate::channel::error::{Ground, Refusal};

/// WeChat's no: `err_code` and `err_code_des` of a signed business failure; or no code and the `return_msg` of a protocol
/// failure (`return_code` FAIL), which is never signed.
pub(super) fn refusal(err_code: Option<&str>, description: &str) -> Refusal {
    let ground = match err_code {
        Some("OUT_TRADE_NO_USED") => Ground::NumberTaken,
        Some("INVALID_REQUEST") if description.contains("商户订单号重复") => Ground::NumberTaken,
        Some("ORDERPAID" | "ORDERCLOSED") => Ground::Decided,
        Some("SIGNERROR") => Ground::OurSignature,
        None if description.contains("签名错误") => Ground::OurSignature,
        _ => Ground::Other,
    };
    Refusal { ground, err_code: err_code.map(str::to_owned), description: description.to_owned() }
}
