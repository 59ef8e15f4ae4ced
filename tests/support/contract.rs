//! Answers held against the contract: the forms of a refusal, and of what WeChat is told.

use serde_json::Value;

use super::http::Answer;
use super::wechat_message::ACKNOWLEDGED;

impl Answer {
    /// The body as JSON, after it was held against the contract's form of a refusal: these words and no others.
    #[track_caller]
    pub fn refused(&self, status: u16, reason: &str, field: Option<&str>, what: &str) -> Value {
        const WORDS: [&str; 11] =
            ["code", "msg", "reason", "field", "detail", "order_id", "checkout_id", "retry_after", "refund_id", "refund_state", "left"];
        assert_eq!(self.header("content-type"), Some("application/json"), "{what}: {}", self.body);
        let json = self.json();
        let told = (self.status, json["code"].as_i64(), json["reason"].as_str(), json["field"].as_str());
        assert_eq!(told, (status, Some(1), Some(reason), field), "{what}: {}", self.body);
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(json["msg"].as_str().is_some_and(is_chinese), "{what}: {}", self.body);
        assert!(json.as_object().unwrap().keys().all(|word| WORDS.contains(&word.as_str())), "{what}: {}", self.body);
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{what}");
        json
    }

    /// What WeChat is told of a notification that was not believed: the fixed form with one of a few fixed sentences.
    #[track_caller]
    pub fn not_believed(&self, status: u16, what: &str) {
        const SENTENCES: [&str; 18] = [
            "TOO LARGE",
            "TOO SLOW",
            "MALFORMED",
            "ENCODED",
            "INCOMPLETE",
            "SENDER",
            "SIGNATURE",
            "FOREIGN",
            "NO ACCOUNT",
            "UNKNOWN ORDER",
            "ORDER OF ANOTHER ACCOUNT",
            "UNKNOWN REFUND",
            "AMOUNT",
            "CURRENCY",
            "PAID BY ANOTHER TRANSACTION",
            "TRANSACTION OF ANOTHER ORDER",
            "BUSY",
            "ERROR",
        ];
        let sentence = self
            .body
            .strip_prefix("<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[")
            .and_then(|rest| rest.strip_suffix("]]></return_msg></xml>"));
        assert_eq!(self.status, status, "{what}: {}", self.body);
        assert!(sentence.is_some_and(|sentence| SENTENCES.contains(&sentence)), "{what}: {}", self.body);
        assert!(self.is_xml(), "{what}");
    }

    /// The one answer that stops WeChat's repeats, to the byte.
    #[track_caller]
    pub fn acknowledged(&self, what: &str) {
        assert_eq!((self.status, self.body.as_str()), (200, ACKNOWLEDGED), "{what}");
        assert!(self.is_xml(), "{what}");
    }

    fn is_xml(&self) -> bool {
        self.header("content-type").is_some_and(|label| label.split(';').next() == Some("text/xml"))
    }
}
