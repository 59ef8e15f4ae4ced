//! Every text is an amount that reads back as itself, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechat_pay::deal::{Fen, OrderId};

fuzz_target!(|text: &str| {
    if let Ok(amount) = Fen::from_yuan(text) {
        assert_eq!(Fen::from_yuan(&amount.yuan()), Ok(amount));
        assert_eq!(Fen::from_price(amount.to_price()), Some(amount));
    }
    if let Some(amount) = Fen::from_total_fee(text) {
        assert_eq!(amount.get().to_string(), text);
    }
    if let Ok(order_id) = text.parse::<OrderId>() {
        assert_eq!(order_id.as_str(), text);
    }
});
