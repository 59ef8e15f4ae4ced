//! The page of the accounts: one line each, and what is wrong with those that are gone.

use crate::console::certificate::Certificate;
use crate::deal::{AccountId, BeijingTime, Timestamp, TradeType};
use crate::gateway::{AccountStanding, CertificateStanding, MissingAccount};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

const ACCOUNTS: &str = include_str!("html/accounts.html");
const ACCOUNT: &str = include_str!("html/account.html");
const MISSING: &str = include_str!("html/missing.html");
const NEXT: &str = "<p class=\"pages\"><a href=\"/accounts?after={{after}}\">{{后面的账户|The next accounts}}</a></p>\n";
/// Lines of a page: with the longest sellers it has less than 100 KiB.
const LINES: usize = 50;
/// Of a long list of sellers so much is shown.
const SELLERS: usize = 200;

/// What else is known.
pub struct Facts<'a> {
    pub now: Timestamp,
    /// Accounts that the configuration lacks.
    pub missing: &'a [MissingAccount],
    /// Days of the last seven without a bill.
    pub missing_bills: &'a [(AccountId, i64)],
}

/// Those behind the account `after`, as many as a page has.
pub fn accounts(facts: &Facts<'_>, standings: &[AccountStanding<'_>], after: &str, language: Language) -> String {
    let missing: String = facts.missing.iter().take(LINES).map(|missing| missing_account(missing, language)).collect();
    let mut left = standings.iter().filter(|standing| standing.id.as_str() > after);
    let shown: Vec<_> = left.by_ref().take(LINES).collect();
    let rows: String = shown.iter().map(|standing| account(facts, standing, language)).collect();
    let last = shown.last().filter(|_| left.next().is_some()).map(|standing| standing.id.as_str());
    let next = last.map(|last| bilingual(NEXT, language, &[("after", Value::Text(last))])).unwrap_or_default();
    bilingual(
        ACCOUNTS,
        language,
        &[
            ("count", Value::Text(&standings.len().to_string())),
            ("missing", Value::Markup(&missing)),
            ("rows", Value::Markup(&rows)),
            ("next", Value::Markup(&next)),
        ],
    )
}

fn missing_account(MissingAccount { account, undecided }: &MissingAccount, language: Language) -> String {
    bilingual(MISSING, language, &[("account", Value::Text(account.as_str())), ("undecided", Value::Text(&undecided.to_string()))])
}

fn account(facts: &Facts<'_>, standing: &AccountStanding<'_>, language: Language) -> String {
    let (class, certificate) = certificate(standing.certificate, facts.now);
    let missing_bills = facts.missing_bills.iter().find(|(account, _)| account == standing.id).map_or(0, |(_, days)| *days);
    let bills = match missing_bills {
        0 => String::new(),
        days => bilingual(
            "<a href=\"/bills\">{{最近七天缺 |missing of the last seven days: }}{{days}}{{ 天|}}</a>",
            language,
            &[("days", Value::Text(&days.to_string()))],
        ),
    };
    let login = if standing.has_login { pair("payers inside WeChat are known", "可识别微信内的付款人") } else { pair("", "") };
    let sub_mch_id = standing.addressee.sub_mch_id.as_deref().unwrap_or("–");
    bilingual(
        ACCOUNT,
        language,
        &[
            ("account", Value::Text(standing.id.as_str())),
            ("mch_id", Value::Text(&standing.addressee.mch_id)),
            ("appid", Value::Text(&standing.addressee.appid)),
            ("sub_mch_id", Value::Text(sub_mch_id)),
            ("sellers", Value::Text(&sellers(standing, language))),
            ("ways", Value::Text(&ways(standing.trade_types))),
            ("in_checkouts", Value::Text(&ways(standing.checkout_types))),
            ("login", Value::Text(login.read(language))),
            ("budget", Value::Text(&standing.query_budget.to_string())),
            ("class", Value::Text(class)),
            ("certificate", Value::Text(certificate.read(language))),
            ("bills", Value::Markup(&bills)),
            ("disbelieved", Value::Text(&standing.disbelieved.to_string())),
        ],
    )
}

/// Those that no account names go through the account `default`.
fn sellers(standing: &AccountStanding<'_>, language: Language) -> String {
    let others = pair("all others", "其余全部");
    if standing.sellers.is_empty() {
        return if standing.id.is_default() { others.read(language).to_owned() } else { "–".to_owned() };
    }
    let told = standing.sellers.to_string();
    told.char_indices().nth(SELLERS).map_or(told.clone(), |(end, _)| format!("{}…", &told[..end]))
}

fn ways(trade_types: &[TradeType]) -> String {
    if trade_types.is_empty() { "–".to_owned() } else { trade_types.iter().map(|way| way.as_str()).collect::<Vec<_>>().join(", ") }
}

/// How it stands, in a word for the look and in words.
fn certificate(standing: CertificateStanding, now: Timestamp) -> (&'static str, Text) {
    let date = |until: Timestamp| BeijingTime::from(until).naive().format("%Y-%m-%d");
    let left = |until: Timestamp| {
        let (days, date) = ((until - now).num_days(), date(until));
        (format!("{days} days more, until {date}"), format!("还有 {days} 天（{date}）"))
    };
    let good = |until| {
        let (english, chinese) = left(until);
        text(english, chinese)
    };
    match Certificate::at(now, standing) {
        Certificate::NotDemanded => ("over", pair("none is demanded", "不需要")),
        Certificate::Missing => ("waiting", pair("none: no refunds", "没有：不能退款")),
        Certificate::Expired(until) => {
            let date = date(until);
            ("bad", text(format!("expired {date}"), format!("已于 {date} 过期")))
        }
        Certificate::AnotherNotTaken(until) => {
            let (english, chinese) = left(until);
            let words = "the files hold another one, which cannot be used";
            ("bad", text(format!("{english}; {words}"), format!("{chinese}；文件已更换，但新证书无法使用")))
        }
        Certificate::ExpiresSoon(until) => ("waiting", good(until)),
        Certificate::Good(until) => ("good", good(until)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::language::Language::{Chinese, English};

    #[test]
    fn a_certificate_is_told_of_by_the_days_that_are_left() {
        let now: Timestamp = "2026-04-02T04:00:00Z".parse().unwrap();
        let shown = |days, another_not_taken| CertificateStanding::Shown { until: now + TimeDelta::days(days), another_not_taken };
        for (standing, class, english) in [
            (shown(30, false), "good", "30 days more, until 2026-05-02"),
            (shown(29, false), "waiting", "29 days more, until 2026-05-01"),
            (shown(90, true), "bad", "90 days more, until 2026-07-01; the files hold another one, which cannot be used"),
            (shown(-1, true), "bad", "expired 2026-04-01"),
            (CertificateStanding::Missing, "waiting", "none: no refunds"),
        ] {
            let (told, words) = certificate(standing, now);
            assert_eq!((told, words.read(English)), (class, english));
        }
        assert_eq!(certificate(shown(29, false), now).1.read(Chinese), "还有 29 天（2026-05-01）");
    }

    #[test]
    fn an_account_that_is_gone_is_told_of_first() {
        let missing = [MissingAccount { account: "shop3".parse().unwrap(), undecided: 7 }];
        let page = accounts(&Facts { now: Timestamp::UNIX_EPOCH, missing: &missing, missing_bills: &[] }, &[], "", English);
        assert!(page.contains("<code>shop3</code>") && page.contains('7') && !page.contains("/accounts?after="), "{page}");
    }
}
