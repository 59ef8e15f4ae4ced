//! The one place where bills lie: an honest file is made first, and bent here, as far as `habits.bill_traps` say so.

use super::super::refunds::RefundState;
use super::errors::BillError;
use super::line::{Line, RefundPart};
use super::sheet::Sheet;
use super::traps::BillTrap;

/// What comes in the place of a bill that there is.
pub fn instead(traps: &[BillTrap]) -> Result<(), BillError> {
    let said = |trap: &BillTrap| match trap {
        BillTrap::NoBill => Some(BillError::NotThere),
        BillTrap::Creating => Some(BillError::Creating),
        BillTrap::SystemError => Some(BillError::System),
        _ => None,
    };
    traps.iter().find_map(said).map_or(Ok(()), Err)
}

/// The lines of a trade bill; whatever is wrong with them is so in its sums too. Numbers that WeChat has never given are a digit longer.
pub fn lines(lines: &mut Vec<Line>, traps: &[BillTrap]) {
    for trap in traps {
        let payment = lines.iter().position(|line| line.refund.is_none());
        let refund = lines.iter().position(|line| line.refund.is_some());
        match (trap, payment, refund) {
            (BillTrap::MissingPayment, Some(at), _) | (BillTrap::MissingRefund, _, Some(at)) => drop(lines.remove(at)),
            (BillTrap::WrongAmount, Some(at), _) => {
                lines[at].total += 1;
                lines[at].settled += 1;
            }
            (BillTrap::WrongRefundAmount, _, Some(at)) => {
                if let Some(refund) = &mut lines[at].refund {
                    refund.asked += 1;
                    refund.settled += 1;
                }
            }
            (BillTrap::InventedPayment, Some(at), _) => {
                let (transaction_id, out_trade_no) = (format!("{}1", lines[at].transaction_id), "INVENTED".to_owned());
                lines.push(Line { transaction_id, out_trade_no, total: 1, settled: 1, coupon: 0, fee: 0, ..lines[at].clone() });
            }
            (BillTrap::InventedRefund, Some(at), _) => lines.push(lines[at].clone().given_back(RefundPart {
                refund_id: format!("{}2", lines[at].transaction_id),
                out_refund_no: "INVENTED".to_owned(),
                asked: 1,
                settled: 1,
                to_coupons: 0,
                state: RefundState::Success,
                arrived_at: Some(lines[at].at),
            })),
            (BillTrap::SecondTransaction, Some(at), _) => {
                lines.push(Line { transaction_id: format!("{}3", lines[at].transaction_id), ..lines[at].clone() });
            }
            _ => {}
        }
    }
}

/// A file before it is text.
pub fn sheet(sheet: &mut Sheet, traps: &[BillTrap]) {
    let is_count = |name: &str| name.ends_with("单数") || name.ends_with("笔数");
    for trap in traps {
        match trap {
            BillTrap::WrongSum => sheet.sums.iter_mut().skip(1).take(1).for_each(|(_, sum)| sum.insert(0, '1')),
            BillTrap::UnreadableLine => {
                sheet.rows.iter_mut().take(1).for_each(|row| row.truncate(row.len().saturating_sub(2)));
            }
            BillTrap::UnknownColumns => {
                sheet.header.insert(1, "未来列".to_owned());
                sheet.rows.iter_mut().for_each(|row| row.insert(1, "x".to_owned()));
                sheet.sums.push(("未来总金额", "1.00".to_owned()));
            }
            BillTrap::FourSums => {
                sheet.sums.retain(|(name, _)| ["总交易单数", "应结订单总金额", "总交易额", "手续费总金额", "订单总金额"].contains(name));
            }
            BillTrap::FiveSums => sheet.sums.truncate(5),
            BillTrap::DecimalCount => {
                sheet.sums.iter_mut().filter(|(name, _)| is_count(name)).for_each(|(_, sum)| sum.push_str(".0"));
            }
            BillTrap::OldSandbox => of_old_sandbox(sheet),
            _ => {}
        }
    }
}

fn of_old_sandbox(sheet: &mut Sheet) {
    let refund_id = sheet.header.iter().position(|name| name == "微信退款单号");
    for row in &mut sheet.rows {
        if let Some(time) = row.first_mut() {
            *time = time.replace(' ', "  ");
        }
        match refund_id.and_then(|at| row.get_mut(at)) {
            Some(number) if number != "0" => "4.00123E+27".clone_into(number),
            _ => row.truncate(row.len().saturating_sub(2)),
        }
    }
}

/// A text.
pub fn text(mut text: String, traps: &[BillTrap]) -> Vec<u8> {
    for trap in traps {
        match trap {
            BillTrap::OldSandbox => {
                // The last back-tick that begins a line is the summary's.
                if let Some(at) = text.rfind("\n`") {
                    text.remove(at + 1);
                }
            }
            BillTrap::NoFinalLineEnd => text.truncate(text.trim_end_matches(['\r', '\n']).len()),
            BillTrap::Copied => text = text.replace(['\u{feff}', '\r'], ""),
            _ => {}
        }
    }
    halved_if(traps.contains(&BillTrap::Cut), text.into_bytes())
}

/// What goes out.
pub fn sent(file: Vec<u8>, traps: &[BillTrap]) -> Vec<u8> {
    halved_if(traps.contains(&BillTrap::BrokenOff), file)
}

fn halved_if(is_cut: bool, mut bytes: Vec<u8>) -> Vec<u8> {
    if is_cut {
        bytes.truncate(bytes.len() / 2);
    }
    bytes
}
