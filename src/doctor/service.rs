//! The exchange with a running service ([`crate::handshake`]): it proves to be ours, and says what arrived.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use crate::handshake::{Answer, HEADER, Key, Question, digest};

use super::Doctor;
use super::line::{Broken, Line, Tls};

/// What answered at an address.
pub struct Service {
    pub status: u16,
    /// `None`: something that does not know our key.
    pub answer: Option<Answer>,
    /// Whether the body arrived as it was sent.
    pub untouched: bool,
    pub took: Duration,
}

impl Doctor {
    /// Posts to a service as WeChat would, with a question beside it. With `forged`, the caller claims to be another one.
    pub(super) async fn question(&self, line: Line, url: &Url, forged: Option<&str>) -> Result<Service, Broken> {
        // Whichever account's URL it is: the service has one key for this.
        let key = Key::derive(|purpose| self.settings.wechat.merchant.signer.derived_key(purpose));
        let question = Question::new(self.clock.now(), &self.chance);
        let body = body(&self.chance.nonce());
        let mut headers = HeaderMap::new();
        let claim = self.settings.server.client_ip_header.clone();
        let beside = [(HeaderName::from_static(HEADER), Some(question.header(&key))), (claim, forged.map(str::to_owned))];
        for (name, value) in beside.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value?).ok()?))) {
            headers.insert(name, value);
        }
        let connecting = line.took;
        let heard = line.post(url, &Tls::default(), headers, body.clone()).await?;
        let answer = heard.headers.get(HEADER).and_then(|header| header.to_str().ok());
        let answer = answer.and_then(|header| Answer::read(header, &question, &key));
        let untouched = answer.as_ref().is_some_and(|answer| answer.body == digest(body.as_bytes()));
        Ok(Service { status: heard.status, answer, untouched, took: connecting + heard.tls.unwrap_or_default() + heard.http })
    }

    /// The same at an address of this machine.
    pub(super) async fn question_here(&self, address: SocketAddr) -> Option<Service> {
        let url: Url = format!("http://{address}/wxPay/notify").parse().ok()?;
        self.question(Line::to(address).await.ok()?, &url, None).await.ok()
    }
}

/// XML that is no notification, with what meddlers like to change: line ends, blanks, Chinese, entities; and more than
/// fits into a proxy's buffers, so that it takes the same way as the largest notifications.
fn body(nonce: &str) -> String {
    let line = "  <line>\t微信支付 &amp; &#60;更多&#62;  </line>\r\n";
    format!("<xml>\r\n<doctor><![CDATA[{nonce}]]></doctor>\r\n{}</xml>\r\n", line.repeat(400))
}
