//! The notify URL: what WeChat asks of it, and, when that is wished for, a visit through its public name.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hyper::header::HeaderName;
use reqwest::Url;

use crate::app::reachable;
use crate::channel::wechat::v2::{Endpoints, Merchant};
use crate::deal::AccountId;
use crate::handshake::Answer;

use super::line::{Addresses, Line};
use super::words::{hosts, notify_url as words};
use super::{Check, Doctor, Finding};

const CHECK: Check = Check::NotifyUrl;
const CLIENT: Check = Check::ProxyHeaders;
/// As long as WeChat waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// The address that the doctor claims to have; no machine has it (TEST-NET-3).
const FORGED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);

impl Doctor {
    pub(super) async fn notify_url(&self, merchant: &Merchant, endpoints: &Endpoints) -> Vec<Finding> {
        // Its form (https, no query, at most 256 characters) was checked when the configuration was read.
        let url = match merchant.notify_url.parse::<Url>() {
            Ok(url) => url,
            Err(error) => return vec![Finding::fail(CHECK, words::no_url(&error))],
        };
        let addresses = match Addresses::of(&url).await {
            Ok(addresses) => addresses,
            Err(broken) => return vec![Finding::fail(CHECK, words::no_name(host(&url), &broken))],
        };
        let wechat_is_here = endpoints.primary.host_str().is_some_and(is_local);
        let mut findings = vec![reach(&url, &addresses, wechat_is_here)];
        if !is_ours(url.path(), &merchant.account) {
            findings.push(Finding::warn(CHECK, words::foreign_path(url.path())));
        }
        if self.fetch {
            findings.extend(self.fetch(&url, &addresses).await);
        }
        findings
    }

    async fn fetch(&self, url: &Url, addresses: &Addresses) -> Vec<Finding> {
        // WeChat comes over IPv4.
        let Some(address) = addresses.first_of_each().next() else { return Vec::new() };
        let line = match Line::to(address).await {
            Ok(line) => line,
            Err(broken) => return vec![Finding::fail(CHECK, words::closed(host(url), &broken))],
        };
        let own = line.own;
        // A doctor at an address whose word is taken could forge, and would prove nothing by it.
        let is_trusted = |address: IpAddr| self.settings.server.trusted_proxies.iter().any(|network| network.contains(&address));
        let forges = !own.is_some_and(is_trusted);
        let forged = forges.then(|| FORGED.to_string());
        let service = match self.question(line, url, forged.as_deref()).await {
            Ok(service) => service,
            Err(broken) => return vec![Finding::fail(CHECK, hosts::broken_at(host(url), &broken))],
        };
        let Some(answer) = service.answer else {
            return vec![Finding::fail(CHECK, words::strangers(service.status, self.settings.server.listen))];
        };
        let arrived = if !service.untouched {
            Finding::fail(CHECK, words::body_changed())
        } else if service.took > PATIENCE {
            Finding::fail(CHECK, words::slow(service.took))
        } else {
            self.which(&answer, service.took).await
        };
        vec![arrived, client(&answer, own, forges, is_trusted(answer.client), &self.settings.server.client_ip_header)]
    }

    /// Whether the instance behind the public name is the one on this machine.
    async fn which(&self, answer: &Answer, took: Duration) -> Finding {
        let here = self.question_here(reachable(self.settings.server.listen)).await;
        let arrived = words::arrived(&answer.instance, took);
        match here.and_then(|service| service.answer) {
            Some(here) if here.instance != answer.instance => Finding::warn(CHECK, words::other_instance(&arrived, &here.instance)),
            _ => Finding::ok(CHECK, arrived),
        }
    }
}

/// By which address the service knows its caller, the doctor.
fn client(answer: &Answer, own: Option<IpAddr>, forges: bool, is_proxy: bool, header: &HeaderName) -> Finding {
    let seen = answer.client;
    if forges && seen == IpAddr::V4(FORGED) {
        Finding::fail(CLIENT, words::any_address(header.as_str()))
    } else if own == Some(seen) || is_public(seen) {
        Finding::ok(CLIENT, words::address_seen(seen, forges))
    } else {
        Finding::fail(CLIENT, words::address_wrong(seen, is_proxy, header.as_str()))
    }
}

fn reach(url: &Url, addresses: &Addresses, wechat_is_here: bool) -> Finding {
    let private: Vec<_> = addresses.all.iter().map(|address| address.ip()).filter(|address| !is_public(*address)).collect();
    let (v4, v6) = addresses.count();
    match private.first() {
        // The name is the same for the whole world then.
        Some(_) if is_local(host(url)) && !wechat_is_here => Finding::fail(CHECK, words::local_name(host(url))),
        Some(address) => Finding::warn(CHECK, words::private_address(host(url), *address)),
        None if v4 == 0 => Finding::warn(CHECK, words::no_ipv4(host(url))),
        None => Finding::ok(CHECK, words::public(host(url), v4, v6)),
    }
}

/// Whether a host means this machine, or an address of a private network, to every machine that reads it.
fn is_local(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address| !is_public(address))
}

/// Whether this service takes notifications of this account at a path.
fn is_ours(path: &str, account: &AccountId) -> bool {
    let path = path.trim_end_matches('/').replace(".html", "");
    ["/wxPay/notify", "/wxPay/callback"].into_iter().any(|of_all| path == of_all || path == format!("{of_all}/{account}"))
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
    fn a_path_is_ours_where_this_service_takes_notifications_of_the_account() {
        let shop2 = "shop2".parse().unwrap();
        for path in ["/wxPay/notify", "/wxPay/callback", "/wxPay/notify/shop2", "/wxPay/callback/shop2/", "/wxPay/notify.html/shop2"] {
            assert!(is_ours(path, &shop2), "{path}");
        }
        for path in ["/", "/notify", "/wxPay/notify/shop3", "/wxPay/toPay", "/wxPay/notify/shop2/x"] {
            assert!(!is_ours(path, &shop2), "{path}");
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
