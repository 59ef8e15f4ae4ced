//! OpenAPI request bodies and parameters that several paths share.

use serde_json::{Value, json};

/// The kinds of body that front ends send.
pub const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// An account's name.
pub const ACCOUNT: &str = "^[a-z][a-z0-9_-]{0,31}$";

/// Read alike from all kinds.
pub fn body(schema: &Value) -> Value {
    json!({"required": true, "content": {JSON: {"schema": schema}, FORM: {"schema": schema}, MULTIPART: {"schema": schema}}})
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
    }]);
    call
}
