//! OAuth2 with `snsapi_base`: which payer of an appid's a browser inside WeChat is (PROTOCOL.md, 3). The answer is not signed, and proves
//! nothing about money: it only says in whose name an order is asked for.

use std::time::Duration;

use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::deal::Openid;

/// For the whole exchange; the payer's browser waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// No answer of WeChat's is near this.
const LARGEST: usize = 16 * 1024;

/// Where and as whom payers are asked who they are.
#[derive(Debug, Clone)]
pub struct LoginEndpoints {
    /// The official account's appid, or the sub-merchant's.
    pub appid: String,
    /// Its AppSecret, which no browser ever sees.
    pub secret: SecretString,
    /// Below which `/connect/oauth2/authorize` is, for browsers.
    pub browser: Url,
    /// Below which `/sns/oauth2/access_token` is, for this service.
    pub api: Url,
}

/// The login of payers of one appid.
#[derive(Debug)]
pub struct Login {
    endpoints: LoginEndpoints,
    client: Client,
}

/// Why it is not known who a payer is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The code is none, or was used, or is too old: another one is to be had from WeChat.
    #[error("WeChat does not take the code ({0})")]
    Code(i64),
    /// The reader of a snapshot page, who is no payer.
    #[error("a snapshot page's reader is no payer")]
    Snapshot,
    /// WeChat has refused for another reason, such as a wrong AppSecret.
    #[error("WeChat refuses the login ({0})")]
    Refused(i64),
    /// No answer, or none that can be read.
    #[error("WeChat did not answer the login")]
    NoAnswer,
}

/// Either form of WeChat's answer, which comes with HTTP 200.
#[derive(Deserialize)]
struct Answer {
    openid: Option<String>,
    #[serde(default)]
    is_snapshotuser: i64,
    errcode: Option<i64>,
}

impl Login {
    /// A login that asks by this client.
    pub fn new(endpoints: LoginEndpoints, client: Client) -> Self {
        Self { endpoints, client }
    }

    /// Where a browser inside WeChat is led to, to come back to `back` with a code and with `state`. The parameters stand in WeChat's
    /// own order, and the fragment is wanted.
    pub fn address(&self, back: &str, state: &str) -> String {
        let base = self.endpoints.browser.as_str().trim_end_matches('/');
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("appid", &self.endpoints.appid)
            .append_pair("redirect_uri", back)
            .append_pair("response_type", "code")
            .append_pair("scope", "snsapi_base")
            .append_pair("state", state)
            .finish();
        format!("{base}/connect/oauth2/authorize?{query}#wechat_redirect")
    }

    /// Exchanges a code, which can be done once.
    ///
    /// # Errors
    /// Why it is not known whose code it is.
    pub async fn openid(&self, code: &str) -> Result<Openid, LoginError> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("appid", &self.endpoints.appid)
            .append_pair("secret", self.endpoints.secret.expose_secret())
            .append_pair("code", code)
            .append_pair("grant_type", "authorization_code")
            .finish();
        let url = format!("{}/sns/oauth2/access_token?{query}", self.endpoints.api.as_str().trim_end_matches('/'));
        let asked = async {
            let mut response = self.client.get(url).send().await.ok()?;
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.ok()? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST {
                    return None;
                }
            }
            Some(body)
        };
        let body = tokio::time::timeout(PATIENCE, asked).await.ok().flatten().ok_or(LoginError::NoAnswer)?;
        read(&body)
    }
}

fn read(body: &[u8]) -> Result<Openid, LoginError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| LoginError::NoAnswer)?;
    match answer {
        Answer { errcode: Some(code @ (40029 | 40163 | 41008)), .. } => Err(LoginError::Code(code)),
        Answer { errcode: Some(code), .. } if code != 0 => Err(LoginError::Refused(code)),
        Answer { is_snapshotuser: 1, .. } => Err(LoginError::Snapshot),
        Answer { openid, .. } => openid.and_then(|text| text.parse().ok()).ok_or(LoginError::NoAnswer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_wechat_s_own_to_the_letter() {
        // Without one no client is made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoints = LoginEndpoints {
            appid: "wx520c15f417810387".to_owned(),
            secret: "fedcba9876543210fedcba9876543210".into(),
            browser: "https://open.weixin.qq.com".parse().unwrap(),
            api: "https://api.weixin.qq.com".parse().unwrap(),
        };
        let login = Login::new(endpoints, Client::new());
        assert_eq!(
            login.address("https://pay.example.com/pay/C1/openid", "s1"),
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx520c15f417810387&redirect_uri=https%3A%2F%2Fpay.example.com%2Fpay%2F\
             C1%2Fopenid&response_type=code&scope=snsapi_base&state=s1#wechat_redirect"
        );
        assert!(!format!("{login:?}").contains("fedcba"));
    }

    #[test]
    fn only_a_payer_s_openid_is_one() {
        for (answer, expected) in [
            (r#"{"access_token":"A","expires_in":7200,"openid":"oUpF8","scope":"snsapi_base"}"#, Ok("oUpF8")),
            (r#"{"access_token":"A","openid":"oUpF8","is_snapshotuser":1}"#, Err(LoginError::Snapshot)),
            (r#"{"errcode":40029,"errmsg":"invalid code"}"#, Err(LoginError::Code(40029))),
            (r#"{"errcode":40163,"errmsg":"code been used"}"#, Err(LoginError::Code(40163))),
            (r#"{"errcode":40125,"errmsg":"invalid appsecret"}"#, Err(LoginError::Refused(40125))),
            (r#"{"openid":"a b"}"#, Err(LoginError::NoAnswer)),
            ("{}", Err(LoginError::NoAnswer)),
            ("<html>", Err(LoginError::NoAnswer)),
        ] {
            assert_eq!(read(answer.as_bytes()).as_ref().map(Openid::as_str).map_err(Clone::clone), expected, "{answer}");
        }
    }
}
