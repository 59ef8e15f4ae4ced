//! Bills of the simulated WeChat that lie, are broken, or only look unusual: each switch does what it says, and no more.

use serde_json::json;
use wechat_pay::channel::wechat::v2::bill::{BillError, BillReader, LineFault, Row};
use wechat_pay::simulator::{BillGeneration, BillTrap, World};

use super::bills::{a_day, asked, morning_after, read, text};
use super::merchants::{FIRST, Served};

fn bent(world: &mut World, traps: &[BillTrap]) -> Vec<u8> {
    world.habits.bill_traps = traps.to_vec();
    asked(world, FIRST, &[], morning_after())
}

/// The number of each row, its order's, and its amount.
fn rows(file: &[u8]) -> Vec<(String, String, i64)> {
    let mut rows: Vec<_> = read(file)
        .0
        .into_iter()
        .map(|row| match row {
            Row::Payment(row) => (row.transaction_id, row.order_id, row.total_fee.get()),
            Row::Refund(row) => (row.wechat_refund_id.unwrap(), row.order_id, -row.refund_fee.get()),
        })
        .collect();
    rows.sort();
    rows
}

/// What stands in one file's rows and not in the other's.
fn beyond(one: &[u8], other: &[u8]) -> Vec<(String, i64)> {
    let known = rows(other);
    rows(one).into_iter().filter(|row| !known.contains(row)).map(|(_, order, amount)| (order, amount)).collect()
}

#[test]
fn what_is_wrong_with_its_rows_is_so_in_its_sums_too() {
    let mut world = a_day();
    let honest = bent(&mut world, &[]);
    assert_eq!(rows(&honest).len(), 4);
    let first = read(&honest).0.into_iter().find_map(|row| if let Row::Payment(row) = row { Some(row) } else { None }).unwrap();
    let refund = read(&honest).0.into_iter().find_map(|row| if let Row::Refund(row) = row { Some(row) } else { None }).unwrap();
    let (paid, given_back) = ((first.order_id.clone(), first.total_fee.get()), (refund.order_id.clone(), -refund.refund_fee.get()));
    let invented = |order: &str, amount| vec![(order.to_owned(), amount)];
    for (trap, more, less) in [
        (BillTrap::MissingPayment, vec![], vec![paid.clone()]),
        (BillTrap::MissingRefund, vec![], vec![given_back.clone()]),
        (BillTrap::InventedPayment, invented("INVENTED", 1), vec![]),
        (BillTrap::InventedRefund, invented(&paid.0, -1), vec![]),
        (BillTrap::WrongAmount, vec![(paid.0.clone(), paid.1 + 1)], vec![paid.clone()]),
        (BillTrap::WrongRefundAmount, vec![(given_back.0.clone(), given_back.1 - 1)], vec![given_back.clone()]),
        (BillTrap::SecondTransaction, vec![paid.clone()], vec![]),
    ] {
        let file = bent(&mut world, &[trap]);
        assert_eq!((beyond(&file, &honest), beyond(&honest, &file)), (more, less), "{trap:?}");
        let (_, unreadable, end) = read(&file);
        assert!(end.agrees && unreadable.is_empty(), "{trap:?}: {end:?}");
    }
    let both = bent(&mut world, &[BillTrap::MissingPayment, BillTrap::InventedRefund]);
    assert_eq!((beyond(&both, &honest).len(), beyond(&honest, &both).len()), (1, 1), "several at once");
}

#[test]
fn a_sum_a_line_or_the_end_may_be_wrong_in_itself() {
    let mut world = a_day();
    let (_, unreadable, end) = read(&bent(&mut world, &[BillTrap::WrongSum]));
    let wrong: Vec<_> = end.summary.unwrap().into_iter().filter(|sum| !sum.agrees()).map(|sum| (sum.name, sum.stated)).collect();
    assert_eq!((unreadable.len(), wrong), (0, vec![("应结订单总金额", 113_800)]));
    let (rows, unreadable, end) = read(&bent(&mut world, &[BillTrap::UnreadableLine]));
    let fault = LineFault::Cells { expected: 27, found: 25 };
    assert_eq!((rows.len(), unreadable[0].line, unreadable[0].fault, end.agrees), (3, 2, fault, false));
    let (rows, _, end) = read(&bent(&mut world, &[BillTrap::Cut]));
    assert!(rows.len() < 4 && end.summary.is_none(), "{end:?}");
    let whole = bent(&mut world, &[]);
    assert_eq!(bent(&mut world, &[BillTrap::BrokenOff]), whole[..whole.len() / 2]);
    let (rows, unreadable, end) = read(&bent(&mut world, &[BillTrap::OldSandbox]));
    // Not a row of it can be read, nor its summary.
    assert_eq!((rows.len(), unreadable.len(), end.agrees), (0, 5, false), "{unreadable:?}");
}

#[test]
fn what_is_only_unusual_agrees_all_the_same() {
    let mut world = a_day();
    let honest = bent(&mut world, &[]);
    for (trap, said) in [
        (BillTrap::UnknownColumns, "交易时间,未来列,公众账号ID,"),
        (BillTrap::FourSums, "\r\n总交易单数,应结订单总金额,手续费总金额,订单总金额\r\n`4,`138.00,`0.53000,`138.00\r\n"),
        (BillTrap::FiveSums, "充值券退款总金额,手续费总金额\r\n`4,`138.00,`50.00,`1.00,`0.53000\r\n"),
        (BillTrap::DecimalCount, "\r\n`4.0,`138.00,"),
        (BillTrap::NoFinalLineEnd, ",`50.00"),
        (BillTrap::Copied, "\n`4,`138.00,"),
    ] {
        let file = bent(&mut world, &[trap]);
        assert_eq!(rows(&file), rows(&honest), "{trap:?}");
        assert!(read(&file).2.agrees, "{trap:?}");
        let text = text(file);
        assert!(text.contains(said), "{trap:?}: {text}");
        assert_eq!(text.ends_with("\r\n"), !matches!(trap, BillTrap::NoFinalLineEnd | BillTrap::Copied), "{trap:?}");
        assert_eq!(text.starts_with('\u{feff}') && text.contains('\r'), trap != BillTrap::Copied, "{trap:?}");
    }
    world.habits.bill_generation = BillGeneration::A;
    let early = text(bent(&mut world, &[BillTrap::FourSums]));
    assert!(early.ends_with("\r\n总交易单数,总交易额,手续费总金额\r\n`4,`138.0,`0.53\r\n"), "{early}");
}

#[test]
fn there_may_be_no_bill_although_there_were_trades() {
    let mut world = a_day();
    let document = |message: &str, code: &str| {
        format!(
            "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{message}]]></return_msg><error_code>{code}</error_code></xml>"
        )
    };
    let mut said = |trap| {
        let file = bent(&mut world, &[trap]);
        (BillReader::new(&file[..]).map(drop).unwrap_err(), text(file))
    };
    let (error, none) = said(BillTrap::NoBill);
    assert!(matches!(error, BillError::NoBillExists) && none == document("No Bill Exist", "20002"), "{none}");
    let (error, creating) = said(BillTrap::Creating);
    assert!(matches!(error, BillError::BillCreating) && creating == document("Bill Creating", "20002"), "{creating}");
    let (error, trouble) = said(BillTrap::SystemError);
    assert!(matches!(error, BillError::SystemError) && trouble == document("SYSTEMERROR", "20003"), "{trouble}");
}

#[tokio::test]
async fn the_switches_are_habits() {
    let served = Served::new().await;
    let put = async |body: String| {
        let answer = served.phone.send(served.phone.request("PUT", "/_sim/habits").body(body)).await;
        (answer.status, answer.body)
    };
    let (status, habits) =
        put(r#"{"bill_generation":"A","bill_plain":true,"bill_traps":["missing_payment","wrong_sum"]}"#.to_owned()).await;
    assert_eq!(status, 200, "{habits}");
    let habits = &served.simulator.world().habits;
    assert_eq!((habits.bill_generation, habits.bill_plain), (BillGeneration::A, true));
    assert_eq!(habits.bill_traps, [BillTrap::MissingPayment, BillTrap::WrongSum]);
}

#[tokio::test]
async fn a_switch_that_there_is_not_is_refused() {
    let served = Served::new().await;
    for named in [json!({"bill_generation": "D"}), json!({"bill_traps": ["missing"]}), json!({"bill_lies": true})] {
        let answer = served.phone.send(served.phone.request("PUT", "/_sim/habits").body(named.to_string())).await;
        assert_eq!(answer.status, 400, "{named}");
    }
}
