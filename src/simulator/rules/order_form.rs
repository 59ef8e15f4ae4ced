//! The forms of an order's parameters, those of its trade type among them.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::channel::wechat::v2::Fields;
use crate::deal::{BeijingTime, OrderId, Timestamp};

use super::super::scene;
use super::super::switches::Habits;
use super::{Complaint, is_missing};
use crate::deal::TradeType;

/// Checks an order.
pub fn check(fields: &Fields, habits: &Habits, now: Timestamp) -> Result<(), Complaint> {
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
    match get("trade_type").parse().ok() {
        None => return Err("trade_type参数格式错误".to_owned()),
        Some(TradeType::Native) if habits.product_id_required && fields.get("product_id").is_none() => {
            return Err("缺少参数".to_owned());
        }
        Some(TradeType::Mweb) => match fields.get("scene_info") {
            None => return Err(is_missing("scene_info", "场景信息")),
            Some(scene_info) if !scene::is_h5(scene_info) => return Err("scene_info参数格式错误".to_owned()),
            Some(_) => {}
        },
        // What belongs to another type is let pass.
        Some(_) => {}
    }
    if let Some(time) = fields.get("time_expire") {
        let Some(time) = BeijingTime::from_compact(time) else { return Err("time_expire参数格式错误".to_owned()) };
        if time.timestamp() < now + TimeDelta::seconds(i64::from(habits.min_time_expire)) {
            return Err("time_expire时间过短,刷卡至少1分钟,其他5分钟".to_owned());
        }
    }
    Ok(())
}

/// `^https?://([^\s/?#\[\]\@]+\@)?([^\s/?#\@:]+)(?::\d{2,5})?([^\s?#\[\]]*)$` (PROTOCOL.md, 7.4).
pub fn is_notify_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://").or(url.strip_prefix("https://")) else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    !host.is_empty() && !url.contains(|c: char| c.is_whitespace() || c == '?' || c == '#')
}
