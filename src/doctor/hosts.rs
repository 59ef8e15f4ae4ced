//! WeChat's hosts, its clock and our credentials: one question a host, about an order that cannot exist.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_util::future::join_all;
use reqwest::Url;

use crate::channel::wechat::v2::calls::{Call, ORDER_QUERY};
use crate::channel::wechat::v2::{CONNECT, Endpoints, Merchant, Proxy, reply};
use crate::channel::{CallError, Doubt, QueryOutcome, Refusal};
use crate::deal::{OrderId, Timestamp};
use crate::language::Text;

use super::line::{Addresses, Broken, Heard, Line, Tls, post_through};
use super::words::hosts as words;
use super::{Check, Doctor, Finding, Trouble};

/// A Date header has whole seconds and was a while under way.
const GOOD_CLOCK: TimeDelta = TimeDelta::seconds(5);
/// WeChat judges `time_expire` by its own clock, and wants it five minutes ahead.
const BAD_CLOCK: TimeDelta = TimeDelta::seconds(60);

/// What is asked at each host.
struct Question<'a> {
    merchant: &'a Merchant,
    proxy: Option<&'a Proxy>,
    tls: &'a Tls<'a>,
    order_id: &'a OrderId,
}

/// What came of a visit to one host.
struct Visit {
    findings: Vec<Finding>,
    heard: Option<(Heard, Timestamp)>,
}

impl Doctor {
    /// Asks as one merchant. What is found of the hosts, and of this merchant's credentials.
    pub(super) async fn hosts(&self, merchant: &Merchant, endpoints: &Endpoints) -> (Vec<Finding>, Option<Finding>) {
        let Some(order_id) = self.impossible_order() else { return (Vec::new(), None) };
        let Endpoints { primary, backup, proxy, extra_roots } = endpoints;
        let hosts = [Some((Check::PrimaryHost, primary)), backup.as_ref().map(|url| (Check::BackupHost, url))];
        let tls = Tls { extra_roots: extra_roots.clone(), shown: None };
        let question = Question { merchant, proxy: proxy.as_ref(), tls: &tls, order_id: &order_id };
        let visits = hosts.into_iter().flatten().map(|(check, url)| self.visit(check, url, &question));
        let mut findings = Vec::new();
        let mut heard = Vec::new();
        for visit in join_all(visits).await {
            findings.extend(visit.findings);
            heard.extend(visit.heard);
        }
        findings.push(clock(&heard));
        let credentials = match heard.iter().find(|(heard, _)| heard.status == 200) {
            Some((heard, _)) => credentials(&reply::order_query(merchant, &order_id, &heard.body), merchant),
            None => Finding::warn(Check::Credentials, words::untried()),
        };
        (findings, Some(credentials))
    }

    /// The number of an order that no service can have opened, for it draws none with letters.
    pub(super) fn impossible_order(&self) -> Option<OrderId> {
        format!("doctor{}", &self.chance.nonce()[..26]).parse().ok()
    }

    async fn visit(&self, check: Check, base: &Url, question: &Question<'_>) -> Visit {
        let host = base.host_str().unwrap_or_default();
        let mut findings = Vec::new();
        let asked = self.ask(check, base, question, &mut findings).await;
        let asked_at = self.clock.now();
        let heard = match asked {
            Ok((phases, heard)) if heard.status == 200 => {
                findings.insert(0, Finding::ok(check, words::phases(host, &phases)));
                Some((heard, asked_at))
            }
            Ok((phases, heard)) => {
                findings.insert(0, Finding::fail(check, words::http_status(host, heard.status, &phases)));
                Some((heard, asked_at))
            }
            Err(broken) => {
                findings.insert(0, Finding::fail(check, words::broken_at(host, &broken)));
                None
            }
        };
        Visit { findings, heard }
    }

    /// Asks at one host, and tells the time of each phase.
    async fn ask(&self, check: Check, base: &Url, question: &Question<'_>, findings: &mut Vec<Finding>) -> Result<(Text, Heard), Broken> {
        let request = question.merchant.order_request(question.order_id, &self.chance);
        if let Some(proxy) = question.proxy {
            let heard = post_through(proxy, &endpoint(base, ORDER_QUERY), question.tls, request).await?;
            return Ok((words::through_proxy(proxy, heard.http), heard));
        }
        let addresses = Addresses::of(base).await?;
        let line = connect(check, &addresses, findings).await?;
        let tcp = line.took;
        let url = endpoint(base, ORDER_QUERY);
        let heard = line.post(&url, question.tls, Default::default(), request).await?;
        let tls = heard.tls.unwrap_or_default();
        let connecting = addresses.took + tcp + tls;
        if connecting > CONNECT {
            findings.push(Finding::warn(check, words::slow_connecting(connecting, CONNECT)));
        }
        Ok((words::all_phases(&addresses, tcp, &heard), heard))
    }
}

/// A connection over either family, and a word about one that leads nowhere.
async fn connect(check: Check, addresses: &Addresses, findings: &mut Vec<Finding>) -> Result<Line, Broken> {
    let (mut open, mut shut) = (None, None);
    for (address, line) in join_all(addresses.first_of_each().map(|address| async move { (address, Line::to(address).await) })).await {
        match line {
            Ok(line) => open = open.or(Some(line)),
            Err(broken) => shut = Some((address, broken)),
        }
    }
    match (open, shut) {
        (Some(line), None) => Ok(line),
        (Some(line), Some((address, broken))) => {
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            findings.push(Finding::warn(check, words::family_broken(family, &broken)));
            Ok(line)
        }
        (None, shut) => Err(shut.map_or(Broken::Name(words::no_address()), |(_, broken)| broken)),
    }
}

/// Where a call is, below a base that may have a path.
pub(super) fn endpoint(base: &Url, call: Call) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), call.path));
    url
}

fn clock(heard: &[(Heard, Timestamp)]) -> Finding {
    const CHECK: Check = Check::Clock;
    let told = heard.iter().find_map(|(heard, at)| {
        let date = DateTime::parse_from_rfc2822(heard.headers.get("date")?.to_str().ok()?).ok()?;
        // The header was written while half of the answer's time was still to go, give or take.
        let under_way = TimeDelta::from_std(heard.http.min(Duration::from_secs(10)) / 2).unwrap_or_default();
        Some(*at - under_way - date.to_utc())
    });
    let Some(skew) = told else {
        return Finding::warn(CHECK, words::no_time());
    };
    let skew = TimeDelta::seconds((skew.num_milliseconds() + 500).div_euclid(1000));
    let told = words::clock(skew.num_seconds());
    match skew.abs() {
        skew if skew > BAD_CLOCK => Finding::fail(CHECK, told),
        skew if skew > GOOD_CLOCK => Finding::warn(CHECK, told),
        _ => Finding::ok(CHECK, told.found),
    }
}

fn credentials(answer: &Result<QueryOutcome, CallError>, merchant: &Merchant) -> Finding {
    const CHECK: Check = Check::Credentials;
    match answer {
        Ok(QueryOutcome::NotExist) => Finding::ok(CHECK, words::right(merchant.signer.sign_type().as_str())),
        Ok(QueryOutcome::Known(_)) => Finding::warn(CHECK, words::impossible_order()),
        Err(CallError::Refused(refusal)) => Finding::fail(CHECK, refused(refusal)),
        Err(CallError::Unknown(Doubt::Signature(_))) => Finding::fail(CHECK, words::wrong_signature()),
        Err(CallError::Unknown(Doubt::Foreign(field))) => Finding::fail(CHECK, words::foreign(field)),
        Err(CallError::Unknown(Doubt::Malformed(_) | Doubt::Incomplete(_))) => Finding::fail(CHECK, words::no_message()),
        Err(error) => Finding::warn(CHECK, words::untried_because(error)),
    }
}

/// A wrong key is told from wrong numbers by WeChat's words: of a business failure, or the Chinese text of a refused request.
fn refused(refusal: &Refusal) -> Trouble {
    let says = |words: &[&str]| words.iter().any(|word| refusal.is(word) || refusal.description.contains(word));
    let names = |number: &[&str]| number.iter().any(|word| refusal.description.contains(word));
    if says(&["SIGNERROR", "签名错误"]) {
        words::wrong_key(refusal)
    } else if says(&["APPID_MCHID_NOT_MATCH", "不匹配"]) {
        words::not_bound(refusal)
    } else if says(&["NOAUTH", "权限"]) {
        words::not_allowed(refusal)
    } else if says(&["MCHID_NOT_EXIST"]) || names(&["mch_id", "商户号"]) {
        words::wrong_merchant(refusal)
    } else if says(&["APPID_NOT_EXIST"]) || names(&["appid", "AppID", "公众账号"]) {
        words::wrong_appid(refusal)
    } else {
        words::refused_otherwise(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn found(err_code: Option<&str>, description: &str) -> String {
        let refusal = Refusal { err_code: err_code.map(str::to_owned), ..Refusal::stored(description.to_owned()) };
        refused(&refusal).found.read(Language::English).to_owned()
    }

    #[tokio::test]
    async fn a_family_that_leads_nowhere_is_told_of() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
        let shut = ([0, 0, 0, 0, 0, 0, 0, 1], 1).into();
        for (all, told, connects) in
            [(vec![open.local_addr().unwrap()], 0, true), (vec![shut, open.local_addr().unwrap()], 1, true), (vec![shut], 0, false)]
        {
            let mut findings = Vec::new();
            let line = connect(Check::PrimaryHost, &Addresses { all, took: Duration::ZERO }, &mut findings).await;
            assert_eq!((findings.len(), line.is_ok()), (told, connects), "{findings:?}");
            assert!(
                findings.iter().all(|finding| finding.found.read(Language::English).contains("over IPv6 there is no TCP connection")),
                "{findings:?}"
            );
        }
    }

    #[test]
    fn a_wrong_key_is_told_from_wrong_numbers() {
        for (err_code, description, expected) in [
            (None, "签名错误", "the API key"),
            (None, "签名错误，请检查后再试", "the API key"),
            (Some("SIGNERROR"), "签名错误", "the API key"),
            (None, "商户号mch_id与appid不匹配", "appid and mch_id do not belong together"),
            (Some("APPID_MCHID_NOT_MATCH"), "", "appid and mch_id do not belong together"),
            (None, "商户号mch_id或sub_mch_id不存在", "the merchant number"),
            (None, "mch_id参数格式错误", "the merchant number"),
            (None, "商户号非法", "the merchant number"),
            (Some("MCHID_NOT_EXIST"), "", "the merchant number"),
            (None, "AppID不存在，请检查后再试", "the appid"),
            (None, "appid参数长度有误", "the appid"),
            (Some("APPID_NOT_EXIST"), "", "the appid"),
            (None, "输入源“/body/xml/mch_id”映射到值字段“商户号”字符串规则校验失败", "the merchant number"),
            (Some("NOAUTH"), "", "the merchant may not"),
            (None, "商户号该产品权限未开通，请前往商户平台>产品中心检查后重试", "the merchant may not"),
            (None, "其他", "WeChat refuses"),
        ] {
            assert!(found(err_code, description).starts_with(expected), "{description}: {}", found(err_code, description));
        }
    }
}
