//! OpenAPI request bodies and parameters that several paths share.

use serde_json::{Value, json};

/// The kinds of body that front ends send.
pub const JSON: &str = "application/json";
pub const XML: &str = "text/xml";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// An account's name.
pub const ACCOUNT: &str = "^[a-z][a-z0-9_-]{0,31}$";

/// The numbers of the examples.
pub const ORDER: &str = "20261124062345522402465816291019";
pub const CHECKOUT: &str = "C20261124062345137720915503468021";
pub const REFUND: &str = "20261124063010871204486630152297";

/// Read alike from all kinds.
pub fn body(schema: &Value) -> Value {
    json!({"required": true, "content": {JSON: {"schema": schema}, FORM: {"schema": schema}, MULTIPART: {"schema": schema}}})
}

/// In which language a page is wanted.
pub fn language() -> Value {
    json!({
        "name": "lang",
        "in": "query",
        "required": false,
        "description": "zh or en, instead of what Accept-Language says; whatever else it is is not looked at.",
        "schema": {"type": "string"},
    })
}

/// The same call at the path of one account.
pub fn of_account(mut call: Value) -> Value {
    call["description"] = json!("The same, for one account: a notification that names another one's numbers is refused.");
    call["parameters"] = json!([{
        "name": "account",
        "in": "path",
        "required": true,
        "description": "A section [accounts.<name>] of the configuration, or default.",
        "schema": {"type": "string", "pattern": ACCOUNT},
        "example": "default",
    }]);
    call
}
