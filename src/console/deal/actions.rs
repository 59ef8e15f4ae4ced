//! What may be done with a deal now: a form for each, with its consequence beside its button.

use crate::console::{Visitor, words as refusals};
use crate::deal::{Deal, DealStatus};
use crate::gateway::Doable;
use crate::language::Text;
use crate::page::{Value, bilingual};

use super::words;

const REFUND: &str = include_str!("html/refund_form.html");
const CLOSE: &str = include_str!("html/close_form.html");
const ASK: &str = include_str!("html/ask_form.html");
const ACTIONS: &str = "<section aria-labelledby=\"actions\">\n<h2 id=\"actions\">{{现在可以做的|What may be done now}}</h2>\n\
                       <div class=\"actions\">{{forms}}</div>\n</section>\n";

/// The forms; of somebody who may not act, that.
pub fn view(deal: &Deal, doable: &Doable, visitor: &Visitor) -> String {
    let language = visitor.language;
    let said = |text: &Text| bilingual("<p class=\"muted\">{{said}}</p>\n", language, &[("said", Value::Text(text.read(language)))]);
    let mut forms = String::new();
    if !visitor.may_act() {
        forms.push_str(&said(&words::only_looks()));
    } else {
        match &doable.refund {
            Some(Ok(left)) => forms.push_str(&form(REFUND, deal, visitor, &[("left", Value::Text(&left.yuan()))])),
            Some(Err(error)) => forms.push_str(&said(&words::no_refund(&refusals::of(error)))),
            None => {}
        }
        match &doable.close {
            Some(Ok(())) => forms.push_str(&form(CLOSE, deal, visitor, &[])),
            Some(Err(error)) => forms.push_str(&said(&refusals::of(error))),
            None => {}
        }
        if doable.ask {
            let consequence = words::ask(deal.status == DealStatus::Paid);
            forms.push_str(&form(ASK, deal, visitor, &[("consequence", Value::Text(consequence.read(language)))]));
        }
        if forms.is_empty() {
            forms.push_str(&said(&words::nothing_to_do()));
        }
    }
    bilingual(ACTIONS, language, &[("forms", Value::Markup(&forms))])
}

fn form(template: &str, deal: &Deal, visitor: &Visitor, more: &[(&str, Value<'_>)]) -> String {
    let csrf = visitor.csrf_field();
    let own = [("order", Value::Text(deal.order_id.as_str())), ("csrf", Value::Markup(&csrf))];
    let values: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
    bilingual(template, visitor.language, &values)
}
