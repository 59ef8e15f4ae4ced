//! What calls for bills meet on their way, and every file that WeChat has sent. An order that was paid twice is in two worlds here, and
//! in one bill.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use wechat_pay::channel::wechat::v2::{Fields, xml};
use wechat_pay::deal::{AccountId, Day, Timestamp};
use wechat_pay::simulator::{BillGeneration, BillTrap};

use super::bill_lines::Text;
use super::merchants::is_named;
use super::network::Network;
use super::support::random::Random;

/// The calls that bring bills.
pub const APIS: [&str; 2] = ["downloadbill", "downloadfundflow"];

/// What is wrong with a bill, or comes in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// One of the simulator's.
    Trap(BillTrap),
    /// The first refund goes by another number of WeChat's than it has.
    AnotherRefund,
    /// The first payment is the other merchant order's: its number is a digit longer.
    AnotherOrder,
    /// The first payment is of another year.
    AnotherDay,
    /// The first payment is of another merchant number.
    AnotherMerchant,
}

/// Lies of trade bills, and what is wrong with either file.
const OF_TRADE_BILLS: [Lie; 12] = [
    Lie::Trap(BillTrap::MissingPayment),
    Lie::Trap(BillTrap::MissingPayment),
    Lie::Trap(BillTrap::MissingRefund),
    Lie::Trap(BillTrap::InventedPayment),
    Lie::Trap(BillTrap::InventedRefund),
    Lie::Trap(BillTrap::WrongAmount),
    Lie::Trap(BillTrap::WrongRefundAmount),
    Lie::Trap(BillTrap::SecondTransaction),
    Lie::AnotherRefund,
    Lie::AnotherOrder,
    Lie::AnotherDay,
    Lie::AnotherMerchant,
];
const OF_BOTH: [Lie; 4] =
    [Lie::Trap(BillTrap::WrongSum), Lie::Trap(BillTrap::UnreadableLine), Lie::Trap(BillTrap::Cut), Lie::Trap(BillTrap::BrokenOff)];
/// What comes in their place.
const INSTEAD: [Lie; 3] = [Lie::Trap(BillTrap::NoBill), Lie::Trap(BillTrap::Creating), Lie::Trap(BillTrap::SystemError)];

impl Lie {
    /// One that such a file may tell.
    pub fn draw(api: &str, random: &Random) -> Self {
        let is_of_lines = api == "downloadbill" && random.happens(650);
        random.one_of(if is_of_lines {
            &OF_TRADE_BILLS[..]
        } else if random.happens(600) {
            &OF_BOTH
        } else {
            &INSTEAD
        })
    }
}

/// How this history's WeChat writes bills.
#[derive(Debug, Clone, Default)]
pub struct Form {
    is_packed: bool,
    /// What is only unusual.
    unusual: Vec<BillTrap>,
}

impl Form {
    pub fn draw(random: &Random) -> (Self, BillGeneration) {
        let unusual = [BillTrap::UnknownColumns, BillTrap::FiveSums, BillTrap::DecimalCount, BillTrap::NoFinalLineEnd, BillTrap::Copied];
        let unusual = unusual.into_iter().filter(|_| random.happens(150)).collect();
        let generation = random.one_of(&[BillGeneration::A, BillGeneration::B, BillGeneration::C]);
        (Self { is_packed: random.happens(600), unusual }, generation)
    }
}

/// A file as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentFile {
    pub account: AccountId,
    pub day: Day,
    pub api: &'static str,
    pub bytes: Vec<u8>,
}

impl Network {
    /// Chooses how bills are written in this history.
    pub fn write_bills(&mut self, random: &Random) {
        let (form, generation) = Form::draw(random);
        self.bill_form = form;
        for world in [&mut self.world, &mut self.second] {
            (world.habits.bill_generation, world.habits.bill_plain) = (generation, true);
        }
    }

    /// The account that a question for a bill is in the name of.
    pub fn bill_account(&self, request: &Fields) -> AccountId {
        let merchant = self.merchants.iter().find(|merchant| is_named(merchant, request));
        merchant.expect("invariant 11: a request in the name of an account of ours").account.clone()
    }

    /// Whether an honest answer has lines.
    pub fn has_trades(&mut self, request: &str, now: Timestamp) -> bool {
        [&mut self.world, &mut self.second].into_iter().any(|world| {
            world.habits.bill_traps.clear();
            let reply = world.download("downloadbill", request.as_bytes(), now).expect("a call that brings bills");
            !reply.body.starts_with(b"<xml")
        })
    }

    /// Answers a question for a bill, honestly or not.
    pub fn bill(&mut self, api: &'static str, request: &str, lie: Option<Lie>, now: Timestamp) -> Vec<u8> {
        let trap = match lie {
            // What is done to the whole file is done when it is one.
            Some(Lie::Trap(trap)) if ![BillTrap::Cut, BillTrap::BrokenOff].contains(&trap) => Some(trap),
            _ => None,
        };
        self.world.habits.bill_traps = self.bill_form.unusual.iter().copied().chain(trap).collect();
        self.second.habits.bill_traps.clone_from(&self.bill_form.unusual);
        let [own, second] = [&mut self.world, &mut self.second].map(|world| {
            let reply = world.download(api, request.as_bytes(), now).expect("a call that brings bills");
            String::from_utf8(reply.body).expect("a text")
        });
        let is_in_its_place = lie.is_some_and(|lie| INSTEAD.contains(&lie));
        let text = match (Text::read(&own), Text::read(&second)) {
            (Some(own), Some(second)) => own.with(second),
            (None, Some(second)) if !is_in_its_place => second,
            (Some(own), _) => own,
            (None, _) => return own.into_bytes(),
        };
        let text = match lie {
            Some(Lie::AnotherRefund) => text.changed("微信退款单号", |row| row.is_refund, |cell| cell.push('4')),
            Some(Lie::AnotherOrder) => text.changed("商户订单号", |row| !row.is_refund, |cell| cell.push('9')),
            Some(Lie::AnotherDay) => text.changed("交易时间", |row| !row.is_refund, |cell| cell.replace_range(..4, "2025")),
            Some(Lie::AnotherMerchant) => text.changed("商户号", |row| !row.is_refund, |cell| cell.push('9')),
            _ => text,
        };
        let mut bytes = text.to_string().into_bytes();
        if lie == Some(Lie::Trap(BillTrap::Cut)) {
            bytes.truncate(bytes.len() / 2);
        }
        if self.bill_form.is_packed {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&bytes).unwrap();
            bytes = gzip.finish().unwrap();
        }
        if lie == Some(Lie::Trap(BillTrap::BrokenOff)) {
            bytes.truncate(bytes.len() / 2);
        }
        let fields = xml::parse(request.as_bytes()).unwrap();
        let (account, date) = (self.bill_account(&fields), fields.get("bill_date").unwrap());
        let day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]).parse().unwrap();
        self.sent_files.insert(sha256(&bytes), SentFile { account, day, api, bytes: bytes.clone() });
        bytes
    }

    /// Another system sells something under the merchant's number of a deal, and it is paid at once.
    pub fn stranger_sells(&mut self, request: &str, order_id: &str, now: Timestamp) -> bool {
        let fields = xml::parse(request.as_bytes()).unwrap();
        let Some(key) = self.merchants.signer_of(&fields) else { return false };
        let kept: Fields = fields.iter().filter(|(name, _)| !["sign", "out_trade_no", "time_expire"].contains(name)).collect();
        let order = xml::write(&key.signed(kept.with("out_trade_no", order_id)));
        let _ = self.second.call("unifiedorder", order.as_bytes(), now);
        let paid = self.second.pay(order_id, None, Some(wechat_pay::simulator::Notify::Lost), now);
        paid.is_ok()
    }
}

/// In small hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
