//! One more proof before money moves.

use crate::console::Console;
use crate::console::form::PostedForm;
use crate::console::refusal::Refusal;
use crate::console::visitor::Visitor;
use crate::page::bilingual;

use super::proof::Claim;

/// The visitor's password, and code, once more: of `password` and `totp` of the form. Failures are counted by the session.
///
/// # Errors
/// [`Refusal::Unproven`], [`Refusal::TooMany`], [`Refusal::Busy`], [`Refusal::Unavailable`].
pub async fn confirm(console: &Console, visitor: &Visitor, form: &PostedForm) -> Result<(), Refusal> {
    let claim = Claim { name: &visitor.name, password: form.exact("password"), code: form.exact("totp") };
    console.prove_again(claim, visitor).await.map(|_| ())
}

/// The fields of a form that asks for it.
pub fn proof_fields(console: &Console, visitor: &Visitor) -> String {
    let has_code = console.settings.user(&visitor.name).is_some_and(|user| user.totp.is_some());
    let password = "<label>{{再次输入密码|Your password once more}} \
                    <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required maxlength=\"1024\"></label>\n";
    let code = "<label>{{动态码|Code}} \
                <input name=\"totp\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"10\"></label>\n";
    [Some(password), has_code.then_some(code)].into_iter().flatten().map(|field| bilingual(field, visitor.language, &[])).collect()
}
