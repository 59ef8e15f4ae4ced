//! OpenAPI paths: which call is described where.

use serde_json::{Value, json};

use super::bills;
use super::books;
use super::changes::changes;
use super::from_wechat::{notify, notify_account, refund_notify, refund_notify_account};
use super::pay_page::{pay_js, pay_page};
use super::purchases::{checkout, to_pay};
use super::refunds::{query_refund, refund};
use super::service::{docs, healthz, openapi_json, readyz};
use super::standing::{close_order, events, query_checkout, query_order};

pub fn paths() -> Value {
    json!({
        "/wxPay/toPay": {"post": to_pay()},
        "/wxPay/checkout": {"post": checkout()},
        "/wxPay/queryOrder": {"post": query_order("queryOrder")},
        "/wxPay/wxPay/queryOrder": {"post": query_order("queryOrderAlias")},
        "/wxPay/queryCheckout": {"post": query_checkout()},
        "/wxPay/doCloseOrder": {"post": close_order()},
        "/wxPay/events": {"get": events()},
        "/pay.js": {"get": pay_js()},
        "/pay/{number}": {"get": pay_page()},
        "/wxPay/notify": {"post": notify("notify")},
        "/wxPay/notify/{account}": {"post": notify_account("notifyAccount")},
        "/wxPay/callback": {"post": notify("notifyAlias")},
        "/wxPay/callback/{account}": {"post": notify_account("notifyAccountAlias")},
        "/wxPay/refund": {"post": refund()},
        "/wxPay/queryRefund": {"post": query_refund()},
        "/wxPay/deals": {"get": books::deals()},
        "/wxPay/deals/{order_id}": {"get": books::deal_of_number()},
        "/wxPay/takings": {"get": books::takings()},
        "/wxPay/bills": {"get": bills::bills()},
        "/wxPay/bills/{date}/differences": {"get": bills::differences()},
        "/wxPay/bills/{date}/file": {"get": bills::file()},
        "/wxPay/bills/differences/{id}/explain": {"post": bills::explain()},
        "/wxPay/changes": {"get": changes()},
        "/wxPay/refundNotify": {"post": refund_notify("refundNotify")},
        "/wxPay/refundNotify/{account}": {"post": refund_notify_account("refundNotifyAccount")},
        "/healthz": {"get": healthz()},
        "/readyz": {"get": readyz()},
        "/openapi.json": {"get": openapi_json()},
        "/docs": {"get": docs()},
    })
}
