//! The page of an H5 order at WeChat (`mweb_url`): from which site and address a phone's browser may come to it, and until when
//! (PROTOCOL.md, 15.4).

use std::net::IpAddr;

use crate::deal::Timestamp;

use super::World;
use super::orders::{OrderKey, SimOrder};
use super::payers::Payer;
use super::scene::{host_of, registered_host};

/// A browser at the page.
pub(super) struct Visit<'a> {
    pub prepay_id: &'a str,
    pub package: &'a str,
    /// Where it wants to be led to afterwards.
    pub redirect_url: Option<&'a str>,
    /// From where it comes.
    pub referer: Option<&'a str>,
    pub user_agent: &'a str,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
    pub payer: Payer,
}

/// Why the page is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum H5Refusal {
    /// The browser is WeChat's own.
    InWeChat,
    /// The page is too old, or the order paid or closed, or there is none.
    Expired,
    /// Nothing says from which page the browser comes.
    NoReferer,
    /// It comes from another site than the registered one, or wants to go to another.
    NotRegistered,
    /// It is not the client for which the order was made.
    Address,
    /// Another payer opened the page first.
    TakenUp,
}

impl H5Refusal {
    /// What WeChat writes, and its code for it where one is known.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::InWeChat => ("请在微信外打开订单，进行支付", ""),
            Self::Expired => ("支付请求已失效，请重新发起支付", "268498468"),
            Self::NoReferer => ("商家参数格式有误，请联系商家解决", "268443815"),
            Self::NotRegistered => ("商家存在未配置的参数，请联系商家解决", "268443816"),
            Self::Address => ("网络环境未能通过安全验证，请稍后再试", "268498465"),
            Self::TakenUp => ("商家订单信息有误，请重新下单支付", ""),
        }
    }
}

impl World {
    /// A browser opens the page, and the page is its payer's from then on.
    pub(super) fn open_h5(&mut self, visit: &Visit<'_>, now: Timestamp) -> Result<OrderKey, H5Refusal> {
        if visit.user_agent.contains("MicroMessenger") {
            return Err(H5Refusal::InWeChat);
        }
        let key = self.h5_order(visit.prepay_id, visit.package).ok_or(H5Refusal::Expired)?;
        self.close_if_forgotten(&key, now);
        let order = self.orders.get(&key).ok_or(H5Refusal::Expired)?;
        let is_young = order.h5_page.as_ref().is_some_and(|page| page.can_be_opened(now));
        if !is_young || order.trade_state.is_paid() || order.trade_state.is_dead() {
            return Err(H5Refusal::Expired);
        }
        let referer = visit.referer.and_then(host_of).ok_or(H5Refusal::NoReferer)?;
        if !leads_to_its_site(order, referer) || !visit.redirect_url.is_none_or(|url| may_lead_back(order, url)) {
            return Err(H5Refusal::NotRegistered);
        }
        if self.habits.h5_check_address && !visit.address.is_some_and(|address| is_its_client(order, address)) {
            return Err(H5Refusal::Address);
        }
        let payer = self.payer_of(&key, Some(visit.payer)).map_err(|_| H5Refusal::TakenUp)?;
        self.take_up(&key, payer);
        Ok(key)
    }

    /// The order whose present page this is.
    pub(super) fn h5_order(&self, prepay_id: &str, package: &str) -> Option<OrderKey> {
        let has_page = |order: &&SimOrder| order.h5_page.as_ref().is_some_and(|page| page.package == package);
        self.orders.newest_first().filter(|order| order.prepay_id == prepay_id).find(has_page).map(SimOrder::key)
    }
}

/// Whether the payer may be led there afterwards.
pub(super) fn may_lead_back(order: &SimOrder, url: &str) -> bool {
    host_of(url).is_some_and(|host| leads_to_its_site(order, host))
}

/// An app's order names no site, so every one will do. This machine has several names.
fn leads_to_its_site(order: &SimOrder, host: &str) -> bool {
    let registered = order.parameter("scene_info").and_then(registered_host);
    let is_here = |host: &str| ["localhost", "127.0.0.1", "::1"].contains(&host.trim_matches(['[', ']']));
    registered.is_none_or(|registered| registered.eq_ignore_ascii_case(host) || is_here(&registered) && is_here(host))
}

/// Whether the order was made for a client of this address. To itself a machine has several.
fn is_its_client(order: &SimOrder, address: IpAddr) -> bool {
    let ordered = order.parameter("spbill_create_ip").and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
    let address = address.to_canonical();
    ordered.is_some_and(|ordered| ordered == address || ordered.is_loopback() && address.is_loopback())
}
