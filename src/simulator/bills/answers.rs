//! What WeChat answers to `/pay/downloadbill` and `/pay/downloadfundflow`: a file, or why there is none.

use sha1::{Digest, Sha1};

use crate::channel::wechat::v2::Fields;
use crate::deal::Timestamp;

use super::super::World;
use super::super::merchants::Requester;
use super::super::reply::Reply;
use super::form::Wish;
use super::sheet::packed;
use super::{BillError, BillTrap, bent, columns, fund_flow};

impl World {
    /// Answers a merchant's question for its trade bill.
    pub(in super::super) fn download_bill(&mut self, fields: &Fields, requester: &Requester, now: Timestamp) -> Reply {
        self.decide_due_refunds(now);
        self.trade_bill(fields, requester, now).unwrap_or_else(|error| error.of_trade_bill().into())
    }

    fn trade_bill(&self, fields: &Fields, requester: &Requester, now: Timestamp) -> Result<Reply, BillError> {
        let wish = Wish::of(fields).map_err(BillError::Invalid)?;
        wish.is_due(now)?;
        let mut lines = self.lines(requester, wish.day, wish.bill_type);
        if lines.is_empty() {
            return Err(BillError::NotThere);
        }
        let traps = &self.habits.bill_traps;
        bent::instead(traps)?;
        bent::lines(&mut lines, traps);
        let mut sheet = columns::sheet(&lines, self.habits.bill_generation, wish.bill_type);
        bent::sheet(&mut sheet, traps);
        let text = bent::text(sheet.text(), traps);
        let body = self.as_asked(text, &wish, &format!("{}{}{}.csv", requester.mch_id, wish.bill_type.name(), wish.day));
        Ok(Reply { body: bent::sent(body, traps), digest: None })
    }

    /// Answers a merchant's question for its fund flow.
    pub(in super::super) fn download_fund_flow(&mut self, fields: &Fields, requester: &Requester, now: Timestamp) -> Reply {
        self.decide_due_refunds(now);
        self.fund_flow(fields, requester, now).unwrap_or_else(|error| error.of_fund_flow().into())
    }

    fn fund_flow(&self, fields: &Fields, requester: &Requester, now: Timestamp) -> Result<Reply, BillError> {
        let wish = Wish::of(fields).map_err(BillError::Invalid)?;
        let is_basic = match fields.get("account_type") {
            Some("Basic") => true,
            // A merchant has these too; nothing ever moves in them here.
            Some("Operation" | "Fees") => false,
            _ => return Err(BillError::Invalid("invalid account_type")),
        };
        wish.is_due(now)?;
        let mut movements = self.movements(requester, wish.day.next().begins());
        movements.retain(|movement| is_basic && movement.at >= wish.day.begins());
        if movements.is_empty() {
            return Err(BillError::NotThere);
        }
        let traps = &self.habits.bill_traps;
        bent::instead(traps)?;
        let mut sheet = fund_flow::sheet(&movements);
        bent::sheet(&mut sheet, traps);
        let text = bent::text(sheet.text(), traps);
        let of_text = sha1(&text);
        let body = self.as_asked(text, &wish, &format!("{}Fundflow{}.csv", requester.mch_id, wish.day));
        let digest = if traps.contains(&BillTrap::WrongDigest) {
            sha1(b"another file")
        } else if traps.contains(&BillTrap::DigestOfText) {
            of_text
        } else {
            sha1(&body)
        };
        Ok(Reply { body: bent::sent(body, traps), digest: Some(format!("SHA={digest}")) })
    }

    /// The file as it goes out.
    fn as_asked(&self, text: Vec<u8>, wish: &Wish, name: &str) -> Vec<u8> {
        if wish.is_packed && !self.habits.bill_plain { packed(&text, name).unwrap_or_default() } else { text }
    }
}

fn sha1(content: &[u8]) -> String {
    Sha1::digest(content).iter().map(|b| format!("{b:02x}")).collect()
}
