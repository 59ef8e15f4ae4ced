//! A scripted WeChat whose script can be changed while it runs.

use std::sync::{Arc, Mutex};

use wechat_pay::channel::wechat::v2::{Fields, xml};

use super::stub::{Reply, Stub};
use super::wechat_message::WeChatMessage;

pub const LINK: &str = "weixin://wxpay/bizpayurl?pr=abc";

/// What to answer, by the API's name and the fields of the request.
type Script = Box<dyn FnMut(&str, &Fields) -> Reply + Send>;

/// The stub with its present script.
pub struct ScriptedWeChat {
    pub stub: Stub,
    script: Arc<Mutex<Script>>,
}

impl ScriptedWeChat {
    /// A WeChat that gives links and has no payer.
    pub async fn new() -> Self {
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(friendly)));
        let present = Arc::clone(&script);
        let stub = Stub::start(move |path, request| {
            let fields = xml::parse(request.as_bytes()).expect("a request in WeChat's form");
            (present.lock().unwrap())(path.strip_prefix("/pay/").expect("an API"), &fields)
        })
        .await;
        Self { stub, script }
    }

    pub fn answers_by(&self, script: impl FnMut(&str, &Fields) -> Reply + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub fn answers_rightly(&self) {
        self.answers_by(friendly);
    }

    /// The bodies of the requests to one API so far.
    pub fn asked(&self, api: &str) -> Vec<String> {
        let requests = self.stub.requests.lock().unwrap();
        requests.iter().filter(|(path, _)| *path == format!("/pay/{api}")).map(|(_, body)| body.clone()).collect()
    }
}

/// The right answer about an unpaid order.
pub fn right(api: &str, request: &Fields) -> WeChatMessage {
    match api {
        "unifiedorder" => WeChatMessage::link(LINK),
        "orderquery" => WeChatMessage::state(number(request), "NOTPAY"),
        _ => WeChatMessage::yes(),
    }
}

pub fn number(request: &Fields) -> &str {
    request.get("out_trade_no").unwrap()
}

fn friendly(api: &str, request: &Fields) -> Reply {
    Reply::Body(right(api, request).signed())
}

pub fn says(message: &WeChatMessage) -> Reply {
    Reply::Body(message.signed())
}
