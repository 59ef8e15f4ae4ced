//! What calls about refunds meet on their way, and WeChat's books of refunds.

use chrono::TimeDelta;
use wechat_pay::channel::wechat::v2::{Fields, xml};
use wechat_pay::deal::Timestamp;
use wechat_pay::simulator::{OrderKey, RefundRefusal, RefundSource, SimOrder, SimRefund};

use super::network::Network;
use super::support::random::Random;

/// How far a query lags behind.
pub const LAG: TimeDelta = TimeDelta::seconds(8);
/// The number of no refund.
const NOBODYS: &str = "nobody-knows-it";

impl Network {
    /// All refunds at WeChat.
    pub fn refunds(&self) -> impl Iterator<Item = &SimRefund> {
        self.world.refunds().chain(self.second.refunds())
    }

    /// What every request for a new refund is refused with; none: what the rules say.
    pub fn refuse_refunds(&mut self, refusal: Option<RefundRefusal>) {
        for world in [&mut self.world, &mut self.second] {
            world.faults.refund_refused = refusal;
        }
    }

    fn refund(&self, number: &str) -> Option<&SimRefund> {
        self.refunds().find(|refund| refund.out_refund_no == number)
    }

    /// The payment that a refund gives back.
    pub fn transaction_of(&self, refund: &SimRefund) -> Option<&String> {
        let is_of_second = self.second.refunds().any(|other| other.out_refund_no == refund.out_refund_no);
        let world = if is_of_second { &self.second } else { &self.world };
        world.order_by_key(&refund.order)?.transaction_id.as_ref()
    }

    /// Whether the merchant's staff has given something back of an order.
    pub fn is_given_back_by_hand(&self, order: &OrderKey) -> bool {
        self.world.refunds().any(|refund| refund.order == *order && refund.source == RefundSource::VendorPlatform)
    }

    /// Whether a call is about the second payment of an order.
    pub(super) fn is_about_second(&self, api: &str, request: &str) -> bool {
        let fields = fields(request);
        let is_its_payment = |order: &SimOrder| order.transaction_id.as_deref() == fields.get("transaction_id");
        match api {
            "refund" => fields.contains("transaction_id") && self.second.orders().any(is_its_payment),
            "refundquery" => self.second.refunds().any(|refund| Some(refund.out_refund_no.as_str()) == fields.get("out_refund_no")),
            _ => false,
        }
    }

    /// Whether WeChat has accepted a refund of this request's number before.
    pub(super) fn has_refund_of(&self, request: &str) -> bool {
        fields(request).get("out_refund_no").is_some_and(|number| self.refund(number).is_some())
    }

    /// Whether the refund that a query names was accepted so late that the query may not find it yet.
    pub(super) fn has_accepted_just_now(&self, request: &str, now: Timestamp) -> bool {
        let fields = fields(request);
        let asked = fields.get("out_refund_no").and_then(|number| self.refund(number));
        asked.is_some_and(|refund| now < refund.accepted_at + LAG)
    }

    /// What nginx says of a client certificate.
    pub(super) fn certificate_page(&self, random: &Random) -> Vec<u8> {
        let what = random.one_of(&["No required SSL certificate was sent", "The SSL certificate error"]);
        format!("<html>\r\n<head><title>400 {what}</title></head>\r\n<body><center>{what}</center></body>\r\n</html>").into_bytes()
    }

    /// A signed refusal of a request for a refund, which changes nothing.
    pub(super) fn refusal(&mut self, request: &str, refusal: RefundRefusal, now: Timestamp) -> String {
        let usual = self.world.faults.refund_refused.replace(refusal);
        let reply = self.world.call("refund", self.about_nothing(request, &["out_refund_no"]).as_bytes(), now).unwrap();
        self.world.faults.refund_refused = usual;
        reply
    }

    /// A signed answer to a query that there is no such refund.
    pub(super) fn not_there(&mut self, request: &str, now: Timestamp) -> String {
        let about_nothing = self.about_nothing(request, &["out_refund_no", "out_trade_no", "offset"]);
        self.world.call("refundquery", about_nothing.as_bytes(), now).unwrap()
    }

    /// The same request about a number that no refund has, signed by the same key.
    fn about_nothing(&self, request: &str, without: &[&str]) -> String {
        let fields = fields(request);
        let key = self.merchants.signer_of(&fields).expect("a request with a key of ours");
        let kept: Fields = fields.iter().filter(|(name, _)| *name != "sign" && !without.contains(name)).collect();
        xml::write(&key.signed(kept.with("out_refund_no", NOBODYS)))
    }
}

fn fields(request: &str) -> Fields {
    xml::parse(request.as_bytes()).expect("a request that can be read")
}
