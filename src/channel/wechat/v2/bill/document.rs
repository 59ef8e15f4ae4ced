//! Error documents: what WeChat answers instead of a file (PROTOCOL.md, 16.4).

use crate::channel::wechat::v2::fields::Fields;
use crate::channel::wechat::v2::refusal::refusal;
use crate::channel::wechat::v2::xml;

use super::error::BillError;

/// Whether a text that begins with this line is a document and no file, whose first line holds names.
pub(super) fn is_document(first_line: &str) -> bool {
    first_line.trim_start().starts_with('<')
}

/// Reads a document.
pub(super) fn read(document: &[u8]) -> BillError {
    xml::parse(document.trim_ascii()).map_or(BillError::NotABill, |fields| meaning(&fields))
}

/// `downloadbill` says it in `return_msg`, `downloadfundflow` by a word in `err_code`. Their letters' case varies.
fn meaning(fields: &Fields) -> BillError {
    let code = fields.get("err_code").or_else(|| fields.get("error_code"));
    let message = fields.get("err_code_des").or_else(|| fields.get("return_msg")).unwrap_or_default();
    let says =
        |words: &[&str]| words.iter().any(|word| [code.unwrap_or_default(), message].iter().any(|said| said.eq_ignore_ascii_case(word)));
    if says(&["No Bill Exist", "NO_BILL_EXIST"]) {
        BillError::NoBillExists
    } else if says(&["Bill Creating", "BILL_CREATING"]) {
        BillError::BillCreating
    } else if says(&["SYSTEMERROR", "system error", "CompressGZip Error", "UnCompressGZip Error"]) {
        BillError::SystemError
    } else {
        BillError::Refused(refusal(code, message))
    }
}
