//! The health of what the till needs: each thing in a line that says how it does, in a word and not by a colour alone.

use chrono::TimeDelta;

use crate::console::certificate::Certificate;
use crate::deal::{AccountId, EndpointName, Timestamp};
use crate::gateway::{Backlog, Board, CertificateStanding, MissingAccount, NodeState, NotReady};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

use super::words::{lasting, moment};

const HEALTH: &str = include_str!("html/health.html");
const ROW: &str = include_str!("html/health_row.html");
/// Of one kind of trouble so many are told one by one.
const TOLD: usize = 10;
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
    match Certificate::at(now, standing) {
        Certificate::NotDemanded | Certificate::Good(_) => None,
        Certificate::Missing => Some((
            State::Look,
            text(format!("{account} has none: no refunds can be made through it"), format!("账户 {account} 没有证书：不能通过它退款")),
        )),
        Certificate::Expired(until) => Some((
            State::Bad,
            text(
                format!("that of {account} was good until {}: WeChat takes no refund with it", moment(until)),
                format!("账户 {account} 的证书已于 {} 过期：微信不会接受用它发起的退款", moment(until)),
            ),
        )),
        Certificate::AnotherNotTaken(_) => Some((
            State::Bad,
            text(
                format!("the files of {account} hold another one, which cannot be used: the former one stays"),
                format!("账户 {account} 的证书文件已更换，但新证书无法使用，仍用原来的证书"),
            ),
        )),
        Certificate::ExpiresSoon(until) => {
            let (days, until) = ((until - now).num_days(), moment(until));
            Some((
                State::Look,
                text(
                    format!("that of {account} is good for {days} days more, until {until}"),
                    format!("账户 {account} 的证书还有 {days} 天到期（{until}）"),
                ),
            ))
        }
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
mod tests;
