//! What comes instead of a bill. `downloadbill` says it in English with a number, and nothing else; `downloadfundflow` by a word.

use crate::channel::wechat::v2::{Fields, xml};

/// Why there is no bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillError {
    /// Nothing was paid or given back on that day.
    NotThere,
    /// It is too early.
    Creating,
    /// WeChat has some trouble of its own.
    System,
    /// Something is wrong with the question.
    Invalid(&'static str),
}

impl BillError {
    /// The document of `downloadbill`.
    pub fn of_trade_bill(self) -> String {
        match self {
            Self::NotThere => document("No Bill Exist", "20002"),
            Self::Creating => document("Bill Creating", "20002"),
            Self::System => document("SYSTEMERROR", "20003"),
            Self::Invalid(complaint) => complained(complaint),
        }
    }

    /// The document of `downloadfundflow`.
    pub fn of_fund_flow(self) -> String {
        let (code, description) = match self {
            Self::NotThere => ("NO_BILL_EXIST", "账单不存在"),
            Self::Creating => ("BILL_CREATING", "账单未生成"),
            Self::System => ("SYSTEMERROR", "系统繁忙，请稍后再试"),
            Self::Invalid(complaint) => ("PARAM_ERROR", complaint),
        };
        let head = Fields::new().with("return_code", "SUCCESS").with("return_msg", "OK").with("result_code", "FAIL");
        xml::write(&head.with("err_code", code).with("err_code_des", description))
    }
}

/// What `downloadbill` says of a request that it does not take.
fn complained(complaint: &str) -> String {
    document(complaint, "20001")
}

fn document(message: &str, code: &str) -> String {
    xml::write(&Fields::new().with("return_code", "FAIL").with("return_msg", message).with("error_code", code))
}

/// What `downloadbill` says where the other calls have this complaint.
pub fn in_english(complaint: &str) -> String {
    let said = match complaint {
        "请使用post方法" => "require POST method",
        "post数据为空" => "empty post data",
        "输入xml参数格式错误" | "mch_id参数格式错误" => "data format error",
        "签名错误" => "sign error",
        "nonce_str参数长度有误" => "nonce_str too long",
        other if other.starts_with("invalid ") => other,
        other if other.contains("必填性") => "missing parameter",
        other if other.starts_with("不识别") => "invalid parameter",
        other if other.contains("appid") || other.contains("AppID") => "invalid appid",
        _ => "invalid parameter",
    };
    complained(said)
}
