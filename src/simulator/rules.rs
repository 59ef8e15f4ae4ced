//! Request validation as WeChat does it before anything else, in its order and with its texts (PROTOCOL.md, 3 and 4.2):
//! method and body (the façade), XML, known parameters, required ones, lengths and forms, mch_id, appid and sub_mch_id,
//! signature.

mod order_form;
mod payer;
mod specs;

use crate::channel::wechat::v2::xml::{self, XmlError};
use crate::channel::wechat::v2::{Fields, SignType, calls};
use crate::deal::Timestamp;

use super::bills;
use super::merchants::{Requester, SimMerchant};
use super::refunds;
use super::switches::Habits;
use order_form::is_notify_url;
use specs::Spec;

/// An API of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    UnifiedOrder,
    OrderQuery,
    CloseOrder,
    Refund,
    RefundQuery,
    DownloadBill,
    DownloadFundFlow,
    GetSignKey,
}

impl Api {
    /// Whether it is answered with a file rather than with signed fields.
    pub fn gives_bills(self) -> bool {
        matches!(self, Self::DownloadBill | Self::DownloadFundFlow)
    }

    /// The last word of its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnifiedOrder => calls::UNIFIED_ORDER.name,
            Self::OrderQuery => calls::ORDER_QUERY.name,
            Self::CloseOrder => calls::CLOSE_ORDER.name,
            Self::Refund => calls::REFUND.name,
            Self::RefundQuery => calls::REFUND_QUERY.name,
            Self::DownloadBill => "downloadbill",
            Self::DownloadFundFlow => "downloadfundflow",
            Self::GetSignKey => "getsignkey",
        }
    }
}

/// Where the APIs are that have one path.
pub const PATHS: [(&str, Api); 7] = [
    (calls::UNIFIED_ORDER.path, Api::UnifiedOrder),
    (calls::ORDER_QUERY.path, Api::OrderQuery),
    (calls::CLOSE_ORDER.path, Api::CloseOrder),
    (calls::REFUND.path, Api::Refund),
    (calls::REFUND_QUERY.path, Api::RefundQuery),
    ("/pay/downloadbill", Api::DownloadBill),
    ("/pay/downloadfundflow", Api::DownloadFundFlow),
];

/// The `return_msg` of a refused request.
pub type Complaint = String;

/// Checks a request; gives its fields, and the merchant that sent it. `now` is the merchants' own time.
pub fn check(
    api: Api,
    body: &[u8],
    merchants: &[SimMerchant],
    sandbox: bool,
    habits: &Habits,
    now: Timestamp,
) -> Result<(Fields, Requester), Complaint> {
    if body.is_empty() {
        return Err("post数据为空".to_owned());
    }
    let fields = xml::parse(body).map_err(|error| match error {
        // The gateway then finds none of its parameters.
        XmlError::Root => "mch_id参数格式错误".to_owned(),
        _ => "输入xml参数格式错误".to_owned(),
    })?;
    let specs: &[Spec] = match api {
        Api::UnifiedOrder => &specs::UNIFIED_ORDER,
        Api::OrderQuery => &specs::ORDER_QUERY,
        Api::CloseOrder => &specs::CLOSE_ORDER,
        Api::Refund => &specs::REFUND,
        Api::RefundQuery => &specs::REFUND_QUERY,
        Api::DownloadBill => &specs::DOWNLOAD_BILL,
        Api::DownloadFundFlow => &specs::DOWNLOAD_FUND_FLOW,
        Api::GetSignKey => &[],
    };
    let all = || specs::ENVELOPE.iter().chain(specs);
    if let Some((unknown, _)) = fields.iter().find(|(name, _)| all().all(|spec| spec.0 != *name)) {
        return Err(format!("不识别的参数{unknown}"));
    }
    let envelope_required: &[&str] =
        if api == Api::GetSignKey { &["mch_id", "nonce_str", "sign"] } else { &["appid", "mch_id", "nonce_str", "sign"] };
    let own_required: &[&str] = match api {
        Api::UnifiedOrder => &specs::UNIFIED_ORDER_REQUIRED,
        Api::CloseOrder => &["out_trade_no"],
        Api::Refund => &specs::REFUND_REQUIRED,
        Api::DownloadBill => &["bill_date"],
        Api::DownloadFundFlow => &["bill_date", "account_type"],
        Api::OrderQuery | Api::RefundQuery | Api::GetSignKey => &[],
    };
    for name in envelope_required.iter().chain(own_required) {
        if fields.get(name).is_none() {
            let zh = all().find(|spec| spec.0 == *name).map_or("", |spec| spec.1);
            return Err(is_missing(name, zh));
        }
    }
    let one_of: &[&str] = match api {
        Api::OrderQuery | Api::Refund => &["transaction_id", "out_trade_no"],
        Api::RefundQuery => &["refund_id", "out_refund_no", "transaction_id", "out_trade_no"],
        Api::UnifiedOrder | Api::CloseOrder | Api::DownloadBill | Api::DownloadFundFlow | Api::GetSignKey => &[],
    };
    if !one_of.is_empty() && one_of.iter().all(|name| fields.get(name).is_none()) {
        return Err("缺少参数".to_owned());
    }
    for (name, value) in fields.iter() {
        let Some(Spec(_, zh, max)) = all().find(|spec| spec.0 == name) else { continue };
        if value.chars().any(|c| c > '\u{ffff}') {
            return Err("输入xml参数格式错误".to_owned());
        }
        if value.len() > *max {
            return Err(match name {
                "nonce_str" | "mch_id" | "trade_type" | "spbill_create_ip" => format!("{name}参数长度有误"),
                _ => format!("输入源“/body/xml/{name}”映射到值字段“{zh}”字符串规则校验失败，字节数 {}，大于最大值 {max}", value.len()),
            });
        }
    }
    match api {
        Api::UnifiedOrder => order_form::check(&fields, habits, now)?,
        Api::Refund => {
            refunds::check_form(&fields)?;
            if fields.get("notify_url").is_some_and(|url| !is_notify_url(url)) {
                return Err("invalid notify_url".to_owned());
            }
        }
        Api::DownloadBill => bills::check_form(&fields)?,
        Api::OrderQuery | Api::CloseOrder | Api::RefundQuery | Api::DownloadFundFlow | Api::GetSignKey => {}
    }
    let requester = check_requester(api, &fields, merchants, sandbox)?;
    if api == Api::UnifiedOrder {
        payer::check(&fields, merchants)?;
    }
    Ok((fields, requester))
}

/// A required parameter that is not there, by its name and WeChat's name for it.
fn is_missing(name: &str, zh: &str) -> Complaint {
    format!("输入源“/body/xml/{name}”映射到字段“{zh}”必填性规则校验失败，此字段为必填项")
}

/// Which merchant sent a request: (appid, mch_id) choose the key, and its signature proves the choice.
pub fn check_requester(api: Api, fields: &Fields, merchants: &[SimMerchant], sandbox: bool) -> Result<Requester, Complaint> {
    let mch_id = fields.get("mch_id").unwrap_or_default();
    if mch_id.starts_with('0') || !mch_id.bytes().all(|b| b.is_ascii_digit()) {
        return Err("输入源“/body/xml/mch_id”映射到值字段“商户号”字符串规则校验失败，字符串必须匹配正则表达式“^[1-9]\\d*$”".to_owned());
    }
    let of_number: Vec<_> = merchants.iter().filter(|merchant| merchant.mch_id == mch_id).collect();
    if of_number.is_empty() {
        return Err("商户号mch_id或sub_mch_id不存在".to_owned());
    }
    let appid = fields.get("appid");
    let Some(merchant) = of_number.into_iter().find(|merchant| appid.is_none_or(|appid| merchant.appid == appid)) else {
        let appid = appid.unwrap_or_default();
        let exists = (appid.len() == 18 && appid.starts_with("wx")) || merchants.iter().any(|merchant| merchant.appid == appid);
        return Err(if exists { "商户号mch_id与appid不匹配".to_owned() } else { "AppID不存在，请检查后再试".to_owned() });
    };
    // The sandbox's key belongs to the provider itself, and so does a bill of all its sub-merchants.
    let is_of_provider = api == Api::GetSignKey || (api.gives_bills() && fields.get("sub_mch_id").or(fields.get("sub_appid")).is_none());
    if !is_of_provider {
        check_sub_merchant(fields, merchant)?;
    }
    let sign_type = match fields.get("sign_type") {
        None | Some("MD5") if api != Api::DownloadFundFlow => SignType::Md5,
        Some("HMAC-SHA256") if api != Api::GetSignKey => SignType::HmacSha256,
        _ => return Err("签名错误".to_owned()),
    };
    // The sandbox's key is asked for with the production key.
    let signer = merchant.signer(sandbox && api != Api::GetSignKey).with(sign_type);
    signer.verify(fields).map_err(|_| "签名错误".to_owned())?;
    Ok(Requester {
        appid: merchant.appid.clone(),
        mch_id: merchant.mch_id.clone(),
        sub_appid: fields.get("sub_appid").map(str::to_owned),
        sub_mch_id: fields.get("sub_mch_id").map(str::to_owned),
        signer,
    })
}

/// A service provider names one of its sub-merchants, and a direct merchant none. Only the text for a missing one is a
/// live capture; the other two are guesses (PROTOCOL.md, 13).
fn check_sub_merchant(fields: &Fields, merchant: &SimMerchant) -> Result<(), Complaint> {
    let (sub_mch_id, sub_appid) = (fields.get("sub_mch_id"), fields.get("sub_appid"));
    let is_provider = !merchant.sub_merchants.is_empty();
    let Some(sub_mch_id) = sub_mch_id else {
        return match sub_appid {
            _ if is_provider => Err("受理机构必须传入sub_mch_id".to_owned()),
            Some(_) => Err("sub_mch_id与sub_appid不匹配".to_owned()),
            None => Ok(()),
        };
    };
    let Some(sub_merchant) = merchant.sub_merchants.iter().find(|sub_merchant| sub_merchant.mch_id == sub_mch_id) else {
        return Err("商户号mch_id或sub_mch_id不存在".to_owned());
    };
    if sub_appid.is_some_and(|sub_appid| sub_merchant.appid.as_deref() != Some(sub_appid)) {
        return Err("sub_mch_id与sub_appid不匹配".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
