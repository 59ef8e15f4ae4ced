//! The payers' login (网页授权, OAuth 2.0 with `snsapi_base`): a page in WeChat gets a code, and its server the payer's openid for it
//! (PROTOCOL.md, 15.2).

use crate::deal::Timestamp;

use super::World;
use super::codes::LoginError;
use super::payers::Payer;
use super::scene::host_of;

/// What a page asks of the login.
pub(super) struct Authorization<'a> {
    pub appid: &'a str,
    pub redirect_uri: &'a str,
    pub response_type: &'a str,
    pub scope: &'a str,
}

/// Why a page cannot send its payer to the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CannotAuthorize {
    /// `redirect_uri` is none.
    Redirect,
    /// The scope or the response is another, or the appid is not known.
    Scope,
}

impl CannotAuthorize {
    /// WeChat's text and code for it.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Redirect => ("redirect_uri 参数错误", "10003"),
            Self::Scope => ("Scope 参数错误或没有 Scope 权限", "10005"),
        }
    }
}

/// What a merchant's server asks with a code.
pub(super) struct Exchange<'a> {
    pub appid: &'a str,
    pub secret: &'a str,
    pub code: &'a str,
    pub grant_type: &'a str,
}

impl World {
    /// A code for a payer who came from a page.
    pub(super) fn authorize(&mut self, asked: &Authorization<'_>, payer: Payer, now: Timestamp) -> Result<String, CannotAuthorize> {
        let is_known = self.merchants.iter().any(|merchant| merchant.has_appid(asked.appid));
        if !is_known || asked.scope != "snsapi_base" || asked.response_type != "code" {
            return Err(CannotAuthorize::Scope);
        }
        if host_of(asked.redirect_uri).is_none() {
            return Err(CannotAuthorize::Redirect);
        }
        let code = self.chance.nonce();
        self.codes.give(code.clone(), asked.appid, payer, now);
        Ok(code)
    }

    /// The payer whose openid a code is good for; it is spent by that.
    pub(super) fn exchange(&mut self, asked: &Exchange<'_>, now: Timestamp) -> Result<Payer, LoginError> {
        for (value, code, text) in
            [(asked.appid, 41002, "appid missing"), (asked.secret, 41004, "appsecret missing"), (asked.code, 41008, "missing code")]
        {
            if value.is_empty() {
                return Err((code, text));
            }
        }
        if asked.grant_type != "authorization_code" {
            return Err((40002, "invalid grant_type"));
        }
        let mut owners = self.merchants.iter().filter(|merchant| merchant.has_appid(asked.appid)).peekable();
        if owners.peek().is_none() {
            return Err((40013, "invalid appid"));
        }
        if !owners.any(|merchant| merchant.has_secret(asked.appid, asked.secret)) {
            return Err((40125, "invalid appsecret"));
        }
        self.codes.spend(asked.code, asked.appid, now)
    }
}
