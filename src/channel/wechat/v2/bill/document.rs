//! Error documents: what WeChat answers instead of a file (PROTOCOL.md, 16.4).

use crate::channel::wechat::v2::fields::Fields;
use crate::channel::wechat::v2::refusal::refusal;
use crate::channel::wechat::v2::xml;

use super::error::BillError;
use super::lines::BYTE_ORDER_MARK;

/// Whether a text that begins with this line is a document and no file, whose first line holds names.
pub(super) fn is_document(first_line: &str) -> bool {
    first_line.trim_start().starts_with('<')
}

/// The same of the first bytes of an answer, behind white space and byte order marks. `None`: there is nothing but these.
pub(in crate::channel::wechat::v2) fn begins_document(start: &[u8]) -> Option<bool> {
    let start = without_blanks(start);
    // A mark may have come in half.
    if BYTE_ORDER_MARK.starts_with(start) { None } else { Some(start.starts_with(b"<")) }
}

fn without_blanks(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii_start();
    while let Some(behind) = text.strip_prefix(BYTE_ORDER_MARK) {
        text = behind.trim_ascii_start();
    }
    text
}

/// Reads a document.
pub(in crate::channel::wechat::v2) fn read(document: &[u8]) -> BillError {
    xml::parse(without_blanks(document).trim_ascii_end()).map_or(BillError::NotABill, |fields| meaning(&fields))
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
