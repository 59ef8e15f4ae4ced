//! A registry of accounts: which there are, which one a new deal goes through, which one a notification is for, and the calls
//! about an order through the account of its deal.
//!
//! No call takes an account. It takes a [`Route`], which only a deal gives ([`Deal::route`](crate::deal::Deal::route)); and the
//! channels of the accounts are reached through [`Accounts::at`] and nowhere else. So a call with another account's key cannot
//! be written down.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::SemaphorePermit;

use crate::chance::Chance;
use crate::channel::{
    Addressee, BillError, CallError, Channel, ClientCertificate, CloseOutcome, Download, Login, NoticeError, OpenedOrder, Order, PayParams,
    QueryOutcome, Reading, RefundOrder, RefundOutcome, RefundQueryOutcome, RefundSubject, Refunding, UnverifiedNotice,
};
use crate::deal::{AccountId, BillKind, Day, Openid, Refund, RefundId, Route, Sellers, Timestamp, TradeType};
use crate::metrics::Registry;
use crate::store::Origin;

/// A WeChat merchant number of ours, with its appid and keys.
#[derive(Debug)]
pub struct Account {
    id: AccountId,
    channel: Channel,
    /// By which it is known who a payer inside WeChat is, where that is set up.
    login: Option<Login>,
    terms: AccountTerms,
}

/// What an operator may choose about one account.
#[derive(Debug, Clone)]
pub struct AccountTerms {
    /// Whose deals go through it; those of sellers that no account names go through the account `default`.
    pub sellers: Sellers,
    /// The description that the payer reads where the merchant gives none, with `{merchant_id}` and `{product_id}` to be
    /// filled in.
    pub body: String,
    /// How its deals may be paid.
    pub trade_types: Vec<TradeType>,
    /// How its checkouts may be paid: as far as a checkout can, by the same ways.
    pub checkout_types: Vec<TradeType>,
    /// `orderquery` calls a second for waiting payers.
    pub query_budget: u32,
}

impl Account {
    /// An account, reached through this channel.
    pub fn new(id: AccountId, channel: Channel, terms: AccountTerms) -> Self {
        Self { id, channel, login: None, terms }
    }

    /// The same account, whose payers inside WeChat are known by this login.
    #[must_use]
    pub fn with_login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    /// Its name.
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    pub(super) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    pub(super) fn terms(&self) -> &AccountTerms {
        &self.terms
    }

    /// Which client certificate refunds through it are asked for with, if any can be asked for at all.
    pub(super) fn refunding(&self) -> Refunding {
        self.channel.refunding()
    }

    /// After when WeChat does not take the client certificate in use, if there is one.
    pub(super) fn certificate_until(&self) -> Option<Timestamp> {
        self.channel.certificate_until()
    }

    /// As what WeChat knows it.
    pub(super) fn addressee(&self) -> Addressee {
        self.channel.addressee()
    }

    /// Whether there is what the fund flow is asked for with.
    pub(super) fn can_have_fund_flow(&self) -> bool {
        self.refunding() != Refunding::Impossible
    }

    /// Shows this client certificate from the next call on that wants one.
    pub(super) fn show_certificate(&self, certificate: Arc<ClientCertificate>) {
        self.channel.set_certificate(Some(certificate));
    }

    /// Verifies and reads a notification that was posted to the address of the account `addressed`, if that names one.
    pub(super) fn read_notice(&self, notice: &UnverifiedNotice<'_>, addressed: Option<&AccountId>) -> Result<Reading, NoticeError> {
        let reading = self.channel.read_notice(notice)?;
        match addressed {
            Some(addressed) if *addressed != self.id => Err(NoticeError::Foreign("account")),
            _ => Ok(reading),
        }
    }

    /// A bill of it, piece by piece.
    pub(super) async fn download(&self, kind: BillKind, day: Day) -> Result<Download, BillError> {
        self.channel.download(kind, day).await
    }

    /// A place among the orders that are being opened through it.
    pub(super) async fn place_for_order(&self) -> Result<SemaphorePermit<'_>, CallError> {
        self.channel.place_for_order().await
    }

    /// Whether its deals may be paid so; `in_a_checkout`: of a checkout's, whose ways this service chooses.
    pub(super) fn offers(&self, trade_type: TradeType, in_a_checkout: bool) -> bool {
        if in_a_checkout { self.terms.checkout_types.contains(&trade_type) } else { self.terms.trade_types.contains(&trade_type) }
    }

    /// Whether a checkout can be paid through it in any way.
    pub(super) fn has_checkouts(&self) -> bool {
        !self.terms.checkout_types.is_empty()
    }

    /// A key of this service's own for a purpose, which follows from the account's.
    pub(super) fn derived_key(&self, purpose: &str) -> [u8; 32] {
        self.channel.derived_key(purpose)
    }

    /// Whether a stored request opens an order that a browser at this address can pay.
    pub(super) fn is_for_address(&self, request: &str, address: IpAddr) -> bool {
        self.channel.is_for_address(request, address)
    }

    /// Whether a stored request opens an order for this payer.
    pub(super) fn is_for_payer(&self, request: &str, openid: &Openid) -> bool {
        self.channel.is_for_payer(request, openid)
    }

    /// The exact bytes of the request that will open an order.
    pub(super) fn draft(&self, order: &Order<'_>, chance: &Chance) -> String {
        self.channel.draft(order, chance)
    }

    /// The same of the request for a refund.
    pub(super) fn draft_refund(&self, refund: &RefundOrder<'_>, chance: &Chance) -> String {
        self.channel.draft_refund(refund, chance)
    }

    /// Whether a stored request is the one for this refund.
    pub(super) fn is_request_for(&self, request: &str, refund: &Refund) -> bool {
        self.channel.is_request_for(request, refund)
    }
}

/// The deals of this account cannot be asked about: the configuration lacks it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has no account {0}")]
pub struct NoAccount(pub AccountId);

/// All accounts of this instance.
#[derive(Debug)]
pub struct Accounts {
    known: HashMap<AccountId, Account>,
    addressees: HashMap<Addressee, AccountId>,
    /// By the first seller of each range: the last one, and whose they are.
    sellers: BTreeMap<i64, (i64, AccountId)>,
}

impl Accounts {
    /// These accounts, one of which should be `default`. The configuration has seen to it that no two have one name, one
    /// seller, or one set of numbers.
    pub fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        let (mut known, mut addressees, mut sellers) = (HashMap::new(), HashMap::new(), BTreeMap::new());
        for account in accounts {
            addressees.insert(account.channel.addressee(), account.id.clone());
            for range in account.terms.sellers.ranges() {
                sellers.insert(*range.start(), (*range.end(), account.id.clone()));
            }
            known.insert(account.id.clone(), account);
        }
        Self { known, addressees, sellers }
    }

    /// The account of this name.
    pub fn get(&self, id: &AccountId) -> Result<&Account, NoAccount> {
        self.known.get(id).ok_or_else(|| NoAccount(id.clone()))
    }

    /// The accounts of the same merchant number, this one among them: WeChat makes one bill for all of its appids.
    pub(super) fn of_same_merchant(&self, account: &Account) -> Vec<AccountId> {
        let mch_id = account.channel.addressee().mch_id;
        self.iter().filter(|other| other.channel.addressee().mch_id == mch_id).map(|other| other.id.clone()).collect()
    }

    /// The account that a seller's new deals go through.
    pub fn of_seller(&self, seller: i64) -> AccountId {
        let before = self.sellers.range(..=seller).next_back();
        before.filter(|(_, (last, _))| seller <= *last).map(|(_, (_, id))| id.clone()).unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap_or(u32::MAX)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.known.values()
    }

    /// The way to a deal's order, through the deal's own account.
    pub(super) fn at<'a>(&'a self, route: &'a Route) -> Result<RemoteOrder<'a>, NoAccount> {
        Ok(RemoteOrder { channel: &self.get(route.account())?.channel, route })
    }

    /// The account whose key must verify a notification that was posted to the address of the account `addressed`, if that
    /// names one. The numbers in it choose the account and prove nothing.
    pub(super) fn of_notice(&self, notice: &UnverifiedNotice<'_>, addressed: Option<&AccountId>) -> Result<&Account, NoticeError> {
        if addressed.is_some_and(|id| !self.known.contains_key(id)) {
            return Err(NoticeError::NoAccount);
        }
        let chosen = self.addressee(&notice.addressee()).or(addressed).cloned().unwrap_or_default();
        self.known.get(&chosen).ok_or(NoticeError::NoAccount)
    }

    /// Which account a message names. A sub-merchant that none has is its service provider's to refuse.
    fn addressee(&self, named: &Addressee) -> Option<&AccountId> {
        let provider = || self.addressees.get(&Addressee { sub_mch_id: None, ..named.clone() });
        self.addressees.get(named).or_else(provider)
    }

    /// Shows what is counted of the calls of each.
    pub(super) fn register_metrics(&self, registry: &mut Registry) {
        Channel::register_metrics(self.known.values().map(|account| &account.channel), registry);
    }
}

/// An order at its channel, through the account of its deal.
#[derive(Debug, Clone, Copy)]
pub(super) struct RemoteOrder<'a> {
    channel: &'a Channel,
    route: &'a Route,
}

impl<'a> RemoteOrder<'a> {
    /// A place among the orders that are being opened through the account.
    pub async fn place(self) -> Result<SemaphorePermit<'a>, CallError> {
        self.channel.place_for_order().await
    }

    /// Opens it by its stored request.
    pub async fn open(self, place: SemaphorePermit<'_>, request: String) -> Result<OpenedOrder, CallError> {
        self.channel.open(place, self.route.order_id(), request).await
    }

    /// What the payer's own WeChat, or an app, is called with for it: it was opened by this stored request, and is paid with this
    /// `prepay_id`.
    pub fn pay_params(self, request: &str, trade_type: TradeType, prepay_id: &str, now: Timestamp, chance: &Chance) -> PayParams {
        self.channel.pay_params(request, trade_type, prepay_id, now, chance)
    }

    /// How it stands. The sweeper's budget bounds how many of its calls are under way, and a bill asks one question at a time, so these
    /// take no place from callers.
    pub async fn query(self, origin: Origin) -> Result<QueryOutcome, CallError> {
        match origin {
            Origin::Sweeper | Origin::Bill => self.channel.query_in_budget(self.route.order_id()).await,
            _ => self.channel.query(self.route.order_id()).await,
        }
    }

    /// Closes it; likewise.
    pub async fn close(self, origin: Origin) -> Result<CloseOutcome, CallError> {
        match origin {
            Origin::Sweeper => self.channel.close_in_budget(self.route.order_id()).await,
            _ => self.channel.close(self.route.order_id()).await,
        }
    }

    /// Asks for a refund of it by the refund's stored request.
    pub async fn refund(self, refund_id: &RefundId, request: String) -> Result<RefundOutcome, CallError> {
        self.channel.refund(self.route.order_id(), refund_id, request).await
    }

    /// How its refunds stand.
    pub async fn query_refund(self, subject: RefundSubject<'_>) -> Result<RefundQueryOutcome, CallError> {
        self.channel.query_refund(self.route.order_id(), subject).await
    }
}
