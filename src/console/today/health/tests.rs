use super::*;
use crate::deal::{HOURS, HourlyTakings, Sums};
use crate::gateway::{EndpointLine, Heard, Purchases, RefundCounts, Undecided};
use crate::language::Language::{Chinese, English};

fn now() -> Timestamp {
    "2026-04-02T04:00:00Z".parse().unwrap()
}

fn board() -> Board {
    let day = HourlyTakings { day: "2026-04-02".parse().unwrap(), hours: [Sums::default(); HOURS] };
    Board {
        at: now(),
        today: day.clone(),
        yesterday: day.clone(),
        week_ago: day,
        purchases: Purchases::default(),
        purchases_yesterday: Purchases::default(),
        undecided: Undecided { count: 0, oldest: None },
        refunds: RefundCounts::default(),
        heard: Heard::default(),
        differences: 0,
        missing_bills: Vec::new(),
        endpoints: Vec::new(),
        open_alarms: 0,
        latest_alarms: Vec::new(),
        untold: None,
    }
}

fn facts<'a>(board: &'a Board, accounts: Vec<(&'a AccountId, CertificateStanding)>) -> Facts<'a> {
    Facts { now: now(), board: Some(board), not_ready: None, has_failed: false, accounts, missing: &[], left_alone: Vec::new() }
}

/// Each line's state and words, in English.
fn told(facts: &Facts<'_>) -> Vec<String> {
    lines(facts).iter().map(|line| format!("{} {:?}: {}", line.subject.read(English), line.state, line.words.read(English))).collect()
}

fn good_for(days: i64) -> CertificateStanding {
    CertificateStanding::Shown { until: now() + TimeDelta::days(days), another_not_taken: false }
}

#[test]
fn each_thing_is_told_of_though_all_is_well() {
    let (board, account) = (board(), AccountId::default());
    assert_eq!(
        told(&facts(&board, vec![(&account, good_for(200))])),
        [
            "Database Good: it answers, and can be written to",
            "Accounts Good: 1 configured, and none is missing",
            "Client certificates Good: the first to expire is good for 200 days more",
            "Webhooks Good: no endpoint is configured",
            "Bills Good: none is missing, and each agrees with the books",
        ]
    );
}

#[test]
fn a_certificate_is_told_of_a_month_before_it_ends_and_when_it_has() {
    let account = AccountId::default();
    let of = |standing| certificate(&account, standing, now()).map(|(state, words)| (state, words.read(English).to_owned()));
    let kept = CertificateStanding::Shown { until: now() + TimeDelta::days(90), another_not_taken: true };
    assert_eq!([good_for(30), CertificateStanding::NotDemanded].map(of), [None, None]);
    for (standing, expected, words) in [
        (good_for(29), State::Look, "good for 29 days more, until 2026-05-01 12:00"),
        (good_for(-1), State::Bad, "was good until 2026-04-01 12:00"),
        (kept, State::Bad, "the former one stays"),
        (CertificateStanding::Missing, State::Look, "no refunds can be made through it"),
    ] {
        let (state, told) = of(standing).unwrap();
        assert!(state == expected && told.contains(words), "{state:?} {told}");
    }
}

#[test]
fn an_endpoint_is_told_of_when_it_is_paused_left_alone_or_behind() {
    let mut board = board();
    let backlog = |minutes: Option<i64>, is_paused| Backlog {
        waiting: 3,
        due_since: minutes.map(|late| now() - TimeDelta::minutes(late)),
        is_paused,
    };
    for (name, backlog) in [
        ("well", backlog(Some(9), false)),
        ("gone", backlog(None, true)),
        ("dead", backlog(Some(60), false)),
        ("slow", backlog(Some(11), false)),
    ] {
        board.endpoints.push(EndpointLine { name: name.parse().unwrap(), backlog });
    }
    let dead: EndpointName = "dead".parse().unwrap();
    let facts = Facts { left_alone: vec![&dead], ..facts(&board, Vec::new()) };
    assert_eq!(
        told(&facts)[3..6],
        [
            "Webhooks Bad: gone has said that it wants no more events (410), and is paused; 3 wait",
            "Webhooks Bad: dead does not answer, and is tried once a minute; 3 wait",
            "Webhooks Look: slow is behind: 3 wait, the first of them for 11 min",
        ]
    );
}

#[test]
fn bills_that_are_missing_or_differ_and_accounts_that_are_gone_are_told_of() {
    let board = Board { missing_bills: vec![("shop2".parse().unwrap(), 2)], differences: 4, ..board() };
    let missing = [MissingAccount { account: "shop3".parse().unwrap(), undecided: 7 }];
    let facts = Facts { missing: &missing, ..facts(&board, Vec::new()) };
    let told = told(&facts);
    assert!(told[1].starts_with("Accounts Bad: shop3 is not configured, and 7 undecided"), "{told:?}");
    assert_eq!(
        told[4..],
        ["Bills Bad: shop2: no bill for 2 of the last seven days", "Bills Look: 4 differences to the books that nobody has explained"]
    );
}

#[test]
fn a_database_that_is_away_hides_what_only_it_can_tell() {
    let not_ready = NotReady::ClocksDisagree { ahead: -90 };
    let told = told(&Facts { board: None, not_ready: Some(&not_ready), ..facts(&board(), Vec::new()) });
    assert_eq!(told.len(), 3);
    assert!(told[0].contains("Database Bad: its clock and this machine's are 90 s apart"), "{told:?}");
}

#[test]
fn of_many_troubles_of_one_kind_ten_are_told() {
    let ids: Vec<AccountId> = (0..500).map(|number| format!("shop{number}").parse().unwrap()).collect();
    let board = board();
    let facts = facts(&board, ids.iter().map(|id| (id, CertificateStanding::Missing)).collect());
    let lines = lines(&facts);
    assert_eq!(lines.len(), 14);
    let page = health(&facts, Chinese);
    assert!(page.contains("另有 490 项") && page.len() < 8_000, "{} bytes", page.len());
    assert!(page.contains("<span class=\"state waiting\">请留意</span>") && page.contains("<a href=\"/accounts\">API 证书</a>"), "{page}");
}
