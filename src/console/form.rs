//! What a form has posted: few values, each once, from a page of this very session.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::Response;
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use crate::language::pair;

use super::Console;
use super::refusal::Refusal;
use super::visitor::Visitor;

/// Bytes of a form.
const MOST: usize = 16 * 1024;
/// From the head to the end of the body.
const BODY: Duration = Duration::from_millis(3500);

/// What was posted by a user that may act: the token against forgery was right. As an argument of a handler it refuses all others.
pub struct PostedForm(Fields);

/// The values of a form, a password among them.
#[derive(Default)]
pub struct Fields(HashMap<String, String>);

impl PostedForm {
    /// A value without blanks around it; `None`: it is missing or empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.text(field)
    }
}

impl Fields {
    /// The same.
    pub fn text(&self, field: &str) -> Option<&str> {
        Some(self.exact(field).trim()).filter(|text| !text.is_empty())
    }

    /// A value as it was typed: blanks around a password are a part of it.
    pub fn exact(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// Whether the form is one of this visitor's session.
    pub fn is_of(&self, visitor: &Visitor) -> bool {
        bool::from(self.exact("csrf").as_bytes().ct_eq(visitor.csrf.as_bytes()))
    }

    /// Reads a form's body.
    pub async fn read(request: Request) -> Result<Self, Refusal> {
        let bad = || Refusal::BadForm(pair("The form could not be read. Nothing was done.", "表单无法读取。没有执行任何操作。"));
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(bad());
        }
        let bytes = timeout(BODY, to_bytes(request.into_body(), MOST)).await.map_err(|_| bad())?.map_err(|_| bad())?;
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(&bytes) {
            // Two readers would take two different ones.
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(bad());
            }
        }
        Ok(Self(fields))
    }
}

impl PostedForm {
    /// A value as it was typed.
    pub fn exact(&self, field: &str) -> &str {
        self.0.exact(field)
    }

    async fn of(request: Request, visitor: &Visitor) -> Result<Self, Refusal> {
        if !visitor.may_act() {
            return Err(Refusal::NotAllowed);
        }
        let fields = Fields::read(request).await?;
        if fields.is_of(visitor) { Ok(Self(fields)) } else { Err(Refusal::Foreign) }
    }
}

impl FromRequest<Arc<Console>> for PostedForm {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Response> {
        // The guard has put it there; without it nobody is logged in.
        let Some(visitor) = request.extensions().get::<Visitor>().cloned() else {
            return Err(Refusal::LoggedOut.bare(crate::page::Language::Chinese, console.is_simulated));
        };
        Self::of(request, &visitor).await.map_err(|refusal| refusal.page(&visitor, console))
    }
}
