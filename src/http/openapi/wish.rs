//! OpenAPI request bodies of toPay and checkout.

use serde_json::{Value, json};

use crate::deal::TradeType;

use super::requests::ACCOUNT;

/// What toPay takes.
pub fn deal() -> Value {
    let mut deal = purchase();
    deal["properties"]["trade_type"] = json!({
        "description": "How it will be paid: NATIVE, the default, by scanning a code; JSAPI on a page inside WeChat or in a mini-program; \
            MWEB from a phone's browser (H5); APP from an app. One that the account's trade_types do not list is answered with \
            NOT_CONFIGURED.",
        "type": "string",
        "enum": TradeType::ALL.map(TradeType::as_str),
    });
    // Without a type: for NATIVE it means nothing, and anything is taken.
    deal["properties"]["openid"] = json!({
        "description": "Who pays, for JSAPI, where it is required: the payer's openid in the account's appid, ^[0-9A-Za-z_-]{1,128}$. For \
            NATIVE it means nothing; for MWEB and APP it is refused.",
    });
    deal
}

/// What toPay and checkout take alike. Numbers and texts count alike, by their text: 19.90 and "19.90" are the same price.
pub fn purchase() -> Value {
    let number = |description| {
        json!({
            "description": description,
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": i32::MAX}, {"type": "string", "pattern": "^[1-9][0-9]{0,9}$"}],
        })
    };
    json!({
        "type": "object",
        "required": ["merchant_id", "product_id", "price"],
        "properties": {
            "merchant_id": number("Who sells: 1 to 2147483647."),
            "product_id": number("What is sold: 1 to 2147483647."),
            "price": {
                "description": "In yuan and exact, with two decimal places at most, and zeros behind them; 0.01 to deal.max_price. 1e3, .5 and 007 are none.",
                "anyOf": [{"type": "number", "minimum": 0.01}, {"type": "string", "pattern": "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,2}0*)?$"}],
            },
            "description": {
                "description": "What the payer reads, in WeChat and on the page: 1 to 127 bytes of UTF-8 without control characters.",
                "type": "string",
            },
            "reference": {
                "description": "The merchant's own order number. It need not be unique.",
                "type": "string",
                "pattern": "^[ -~]{1,64}$",
            },
            "return_url": {
                "description": "Where the payer's page leads once the order is paid: https, on a host that page.return_hosts lists, at \
                                most 1024 characters. {order_id} in its path or query is filled in.",
                "type": "string",
                "format": "uri-template",
            },
            "cancel_url": {
                "description": "Likewise, where it leads a payer who gives up.",
                "type": "string",
                "format": "uri-template",
            },
            "account": {
                "description": "Through which account, instead of the seller's: for a caller whose key may use it, or by a signed offer.",
                "type": "string",
                "pattern": ACCOUNT,
            },
            // These four without a type: in another mode they mean nothing, and anything is taken.
            "timestamp": {
                "description": "Where auth.mode is signed: seconds since 1970, near the present time.",
            },
            "version": {
                "description": "Where auth.mode is signed: what the offer signs, \"v1\" or \"v2\"; v1 if it is left out.",
            },
            "nonce": {
                "description": "Where auth.mode is signed: a new one for each offer, ^[0-9A-Za-z_-]{8,64}$.",
            },
            "signature": {
                "description": "Where auth.mode is signed: HMAC-SHA256 over these, as they are sent and joined by line feeds: v1, \
                                merchant_id, product_id, price, timestamp and nonce; or v2, the same, description, reference, return_url, \
                                cancel_url, trade_type, openid and account, with an empty line for each that is left \
                                out. 64 hexadecimal digits, lower case.",
            },
        },
    })
}
