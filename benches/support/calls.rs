//! What the callers send.

use super::messages::YUAN;
use super::wire::post;

/// A front end's toPay.
pub fn wish() -> Vec<u8> {
    post("/wxPay/toPay", "application/json", &format!(r#"{{"merchant_id":1,"product_id":2,"price":"{YUAN}"}}"#))
}

/// A front end's queryOrder.
pub fn poll(order_id: &str) -> Vec<u8> {
    post("/wxPay/queryOrder", "application/json", &format!(r#"{{"order_id":"{order_id}"}}"#))
}

/// WeChat's notification.
pub fn notification(message: &str) -> Vec<u8> {
    post("/wxPay/notify", "text/xml", message)
}

/// The number of a deal, in the answer of toPay.
pub fn order_id(answer: &[u8]) -> String {
    super::wire::json_text(answer, "order_id").unwrap().to_owned()
}
