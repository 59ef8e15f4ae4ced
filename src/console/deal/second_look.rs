//! The second look: a refund in words, before it is asked for.

use crate::console::{Console, Visitor, parts, proof_fields};
use crate::deal::RefundReason;
use crate::gateway::SecondLook;
use crate::language::Text;
use crate::page::{Value, bilingual};

use super::words;

const FORM: &str = include_str!("html/second_look.html");

/// The form that asks for it, and what went wrong when it did before.
pub fn view(look: &SecondLook, reason: Option<&RefundReason>, trouble: Option<&Text>, console: &Console, visitor: &Visitor) -> String {
    let language = visitor.language;
    let proof = if console.settings.wants_proof(look.fee) { proof_fields(console, visitor) } else { String::new() };
    let said = trouble.map(|trouble| {
        let values = [("trouble", Value::Text(trouble.read(language)))];
        bilingual("<p role=\"alert\" class=\"trouble\">{{trouble}}</p>\n", language, &values)
    });
    let back = parts::link(&parts::order_path(look.deal.order_id.as_str()), words::back().read(language));
    let form = bilingual(
        FORM,
        language,
        &[
            ("order", Value::Text(look.deal.order_id.as_str())),
            ("plan", Value::Text(words::plan(look).read(language))),
            ("reason", Value::Text(words::reason(reason).read(language))),
            ("remains", Value::Text(words::remains(look).read(language))),
            ("consequence", Value::Text(words::consequence().read(language))),
            ("csrf", Value::Markup(&visitor.csrf_field())),
            ("number", Value::Text(&look.number)),
            ("stood", Value::Text(&look.deal.refunded.standing())),
            ("amount", Value::Text(&look.fee.yuan())),
            ("typed_reason", Value::Text(reason.map(RefundReason::as_str).unwrap_or_default())),
            ("proof", Value::Markup(&proof)),
            ("back", Value::Markup(&back)),
            ("button", Value::Text(words::give_back(look.fee).read(language))),
        ],
    );
    format!("{}{form}", said.unwrap_or_default())
}
