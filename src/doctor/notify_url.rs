//! The notify URL: what WeChat asks of it, and, when that is wished for, a visit through its public name.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hyper::header::HeaderName;
use reqwest::Url;

use crate::app::reachable;
use crate::config::Wechat;
use crate::handshake::Answer;

use super::line::{Addresses, Line, ms};
use super::{Doctor, Finding};

const CHECK: &str = "notify URL";
const CLIENT: &str = "proxy headers";
/// As long as WeChat waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// Whom the doctor claims to be: an address of nobody's (TEST-NET-3).
const FORGED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);

impl Doctor {
    pub(super) async fn notify_url(&self, wechat: &Wechat) -> Vec<Finding> {
        // Its form (https, no query, at most 256 characters) was checked when the configuration was read.
        let url = match wechat.merchant.notify_url.parse::<Url>() {
            Ok(url) => url,
            Err(error) => return vec![Finding::fail(CHECK, format!("is no URL: {error}"), "check wechat.notify_url")],
        };
        let addresses = match Addresses::of(&url).await {
            Ok(addresses) => addresses,
            Err(broken) => return vec![Finding::fail(CHECK, format!("{}: {broken}", host(&url)), "give the name a public address in DNS")],
        };
        let wechat_is_here = wechat.endpoints.primary.host_str().is_some_and(is_local);
        let mut findings = vec![reach(&url, &addresses, wechat_is_here)];
        if !matches!(url.path(), "/wxPay/notify" | "/wxPay/callback") {
            let found = format!("its path is {}, which is not this service's", url.path());
            findings.push(Finding::warn(CHECK, found, "have the proxy turn it into /wxPay/notify, or change wechat.notify_url"));
        }
        if self.fetch {
            findings.extend(self.fetch(&url, &addresses, wechat).await);
        }
        findings
    }

    async fn fetch(&self, url: &Url, addresses: &Addresses, wechat: &Wechat) -> Vec<Finding> {
        // WeChat comes over IPv4.
        let Some(address) = addresses.first_of_each().next() else { return Vec::new() };
        let line = match Line::to(address).await {
            Ok(line) => line,
            Err(broken) => {
                let advice = "open the port to the world; if only this machine cannot reach it (NAT), fetch from another one";
                return vec![Finding::fail(CHECK, format!("{}: {broken}", host(url)), advice)];
            }
        };
        let own = line.own;
        // A doctor at an address whose word is taken could forge, and would prove nothing by it.
        let is_trusted = |address: IpAddr| self.settings.server.trusted_proxies.iter().any(|network| network.contains(&address));
        let forges = !own.is_some_and(is_trusted);
        let forged = forges.then(|| FORGED.to_string());
        let service = match self.question(line, url, &wechat.merchant.signer, forged.as_deref()).await {
            Ok(service) => service,
            Err(broken) => return vec![Finding::fail(CHECK, format!("{}: {broken}", host(url)), broken.advice())],
        };
        let status = service.status;
        let Some(answer) = service.answer else {
            let advice = match status {
                300..=399 => "answer at this very URL: WeChat follows no redirect".to_owned(),
                401 | 403 => "take logins and filters off this path: WeChat brings no password".to_owned(),
                _ => {
                    let here = self.settings.server.listen;
                    format!("point the proxy's location at {here}; if it is there already, compare API keys, and clocks (5 min)")
                }
            };
            return vec![Finding::fail(CHECK, format!("HTTP status {status} comes from something that is not this service"), advice)];
        };
        let arrived = if !service.untouched {
            Finding::fail(CHECK, "the body arrives changed", "turn off whatever rewrites requests on the way: no signature survives it")
        } else if service.took > PATIENCE {
            Finding::fail(CHECK, format!("answered after {}", ms(service.took)), "WeChat waits for 5 s: look for the slow part of the way")
        } else {
            self.which(&answer, &service.took, wechat).await
        };
        vec![arrived, client(&answer, own, forges, is_trusted(answer.client), &self.settings.server.client_ip_header)]
    }

    /// Whether the instance behind the public name is the one on this machine.
    async fn which(&self, answer: &Answer, took: &Duration, wechat: &Wechat) -> Finding {
        let here = self.question_here(reachable(self.settings.server.listen), &wechat.merchant.signer).await;
        let found = format!("instance {} answered after {}, the body untouched", answer.instance, ms(*took));
        match here.and_then(|service| service.answer) {
            Some(here) if here.instance != answer.instance => {
                let found = format!("{found}; here runs instance {}", here.instance);
                Finding::warn(CHECK, found, "fine if both work on one database; otherwise the proxy leads to another installation")
            }
            _ => Finding::ok(CHECK, found),
        }
    }
}

/// Whose call the service took the doctor's for.
fn client(answer: &Answer, own: Option<IpAddr>, forges: bool, is_proxy: bool, header: &HeaderName) -> Finding {
    let seen = answer.client;
    let set = match header.as_str() {
        "x-forwarded-for" => "X-Forwarded-For to $proxy_add_x_forwarded_for".to_owned(),
        other => format!("{other} to $remote_addr"),
    };
    let advice = format!("have the proxy set {set}, and name its network (and nobody else's) in server.trusted_proxies");
    if forges && seen == IpAddr::V4(FORGED) {
        Finding::fail(CLIENT, "callers can claim any address", advice)
    } else if own == Some(seen) || is_public(seen) {
        let note = if forges { "and a forged one is not believed" } else { "asked from a trusted address, so forging was not tried" };
        Finding::ok(CLIENT, format!("the service sees {seen}, {note}"))
    } else {
        let whose = if is_proxy { "that of a trusted proxy" } else { "no caller's from outside" };
        Finding::fail(CLIENT, format!("the service sees {seen}, {whose}"), advice)
    }
}

fn reach(url: &Url, addresses: &Addresses, wechat_is_here: bool) -> Finding {
    let private: Vec<_> = addresses.all.iter().map(|address| address.ip()).filter(|address| !is_public(*address)).collect();
    let (v4, v6) = addresses.count();
    match private.first() {
        // The name is the same for the whole world then.
        Some(_) if is_local(host(url)) && !wechat_is_here => {
            Finding::fail(CHECK, format!("WeChat cannot reach {}", host(url)), "put the public name of this service into wechat.notify_url")
        }
        Some(address) => {
            let found = format!("{} is {address}, which WeChat cannot reach", host(url));
            Finding::warn(CHECK, found, "the world's DNS must have a public address for it; that this machine's has another is fine")
        }
        None if v4 == 0 => Finding::warn(CHECK, format!("{} has no IPv4 address", host(url)), "give it one: WeChat comes over IPv4"),
        None => Finding::ok(CHECK, format!("{}: https, no query, {v4} IPv4 and {v6} IPv6 addresses, all public", host(url))),
    }
}

/// Whether a host means this machine, or an address of a private network, to whoever reads it.
fn is_local(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address| !is_public(address))
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Whether an address is one of the internet's: not of this machine, a private network, a provider's NAT or a document.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation() || shared || a == 0 || a >= 224)
        }
        // 2000::/3 is what has been given out, less the documents' network.
        IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000 && v6.segments()[..2] != [0x2001, 0x0db8],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_internet_can_reach_is_public() {
        for (public, addresses) in [
            (true, ["101.226.103.1", "8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]),
            (false, ["10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1", "169.254.1.1"]),
            (false, ["::1", "fe80::1", "fd00::1", "2001:db8::1", "::ffff:10.0.0.1", "0.0.0.0"]),
        ] {
            for address in addresses {
                assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
            }
        }
    }

    #[test]
    fn the_caller_s_own_address_is_right_and_a_proxy_s_or_a_forged_one_is_wrong() {
        let seen = |client: &str, own: &str, forges, is_proxy| {
            let answer = Answer { instance: String::new(), client: client.parse().unwrap(), body: String::new() };
            super::client(&answer, own.parse().ok(), forges, is_proxy, &HeaderName::from_static("x-forwarded-for")).verdict
        };
        use crate::doctor::Verdict::{Fail, Ok};
        assert_eq!(seen("10.0.0.5", "10.0.0.5", true, false), Ok, "from a neighbour");
        assert_eq!(seen("198.18.0.1", "10.0.0.5", true, false), Ok, "through NAT");
        assert_eq!(seen("203.0.113.66", "10.0.0.5", true, false), Fail, "anybody's word is taken");
        assert_eq!(seen("127.0.0.1", "10.0.0.5", true, true), Fail, "the proxy's own");
        assert_eq!(seen("172.17.0.1", "10.0.0.5", true, false), Fail, "a proxy that is not trusted");
    }
}
