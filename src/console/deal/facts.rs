//! What a deal is, as a list of facts.

use crate::console::{deals, parts};
use crate::deal::Deal;
use crate::language::{Text, pair};
use crate::page::Language;

use super::words;

/// A line for whatever is known.
pub fn view(deal: &Deal, language: Language) -> String {
    let text = |text: Option<&str>| text.map(parts::escaped);
    let code = |text: Option<&str>| text.map(|text| format!("<code>{}</code>", parts::escaped(text)));
    let (class, state) = deals::status(deal.status);
    let way = words::way(deal.trade_type);
    let checkout = deal.checkout_id.as_ref().map(|id| id.as_str());
    let given_back = deal.refunded.fee.map(|fee| parts::fee(Some(fee)));
    let left = deal.paid().map(|_| parts::fee(deal.left()));
    let facts: [(Text, Option<String>); 16] = [
        (pair("State", "状态"), Some(parts::state(class, state.read(language)))),
        (pair("Amount", "金额"), Some(parts::fee(deal.charged))),
        (pair("Given back or on its way", "已退或退款中"), given_back),
        (pair("Can still be given back", "还可退"), left),
        (pair("What the payer reads", "商品描述"), text(deal.details.description.as_ref().map(|text| text.as_str()))),
        (pair("Your reference", "商户单号"), code(deal.details.reference.as_ref().map(|text| text.as_str()))),
        (pair("WeChat's transaction", "微信支付单号"), code(deal.transaction_id.as_deref())),
        (pair("Paid", "支付时间"), deal.paid_at.map(parts::time)),
        (pair("Opened", "下单时间"), Some(parts::time(deal.created_at))),
        (pair("Can be paid until", "付款截止"), deal.expires_at.map(parts::time)),
        (pair("Looked at next", "下次查单"), deal.due_at.map(parts::time)),
        (pair("Seller", "商户编号"), Some(deal.merchant_id.to_string())),
        (pair("Product", "商品编号"), Some(deal.product_id.to_string())),
        (pair("Account", "账户"), code(Some(deal.account.as_str()))),
        (pair("How it is paid", "付款方式"), Some(way.read(language).to_owned())),
        (pair("Checkout", "收银单"), checkout.map(|id| parts::link(&parts::address("/deals", [("q", id)]), &format!("<code>{id}</code>")))),
    ];
    facts.into_iter().map(|(name, value)| parts::fact(name.read(language), value)).collect()
}
