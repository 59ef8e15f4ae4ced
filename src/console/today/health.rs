//! The health of what the till needs: each thing in a line that says how it does, in a word and not by a colour alone.

use chrono::TimeDelta;

use crate::deal::{AccountId, EndpointName, Timestamp};
use crate::gateway::{Backlog, Board, CertificateStanding, MissingAccount, NodeState, NotReady};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

use super::words::{lasting, moment};

const HEALTH: &str = include_str!("html/health.html");
const ROW: &str = include_str!("html/health_row.html");
/// Of one kind of trouble so many are told one by one.
const TOLD: usize = 10;
/// A certificate that is good for less is told of.
const SOON: TimeDelta = TimeDelta::days(30);
/// Deliveries that are due for longer are late.
const LATE: TimeDelta = TimeDelta::minutes(10);

/// What is looked at.
pub struct Facts<'a> {
    pub now: Timestamp,
    pub board: Option<&'a Board>,
    pub not_ready: Option<&'a NotReady>,
    /// Whether the last count came to no end.
    pub has_failed: bool,
    pub accounts: Vec<(&'a AccountId, CertificateStanding)>,
    pub missing: &'a [MissingAccount],
    /// The endpoints that this instance leaves alone.
    pub left_alone: Vec<&'a EndpointName>,
}

/// How something does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Good,
    /// It works, and somebody should see to it.
    Look,
    /// It does not.
    Bad,
}

/// How one thing does.
pub struct Line {
    subject: Text,
    state: State,
    words: Text,
    /// The page on which more is said.
    page: Option<&'static str>,
}

/// All lines as a table.
pub fn health(facts: &Facts<'_>, language: Language) -> String {
    let rows: String = lines(facts).iter().map(|line| row(line, language)).collect();
    bilingual(HEALTH, language, &[("rows", Value::Markup(&rows))])
}

/// Each thing at least once, whether or not there is anything to say of it.
pub fn lines(facts: &Facts<'_>) -> Vec<Line> {
    let mut lines = vec![database(facts.not_ready)];
    lines.extend(accounts(facts));
    lines.extend(certificates(facts));
    // What only a count can tell.
    if let Some(board) = facts.board {
        lines.extend(webhooks(facts, board));
        lines.extend(bills(board));
    }
    lines
}

fn database(not_ready: Option<&NotReady>) -> Line {
    let (state, words) = match not_ready {
        None => (State::Good, pair("it answers, and can be written to", "可以读写")),
        Some(NotReady::WeakDurability { variable, value }) => (
            State::Look,
            text(
                format!("{variable} is {value}: a crash could lose acknowledged payments; set it to 1"),
                format!("{variable} 为 {value}：数据库崩溃时可能丢失已确认的付款，请设为 1"),
            ),
        ),
        Some(NotReady::ClocksDisagree { ahead }) => (
            State::Bad,
            text(
                format!("its clock and this machine's are {} s apart: no order is given up until they agree", ahead.unsigned_abs()),
                format!("数据库与本机的时钟相差 {} 秒：校准之前不会关闭任何订单", ahead.unsigned_abs()),
            ),
        ),
        Some(NotReady::Away(_)) => (
            State::Bad,
            pair("it does not answer: nothing can be opened or settled until it does", "没有响应：恢复之前不能下单，也不能入账"),
        ),
        Some(NotReady::CannotWrite(_)) => {
            (State::Bad, pair("it answers, and could not be written to a moment ago", "可以读取，但刚才无法写入"))
        }
        Some(NotReady::ReadOnly) => {
            (State::Bad, pair("it is read-only: a copy, or has become one", "数据库是只读的：连到了副本，或者主库变成了副本"))
        }
        Some(NotReady::Node { node, standing }) => (State::Bad, standing_words(node, *standing)),
    };
    Line { subject: pair("Database", "数据库"), state, words, page: None }
}

fn standing_words(node: &str, standing: NodeState) -> Text {
    let chinese = match standing {
        NodeState::Synced => "正常",
        NodeState::Donor => "正在向其他节点或备份提供数据",
        NodeState::Desynced => "已被设为不同步，可能落后于其他节点",
        NodeState::Joining => "正在追赶集群",
        NodeState::WithoutQuorum => "与集群多数失去联系",
        NodeState::Refusing => "拒绝查询",
    };
    text(format!("it cannot be used: {} ({node})", standing.trouble().unwrap_or_default()), format!("节点 {node} 不可用：{chinese}"))
}

fn accounts(facts: &Facts<'_>) -> Vec<Line> {
    let subject = || pair("Accounts", "账户");
    let of = |MissingAccount { account, undecided }: &MissingAccount| Line {
        subject: subject(),
        state: State::Bad,
        words: text(
            format!("{account} is not configured, and {undecided} undecided deals or refunds go through it: nobody asks about them"),
            format!("账户 {account} 没有配置，有 {undecided} 笔未定的订单或退款走这个账户：没有人去查询它们"),
        ),
        page: Some("/accounts"),
    };
    let count = facts.accounts.len();
    let good = || Line {
        subject: subject(),
        state: State::Good,
        words: text(format!("{count} configured, and none is missing"), format!("已配置 {count} 个，没有缺失的账户")),
        page: Some("/accounts"),
    };
    or_good(facts.missing.iter().map(of).collect(), good)
}

fn certificates(facts: &Facts<'_>) -> Vec<Line> {
    let subject = || pair("Client certificates", "API 证书");
    let of = |(account, standing): &(&AccountId, CertificateStanding)| {
        let (state, words) = certificate(account, *standing, facts.now)?;
        Some(Line { subject: subject(), state, words, page: Some("/accounts") })
    };
    let mut troubles: Vec<_> = facts.accounts.iter().filter_map(of).collect();
    troubles.sort_by_key(|line| line.state != State::Bad);
    let first = facts.accounts.iter().filter_map(|(_, standing)| until(*standing)).min();
    let words = match first {
        Some(until) => {
            let days = (until - facts.now).num_days();
            text(format!("the first to expire is good for {days} days more"), format!("最早到期的一张还有 {days} 天"))
        }
        None => pair("none is needed", "不需要"),
    };
    or_good(troubles, || Line { subject: subject(), state: State::Good, words, page: Some("/accounts") })
}

fn until(standing: CertificateStanding) -> Option<Timestamp> {
    if let CertificateStanding::Shown { until, .. } = standing { Some(until) } else { None }
}

/// What is to be said of an account's certificate; `None`: nothing.
pub fn certificate(account: &AccountId, standing: CertificateStanding, now: Timestamp) -> Option<(State, Text)> {
    match standing {
        CertificateStanding::NotDemanded => None,
        CertificateStanding::Missing => Some((
            State::Look,
            text(format!("{account} has none: no refunds can be made through it"), format!("账户 {account} 没有证书：不能通过它退款")),
        )),
        CertificateStanding::Shown { until, .. } if until < now => Some((
            State::Bad,
            text(
                format!("that of {account} was good until {}: WeChat takes no refund with it", moment(until)),
                format!("账户 {account} 的证书已于 {} 过期：微信不会接受用它发起的退款", moment(until)),
            ),
        )),
        CertificateStanding::Shown { another_not_taken: true, .. } => Some((
            State::Bad,
            text(
                format!("the files of {account} hold another one, which cannot be used: the former one stays"),
                format!("账户 {account} 的证书文件已更换，但新证书无法使用，仍用原来的证书"),
            ),
        )),
        CertificateStanding::Shown { until, .. } if until - now < SOON => {
            let (days, until) = ((until - now).num_days(), moment(until));
            Some((
                State::Look,
                text(
                    format!("that of {account} is good for {days} days more, until {until}"),
                    format!("账户 {account} 的证书还有 {days} 天到期（{until}）"),
                ),
            ))
        }
        CertificateStanding::Shown { .. } => None,
    }
}

fn webhooks(facts: &Facts<'_>, board: &Board) -> Vec<Line> {
    let subject = || pair("Webhooks", "回调");
    let line = |state, words| Line { subject: subject(), state, words, page: Some("/webhooks") };
    let mut troubles = Vec::new();
    for endpoint in &board.endpoints {
        let Backlog { waiting, due_since, is_paused } = endpoint.backlog;
        let name = &endpoint.name;
        let late = due_since.map(|since| facts.now - since).filter(|late| *late > LATE);
        if is_paused {
            troubles.push(line(
                State::Bad,
                text(
                    format!("{name} has said that it wants no more events (410), and is paused; {waiting} wait"),
                    format!("{name} 答复 410，已暂停推送；等待 {waiting} 条"),
                ),
            ));
        } else if facts.left_alone.contains(&name) {
            troubles.push(line(
                State::Bad,
                text(
                    format!("{name} does not answer, and is tried once a minute; {waiting} wait"),
                    format!("{name} 没有响应，每分钟只试一次；等待 {waiting} 条"),
                ),
            ));
        } else if let Some(late) = late.map(lasting) {
            troubles.push(line(
                State::Look,
                text(
                    format!("{name} is behind: {waiting} wait, the first of them for {}", late.read(Language::English)),
                    format!("{name} 有积压：等待 {waiting} 条，最久的已 {}", late.read(Language::Chinese)),
                ),
            ));
        }
    }
    if let Some(late) = board.untold.map(|since| facts.now - since).filter(|late| *late > LATE).map(lasting) {
        troubles.push(line(
            State::Bad,
            text(
                format!("what happened {} ago has not become an event yet", late.read(Language::English)),
                format!("{}前的变更还没有生成事件", late.read(Language::Chinese)),
            ),
        ));
    }
    let words = match board.endpoints.len() {
        0 => pair("no endpoint is configured", "没有配置回调地址"),
        count => text(format!("{count} configured, and each takes its events"), format!("{count} 个回调地址，都正常接收")),
    };
    or_good(troubles, || line(State::Good, words))
}

fn bills(board: &Board) -> Vec<Line> {
    let line = |state, words| Line { subject: pair("Bills", "对账单"), state, words, page: Some("/bills") };
    let of = |(account, days): &(AccountId, i64)| {
        line(
            State::Bad,
            text(format!("{account}: no bill for {days} of the last seven days"), format!("账户 {account}：最近七天有 {days} 天没有账单")),
        )
    };
    let mut troubles: Vec<_> = board.missing_bills.iter().filter(|(_, days)| *days > 0).map(of).collect();
    if board.differences > 0 {
        let count = board.differences;
        troubles.push(line(
            State::Look,
            text(format!("{count} differences to the books that nobody has explained"), format!("{count} 处与账目不符，还没有解释")),
        ));
    }
    or_good(troubles, || line(State::Good, pair("none is missing, and each agrees with the books", "没有缺少的账单，都与账目一致")))
}

/// So many as a page has room for, and that there are more; or that all is well.
fn or_good(mut troubles: Vec<Line>, good: impl FnOnce() -> Line) -> Vec<Line> {
    if troubles.is_empty() {
        return vec![good()];
    }
    let more = troubles.len().saturating_sub(TOLD);
    if more > 0 {
        troubles.truncate(TOLD);
        if let Some(last) = troubles.last_mut() {
            let words = |language| last.words.read(language).to_owned();
            let (english, chinese) = (words(Language::English), words(Language::Chinese));
            last.words = text(format!("{english}; and {more} more"), format!("{chinese}；另有 {more} 项"));
        }
    }
    troubles
}

fn row(line: &Line, language: Language) -> String {
    let (class, word) = match line.state {
        State::Good => ("good", pair("good", "正常")),
        State::Look => ("waiting", pair("see to it", "请留意")),
        State::Bad => ("bad", pair("not well", "有问题")),
    };
    let subject = line.subject.read(language);
    let link = line.page.map(|page| format!("<a href=\"{page}\">{subject}</a>"));
    let subject = link.as_deref().map_or(Value::Text(subject), Value::Markup);
    let values = [
        ("subject", subject),
        ("class", Value::Text(class)),
        ("word", Value::Text(word.read(language))),
        ("words", Value::Text(line.words.read(language))),
    ];
    bilingual(ROW, language, &values)
}

#[cfg(test)]
mod tests {
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
        assert!(
            page.contains("<span class=\"state waiting\">请留意</span>") && page.contains("<a href=\"/accounts\">API 证书</a>"),
            "{page}"
        );
    }
}
