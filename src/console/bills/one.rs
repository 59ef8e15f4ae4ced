//! One bill, and what differs from it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::console::{Console, Refusal, Visitor, answer, page, parts};
use crate::deal::{Bill, Difference, DifferenceKind, DifferenceState, OrderId, fee_in_yuan, yuan};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};
use crate::told::{difference_sentence, difference_state};

use super::view::{detail, path};
use super::words;

/// Differences on one page, which is to stay below 100 KiB.
const LIMIT: usize = 30;

/// Which differences are shown, as the address says.
#[derive(Debug, Default)]
struct WishedDifferences {
    /// All of them, and not only those that are open.
    is_for_all: bool,
    /// Those behind the difference of this number.
    behind: i64,
}

impl WishedDifferences {
    fn of(query: &str) -> Self {
        let mut wish = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "show" => wish.is_for_all = value == "all",
                "behind" => wish.behind = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        wish
    }
}

pub async fn bill(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((account, day)): Path<(String, String)>,
) -> Response {
    answer(&visitor, &console, show(&console, &visitor, &account, &day).await)
}

async fn show(console: &Console, visitor: &Visitor, account: &str, day: &str) -> Result<Response, Refusal> {
    let account = account.parse().map_err(|_| Refusal::NotFound)?;
    let day = day.parse().map_err(|_| Refusal::NotFound)?;
    let bill = console.gateway.bill_of(&account, day).await?.ok_or(Refusal::NotFound)?;
    let wish = WishedDifferences::of(&visitor.query);
    // One more says whether there are more.
    let limit = u32::try_from(LIMIT + 1).unwrap_or(u32::MAX);
    let mut found = console.gateway.some_differences(bill.id, !wish.is_for_all, wish.behind, limit).await?;
    let has_more = found.len() > LIMIT;
    found.truncate(LIMIT);
    Ok(page(visitor, console, words::title(&bill), view(&bill, &wish, &found, has_more, visitor)))
}

fn view(bill: &Bill, wish: &WishedDifferences, found: &[Difference], has_more: bool, visitor: &Visitor) -> String {
    let (language, sums, path) = (visitor.language, &bill.sums, path(bill));
    let (class, state) = words::state(bill.state);
    let listed: String = found.iter().map(|difference| one(difference, visitor)).collect();
    let none =
        if wish.is_for_all { pair("There is none.", "没有差异。") } else { pair("None is open.", "没有未处理的差异。") };
    let listed = if found.is_empty() {
        format!("<p class=\"card none\">{}</p>", none.read(language))
    } else {
        format!("<ul class=\"cards\">\n{listed}</ul>")
    };
    let next = found.last().filter(|_| has_more).map(|last| {
        let (show, behind) = (wish.is_for_all.then_some(("show", "all")), last.id.to_string());
        let address = parts::address(&path, show.into_iter().chain([("behind", behind.as_str())]));
        parts::link(&address, pair("More", "更多").read(language))
    });
    let at = parts::fact(pair("Held against the books", "核对时间").read(language), bill.at.map(parts::time));
    let current = |is_shown: bool| Value::Markup(if is_shown { " aria-current=\"true\"" } else { "" });
    bilingual(
        include_str!("html/bill.html"),
        language,
        &[
            ("state", Value::Markup(&parts::state(class, state.read(language)))),
            ("detail", Value::Markup(&detail(bill, language))),
            ("at", Value::Markup(&at)),
            ("payments", Value::Text(&format!("{}, ¥{}", sums.payments, yuan(sums.paid_fee)))),
            ("refunds", Value::Text(&format!("{}, ¥{}", sums.refunds, yuan(sums.refunded_fee)))),
            ("fee", Value::Text(&fee_in_yuan(sums.fee))),
            ("differences", Value::Text(counted(bill).read(language))),
            ("address", Value::Text(&path)),
            ("open", current(!wish.is_for_all)),
            ("all", current(wish.is_for_all)),
            ("listed", Value::Markup(&listed)),
            ("pages", Value::Markup(&parts::pages(next, language))),
            ("day", Value::Text(&bill.day.to_string())),
            ("account", Value::Text(bill.account.as_str())),
        ],
    )
}

fn counted(Bill { differences, open, .. }: &Bill) -> Text {
    text(format!("{differences}, {open} open"), format!("{differences} 条，{open} 条未处理"))
}

fn one(difference: &Difference, visitor: &Visitor) -> String {
    let (language, found) = (visitor.language, &difference.found);
    let state = difference_state(found);
    let form = if found.state == DifferenceState::Open && visitor.may_act() { form(difference, visitor) } else { String::new() };
    bilingual(
        include_str!("html/difference.html"),
        language,
        &[
            ("id", Value::Text(&difference.id.to_string())),
            ("kind", Value::Text(found.kind.as_str())),
            ("state", Value::Markup(&parts::state(words::class(found.state), state.read(language)))),
            ("sentence", Value::Text(difference_sentence(found).read(language))),
            ("facts", Value::Markup(&facts(difference, language))),
            ("form", Value::Markup(&form)),
        ],
    )
}

/// The numbers stand in the bill, and need not have the form of ours.
fn facts(difference: &Difference, language: Language) -> String {
    let found = &difference.found;
    let code = |number: &Option<String>| number.as_ref().map(|number| format!("<code>{}</code>", parts::escaped(number)));
    let order = found.order_id.as_ref().filter(|number| number.parse::<OrderId>().is_ok());
    let order = order.map(|number| parts::order(number)).or_else(|| code(&found.order_id));
    // Of a sum the sentence says both.
    let is_of_money = found.kind != DifferenceKind::Summary;
    let amount = |fee: Option<i64>| fee.filter(|_| is_of_money).map(|fee| format!("¥{}", yuan(fee)));
    let said = difference.explained_by.as_ref().map(|by| {
        let note = difference.note.as_deref().unwrap_or_default();
        format!("<strong>{}</strong>: <span class=\"note\">{}</span>", parts::escaped(by), parts::escaped(note))
    });
    let facts = [
        (pair("Order", "订单"), order),
        (pair("Transaction", "微信支付单号"), code(&found.transaction_id)),
        (pair("Refund", "退款单号"), code(&found.refund_id)),
        (pair("In the books", "账本"), amount(found.ours_fee)),
        (pair("In the bill", "账单"), amount(found.theirs_fee)),
        (pair("Explained by", "说明人"), said),
    ];
    facts.into_iter().map(|(name, value)| parts::fact(name.read(language), value)).collect()
}

fn form(difference: &Difference, visitor: &Visitor) -> String {
    let (id, csrf) = (difference.id.to_string(), visitor.csrf_field());
    bilingual(include_str!("html/explain.html"), visitor.language, &[("id", Value::Text(&id)), ("csrf", Value::Markup(&csrf))])
}
