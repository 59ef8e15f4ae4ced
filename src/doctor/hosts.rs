//! WeChat's hosts, its clock and our credentials: one question a host, about an order that cannot exist.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_util::future::join_all;
use reqwest::Url;

use crate::channel::wechat::v2::calls::ORDER_QUERY;
use crate::channel::wechat::v2::{CONNECT, reply};
use crate::channel::{CallError, Doubt, QueryOutcome, Refusal};
use crate::config::Wechat;
use crate::deal::{OrderId, Timestamp};

use super::line::{Addresses, Broken, Heard, Line, ms, post_through};
use super::{Doctor, Finding};

/// A Date header has whole seconds and was a while under way.
const GOOD_CLOCK: TimeDelta = TimeDelta::seconds(5);
/// WeChat judges `time_expire` by its own clock, and wants it five minutes ahead.
const BAD_CLOCK: TimeDelta = TimeDelta::seconds(60);

/// What came of a visit to one host.
struct Visit {
    findings: Vec<Finding>,
    heard: Option<(Heard, Timestamp)>,
}

impl Doctor {
    pub(super) async fn hosts(&self, wechat: &Wechat) -> Vec<Finding> {
        // Nobody but us draws numbers with letters.
        let number = format!("doctor{}", &self.chance.nonce()[..26]);
        let Ok(order_id) = number.parse::<OrderId>() else { return Vec::new() };
        let hosts = [Some(("primary host", &wechat.endpoints.primary)), wechat.endpoints.backup.as_ref().map(|url| ("backup host", url))];
        let visits = hosts.into_iter().flatten().map(|(check, url)| self.visit(check, url, wechat, &order_id));
        let mut findings = Vec::new();
        let mut heard = Vec::new();
        for visit in join_all(visits).await {
            findings.extend(visit.findings);
            heard.extend(visit.heard);
        }
        findings.push(clock(&heard));
        findings.push(match heard.iter().find(|(heard, _)| heard.status == 200) {
            Some((heard, _)) => credentials(&reply::order_query(&wechat.merchant, &order_id, &heard.body), wechat),
            None => Finding::warn("credentials", "could not be tried", "mend the way to WeChat first"),
        });
        findings
    }

    async fn visit(&self, check: &'static str, base: &Url, wechat: &Wechat, order_id: &OrderId) -> Visit {
        let host = base.host_str().unwrap_or_default();
        let mut findings = Vec::new();
        let asked = self.ask(check, base, wechat, order_id, &mut findings).await;
        let asked_at = self.clock.now();
        let heard = match asked {
            Ok((phases, heard)) if heard.status == 200 => {
                findings.insert(0, Finding::ok(check, format!("{host}: {phases}")));
                Some((heard, asked_at))
            }
            Ok((phases, heard)) => {
                let found = format!("{host} answered with HTTP status {}: {phases}", heard.status);
                findings.insert(
                    0,
                    Finding::fail(check, found, "look for a proxy on the way; check wechat.base_url and wechat.backup_base_url"),
                );
                Some((heard, asked_at))
            }
            Err(broken) => {
                findings.insert(0, Finding::fail(check, format!("{host}: {broken}"), broken.advice()));
                None
            }
        };
        Visit { findings, heard }
    }

    /// Asks at one host, and tells the time of each phase.
    async fn ask(
        &self,
        check: &'static str,
        base: &Url,
        wechat: &Wechat,
        order_id: &OrderId,
        findings: &mut Vec<Finding>,
    ) -> Result<(String, Heard), Broken> {
        let question = wechat.merchant.order_request(order_id, &self.chance);
        if let Some(proxy) = &wechat.endpoints.proxy {
            let heard = post_through(proxy, &endpoint(base), question).await?;
            return Ok((format!("through the proxy {proxy}, HTTP {}", ms(heard.http)), heard));
        }
        let addresses = Addresses::of(base).await?;
        let (v4, v6) = addresses.count();
        let line = connect(check, &addresses, findings).await?;
        let tcp = line.took;
        let url = endpoint(base);
        let heard = line.post(&url, Default::default(), question).await?;
        let tls = heard.tls.unwrap_or_default();
        let connecting = addresses.took + tcp + tls;
        if connecting > CONNECT {
            let found = format!("connecting took {}: the service gives up after {}", ms(connecting), ms(CONNECT));
            findings.push(Finding::warn(check, found, "look for the slow phase: DNS, the route, or TLS"));
        }
        let tls = heard.tls.map_or("no TLS".to_owned(), |took| format!("TLS {}", ms(took)));
        let resolved = format!("DNS {} ({v4} IPv4, {v6} IPv6)", ms(addresses.took));
        Ok((format!("{resolved}, TCP {}, {tls}, HTTP {}", ms(tcp), ms(heard.http)), heard))
    }
}

/// A connection over either family, and a word about one that leads nowhere.
async fn connect(check: &'static str, addresses: &Addresses, findings: &mut Vec<Finding>) -> Result<Line, Broken> {
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
            let found = format!("over {family} there is {broken}, and each new connection may try it first");
            findings.push(Finding::warn(check, found, format!("give this machine {family}, or take its addresses out of DNS here")));
            Ok(line)
        }
        (None, shut) => Err(shut.map_or(Broken::Name("no address".to_owned()), |(_, broken)| broken)),
    }
}

/// Where `orderquery` is, below a base that may have a path.
fn endpoint(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), ORDER_QUERY.path));
    url
}

fn clock(heard: &[(Heard, Timestamp)]) -> Finding {
    const CHECK: &str = "clock";
    let told = heard.iter().find_map(|(heard, at)| {
        let date = DateTime::parse_from_rfc2822(heard.headers.get("date")?.to_str().ok()?).ok()?;
        // The header was written while half of the answer's time was still to go, give or take.
        let under_way = TimeDelta::from_std(heard.http.min(Duration::from_secs(10)) / 2).unwrap_or_default();
        Some(*at - under_way - date.to_utc())
    });
    let Some(skew) = told else {
        return Finding::warn(CHECK, "WeChat has not told the time", "compare this machine's clock with another one's");
    };
    let skew = TimeDelta::seconds((skew.num_milliseconds() + 500).div_euclid(1000));
    let found = match skew.num_seconds() {
        0 => "agrees with WeChat's".to_owned(),
        seconds if seconds > 0 => format!("{seconds} s ahead of WeChat's"),
        seconds => format!("{} s behind WeChat's", -seconds),
    };
    let advice = "run an NTP client (chrony, systemd-timesyncd): links expire by WeChat's clock";
    match skew.abs() {
        skew if skew > BAD_CLOCK => Finding::fail(CHECK, found, advice),
        skew if skew > GOOD_CLOCK => Finding::warn(CHECK, found, advice),
        _ => Finding::ok(CHECK, found),
    }
}

fn credentials(answer: &Result<QueryOutcome, CallError>, wechat: &Wechat) -> Finding {
    const CHECK: &str = "credentials";
    const PLACE: &str = "商户平台 → 账户中心 → API安全";
    match answer {
        Ok(QueryOutcome::NotExist) => {
            let sign_type = wechat.merchant.signer.sign_type().as_str();
            Finding::ok(CHECK, format!("appid, mch_id and API key are right: WeChat has signed its answer with the same key ({sign_type})"))
        }
        Ok(QueryOutcome::Known(_)) => {
            Finding::warn(CHECK, "WeChat knows an order that cannot exist", "check wechat.base_url: this is no WeChat")
        }
        Err(CallError::Refused(refusal)) => refused(CHECK, refusal, PLACE),
        Err(CallError::Unknown(Doubt::Signature(_))) => Finding::fail(
            CHECK,
            "WeChat has taken our signature, and what it answers is not signed with our key",
            "check wechat.base_url, wechat.sign_type, and who else is on the way",
        ),
        Err(CallError::Unknown(Doubt::Foreign(field))) => {
            Finding::fail(CHECK, format!("WeChat answers about another {field}"), format!("check wechat.{field}"))
        }
        Err(CallError::Unknown(Doubt::Malformed(_) | Doubt::Incomplete(_))) => Finding::fail(
            CHECK,
            "the answer is no message of WeChat's",
            "check wechat.base_url; look for a proxy that answers in WeChat's place",
        ),
        Err(error) => Finding::warn(CHECK, format!("could not be tried: {error}"), "try again in a minute"),
    }
}

/// A wrong key is told from wrong numbers by WeChat's words: of a business failure, or the Chinese text of a refused request.
fn refused(check: &'static str, refusal: &Refusal, place: &str) -> Finding {
    let says = |words: &[&str]| words.iter().any(|word| refusal.is(word) || refusal.description.contains(word));
    let names = |number: &[&str]| number.iter().any(|word| refusal.description.contains(word));
    let found = |what: &str| format!("{what} (WeChat: {refusal})");
    if says(&["SIGNERROR", "签名错误"]) {
        let advice =
            format!("copy the API key (v2, 32 characters) again from {place}; it is not the APIv3 key. Check wechat.sign_type, too");
        Finding::fail(check, found("the API key is wrong"), advice)
    } else if says(&["APPID_MCHID_NOT_MATCH", "不匹配"]) {
        let advice = "bind the appid to the merchant number: 商户平台 → 产品中心 → AppID账号管理";
        Finding::fail(check, found("appid and mch_id do not belong together"), advice)
    } else if says(&["NOAUTH", "权限"]) {
        Finding::fail(check, found("the merchant may not use this API"), "apply for Native支付: 商户平台 → 产品中心")
    } else if says(&["MCHID_NOT_EXIST"]) || names(&["mch_id", "商户号"]) {
        Finding::fail(check, found("the merchant number is wrong"), format!("check wechat.mch_id in {place}"))
    } else if says(&["APPID_NOT_EXIST"]) || names(&["appid", "AppID", "公众账号"]) {
        Finding::fail(check, found("the appid is wrong"), "check wechat.appid: wx and 16 characters")
    } else {
        Finding::fail(check, found("WeChat refuses the question"), "look these words up in WeChat's documents")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(err_code: Option<&str>, description: &str) -> String {
        let refusal = Refusal { err_code: err_code.map(str::to_owned), ..Refusal::stored(description.to_owned()) };
        refused("credentials", &refusal, "there").found
    }

    #[tokio::test]
    async fn a_family_that_leads_nowhere_is_told_of() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
        let shut = ([0, 0, 0, 0, 0, 0, 0, 1], 1).into();
        for (all, told, connects) in
            [(vec![open.local_addr().unwrap()], 0, true), (vec![shut, open.local_addr().unwrap()], 1, true), (vec![shut], 0, false)]
        {
            let mut findings = Vec::new();
            let line = connect("primary host", &Addresses { all, took: Duration::ZERO }, &mut findings).await;
            assert_eq!((findings.len(), line.is_ok()), (told, connects), "{findings:?}");
            assert!(findings.iter().all(|finding| finding.found.contains("over IPv6 there is no TCP connection")), "{findings:?}");
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
