//! Request validation as WeChat does it before anything else, in its order and with its texts (PROTOCOL.md, 3 and 4.2):
//! method and body (the façade), XML, known parameters, required ones, lengths and forms, mch_id, appid and sub_mch_id,
//! signature.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::channel::wechat::v2::xml::{self, XmlError};
use crate::channel::wechat::v2::{Fields, SignType, calls};
use crate::deal::{BeijingTime, OrderId, Timestamp};

use super::merchants::{Requester, SimMerchant};
use super::refunds;
use super::switches::Habits;

/// An API of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    UnifiedOrder,
    OrderQuery,
    CloseOrder,
    Refund,
    RefundQuery,
    GetSignKey,
}

impl Api {
    /// The last word of its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnifiedOrder => calls::UNIFIED_ORDER.name,
            Self::OrderQuery => calls::ORDER_QUERY.name,
            Self::CloseOrder => calls::CLOSE_ORDER.name,
            Self::Refund => calls::REFUND.name,
            Self::RefundQuery => calls::REFUND_QUERY.name,
            Self::GetSignKey => "getsignkey",
        }
    }
}

/// Where the APIs are that have one path.
pub const PATHS: [(&str, Api); 5] = [
    (calls::UNIFIED_ORDER.path, Api::UnifiedOrder),
    (calls::ORDER_QUERY.path, Api::OrderQuery),
    (calls::CLOSE_ORDER.path, Api::CloseOrder),
    (calls::REFUND.path, Api::Refund),
    (calls::REFUND_QUERY.path, Api::RefundQuery),
];

/// A parameter of a request: its name, WeChat's name for it, how many bytes it may have.
struct Spec(&'static str, &'static str, usize);

const ENVELOPE: [Spec; 7] = [
    Spec("appid", "公众账号ID", 32),
    Spec("mch_id", "商户号", 32),
    Spec("sub_appid", "子商户公众账号ID", 32),
    Spec("sub_mch_id", "子商户号", 32),
    Spec("nonce_str", "随机字符串", 32),
    Spec("sign", "签名", 128),
    Spec("sign_type", "签名类型", 32),
];

const UNIFIED_ORDER: [Spec; 20] = [
    Spec("device_info", "设备号", 32),
    Spec("body", "商品描述", 127),
    Spec("detail", "商品详情", 6144),
    Spec("attach", "附加数据", 127),
    Spec("out_trade_no", "商户订单号", 32),
    Spec("fee_type", "标价币种", 16),
    Spec("total_fee", "标价金额", 20),
    Spec("spbill_create_ip", "终端IP", 64),
    Spec("time_start", "交易起始时间", 14),
    Spec("time_expire", "交易结束时间", 14),
    Spec("goods_tag", "订单优惠标记", 32),
    Spec("notify_url", "通知地址", 256),
    Spec("trade_type", "交易类型", 16),
    Spec("product_id", "商品ID", 32),
    Spec("limit_pay", "指定支付方式", 32),
    Spec("openid", "用户标识", 128),
    Spec("receipt", "电子发票入口开放标识", 8),
    Spec("scene_info", "场景信息", 256),
    Spec("profit_sharing", "是否需要分账", 16),
    Spec("version", "接口版本号", 32),
];
const UNIFIED_ORDER_REQUIRED: [&str; 6] = ["body", "out_trade_no", "total_fee", "spbill_create_ip", "notify_url", "trade_type"];

const ORDER_QUERY: [Spec; 2] = [Spec("transaction_id", "微信订单号", 32), Spec("out_trade_no", "商户订单号", 32)];
const CLOSE_ORDER: [Spec; 1] = [Spec("out_trade_no", "商户订单号", 32)];

const REFUND: [Spec; 11] = [
    Spec("transaction_id", "微信支付订单号", 32),
    Spec("out_trade_no", "商户订单号", 32),
    Spec("out_refund_no", "商户退款单号", 64),
    Spec("total_fee", "标价金额", 20),
    Spec("refund_fee", "退款金额", 20),
    Spec("refund_fee_type", "退款货币种类", 8),
    Spec("refund_desc", "退款原因", 80),
    Spec("refund_account", "退款资金来源", 30),
    Spec("notify_url", "退款结果通知url", 256),
    // Of old versions; libraries go on sending them.
    Spec("op_user_id", "操作员", 32),
    Spec("device_info", "设备号", 32),
];
const REFUND_REQUIRED: [&str; 3] = ["out_refund_no", "total_fee", "refund_fee"];
const REFUND_QUERY: [Spec; 6] = [
    Spec("refund_id", "微信退款单号", 32),
    Spec("out_refund_no", "商户退款单号", 64),
    Spec("transaction_id", "微信订单号", 32),
    Spec("out_trade_no", "商户订单号", 32),
    Spec("offset", "偏移量", 15),
    Spec("device_info", "设备号", 32),
];

/// The `return_msg` of a refused request.
pub type Complaint = String;

/// Checks a request; gives its fields, and the merchant that sent it.
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
        Api::UnifiedOrder => &UNIFIED_ORDER,
        Api::OrderQuery => &ORDER_QUERY,
        Api::CloseOrder => &CLOSE_ORDER,
        Api::Refund => &REFUND,
        Api::RefundQuery => &REFUND_QUERY,
        Api::GetSignKey => &[],
    };
    let all = || ENVELOPE.iter().chain(specs);
    if let Some((unknown, _)) = fields.iter().find(|(name, _)| all().all(|spec| spec.0 != *name)) {
        return Err(format!("不识别的参数{unknown}"));
    }
    let envelope_required: &[&str] =
        if api == Api::GetSignKey { &["mch_id", "nonce_str", "sign"] } else { &["appid", "mch_id", "nonce_str", "sign"] };
    let own_required: &[&str] = match api {
        Api::UnifiedOrder => &UNIFIED_ORDER_REQUIRED,
        Api::CloseOrder => &["out_trade_no"],
        Api::Refund => &REFUND_REQUIRED,
        Api::OrderQuery | Api::RefundQuery | Api::GetSignKey => &[],
    };
    for name in envelope_required.iter().chain(own_required) {
        if fields.get(name).is_none() {
            let zh = all().find(|spec| spec.0 == *name).map_or("", |spec| spec.1);
            return Err(format!("输入源“/body/xml/{name}”映射到字段“{zh}”必填性规则校验失败，此字段为必填项"));
        }
    }
    let one_of: &[&str] = match api {
        Api::OrderQuery | Api::Refund => &["transaction_id", "out_trade_no"],
        Api::RefundQuery => &["refund_id", "out_refund_no", "transaction_id", "out_trade_no"],
        Api::UnifiedOrder | Api::CloseOrder | Api::GetSignKey => &[],
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
        Api::UnifiedOrder => check_order(&fields, habits, now)?,
        Api::Refund => {
            refunds::check_form(&fields)?;
            if fields.get("notify_url").is_some_and(|url| !is_notify_url(url)) {
                return Err("invalid notify_url".to_owned());
            }
        }
        Api::OrderQuery | Api::CloseOrder | Api::RefundQuery | Api::GetSignKey => {}
    }
    let requester = check_requester(api, &fields, merchants, sandbox)?;
    Ok((fields, requester))
}

/// The forms of an order's parameters.
fn check_order(fields: &Fields, habits: &Habits, now: Timestamp) -> Result<(), Complaint> {
    let get = |name| fields.get(name).unwrap_or_default();
    if get("out_trade_no").parse::<OrderId>().is_err() {
        return Err("out_trade_no参数格式错误".to_owned());
    }
    match get("total_fee").parse::<i64>() {
        Err(_) => {
            return Err("无法将输入源“/body/xml/total_fee”映射到目标字段“标价金额”中，此字段需要一个合法的 64 位有符号整数".to_owned());
        }
        Ok(fee) if fee < 1 => return Err("invalid total_fee".to_owned()),
        Ok(_) => {}
    }
    let is_mapped = |address: &IpAddr| address.to_canonical() != *address;
    if !get("spbill_create_ip").parse::<IpAddr>().is_ok_and(|address| !is_mapped(&address)) {
        return Err("invalid spbill_create_ip".to_owned());
    }
    if !is_notify_url(get("notify_url")) {
        return Err("invalid notify_url".to_owned());
    }
    if !["NATIVE", "JSAPI", "APP", "MWEB"].contains(&get("trade_type")) {
        return Err("trade_type参数格式错误".to_owned());
    }
    if get("trade_type") == "NATIVE" && habits.product_id_required && fields.get("product_id").is_none() {
        return Err("缺少参数".to_owned());
    }
    if let Some(time) = fields.get("time_expire") {
        let Some(time) = BeijingTime::from_compact(time) else { return Err("time_expire参数格式错误".to_owned()) };
        if time.timestamp() < now + TimeDelta::seconds(i64::from(habits.min_time_expire)) {
            return Err("time_expire时间过短,刷卡至少1分钟,其他5分钟".to_owned());
        }
    }
    Ok(())
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
    // The sandbox's key belongs to the provider itself.
    if api != Api::GetSignKey {
        check_sub_merchant(fields, merchant)?;
    }
    let sign_type = match fields.get("sign_type") {
        None | Some("MD5") => SignType::Md5,
        Some("HMAC-SHA256") if api != Api::GetSignKey => SignType::HmacSha256,
        Some(_) => return Err("签名错误".to_owned()),
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

/// `^https?://([^\s/?#\[\]\@]+\@)?([^\s/?#\@:]+)(?::\d{2,5})?([^\s?#\[\]]*)$` (PROTOCOL.md, 7.4).
fn is_notify_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://").or(url.strip_prefix("https://")) else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    !host.is_empty() && !url.contains(|c: char| c.is_whitespace() || c == '?' || c == '#')
}

#[cfg(test)]
mod tests;
