//! The merchants' directory: whose keys the simulated WeChat knows. A direct merchant (普通商户) has none below it; a
//! service provider (服务商) asks for its sub-merchants (特约商户), with its own key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use md5::{Digest, Md5};

use crate::channel::wechat::v2::{ApiKey, Fields, Merchant, Signer};

use super::orders::{OrderKey, SimOrder};
use super::published_secret;

/// A merchant of the simulated WeChat. Two of one `mch_id` with different appids are one merchant with two bound appids,
/// and have one key.
#[derive(Clone)]
pub struct SimMerchant {
    pub(super) appid: String,
    pub(super) mch_id: String,
    signer: Signer,
    sandbox_signer: Signer,
    pub(super) sandbox_key: String,
    app_secret: String,
    /// Empty: a direct merchant.
    pub(super) sub_merchants: Vec<SubMerchant>,
    /// What payers read of it (`None`), or of a sub-merchant by its number.
    names: BTreeMap<Option<String>, String>,
}

/// A sub-merchant of a service provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubMerchant {
    /// `sub_mch_id`.
    pub mch_id: String,
    /// `sub_appid`, where the sub-merchant has one of its own.
    pub appid: Option<String>,
}

impl SimMerchant {
    /// A direct merchant. The algorithm of `signer` is only that of the sandbox's key; a request names its own.
    pub fn new(appid: impl Into<String>, mch_id: impl Into<String>, signer: Signer) -> Self {
        // A sandbox key of its own, as the real one has, derived so that a restart gives the same.
        let sandbox_key: String = Md5::digest(signer.sign(&Fields::new())).iter().map(|b| format!("{b:02x}")).collect();
        let sandbox_signer = ApiKey::new(&sandbox_key).map_or_else(|_| signer.clone(), |key| Signer::new(key, signer.sign_type()));
        let appid = appid.into();
        Self {
            app_secret: published_secret(&appid),
            appid,
            mch_id: mch_id.into(),
            signer,
            sandbox_signer,
            sandbox_key,
            sub_merchants: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    /// A service provider with these sub-merchants.
    #[must_use]
    pub fn with_sub_merchants(mut self, sub_merchants: impl IntoIterator<Item = SubMerchant>) -> Self {
        self.sub_merchants = sub_merchants.into_iter().collect();
        self
    }

    /// With what payers read of it, or of its sub-merchant `sub_mch_id`.
    #[must_use]
    pub fn with_name(mut self, sub_mch_id: Option<String>, name: impl Into<String>) -> Self {
        self.names.insert(sub_mch_id, name.into());
        self
    }

    /// With the secret of its appid (AppSecret) for the login of payers; without this it is [`published_secret`]'s.
    #[must_use]
    pub fn with_app_secret(mut self, app_secret: impl Into<String>) -> Self {
        self.app_secret = app_secret.into();
        self
    }

    /// Its appid and those of its sub-merchants.
    pub(super) fn appids(&self) -> impl Iterator<Item = &str> {
        let subs = self.sub_merchants.iter().filter_map(|sub_merchant| sub_merchant.appid.as_deref());
        subs.chain([self.appid.as_str()])
    }

    /// Whether an appid is its own or a sub-merchant's.
    pub(super) fn has_appid(&self, appid: &str) -> bool {
        self.appids().any(|own| own == appid)
    }

    /// Whether an appid of its own or of its sub-merchants has this secret.
    pub(super) fn has_secret(&self, appid: &str, secret: &str) -> bool {
        if self.appid == appid { self.app_secret == secret } else { self.has_appid(appid) && published_secret(appid) == secret }
    }

    /// Its name, or a sub-merchant's.
    pub(super) fn name(&self, sub_mch_id: Option<&str>) -> Option<&str> {
        self.names.get(&sub_mch_id.map(str::to_owned)).map(String::as_str)
    }

    /// What another entry of the same merchant adds.
    fn extend(&mut self, other: Self) {
        for sub_merchant in other.sub_merchants {
            if self.sub_merchants.iter().all(|known| known.mch_id != sub_merchant.mch_id) {
                self.sub_merchants.push(sub_merchant);
            }
        }
        self.names.extend(other.names);
    }

    pub(super) fn change_key(&mut self, signer: Signer) {
        self.signer = signer;
    }

    /// The key in force, in the sandbox or outside it.
    pub(super) fn signer(&self, sandbox: bool) -> &Signer {
        if sandbox { &self.sandbox_signer } else { &self.signer }
    }
}

impl From<&Merchant> for SimMerchant {
    fn from(merchant: &Merchant) -> Self {
        let sub_merchant = |mch_id: &String| SubMerchant { mch_id: mch_id.clone(), appid: merchant.sub_appid.clone() };
        Self::new(merchant.appid.as_str(), merchant.mch_id.as_str(), merchant.signer.clone())
            .with_sub_merchants(merchant.sub_mch_id.iter().map(sub_merchant))
    }
}

/// Shows no key.
impl fmt::Debug for SimMerchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { appid, mch_id, sub_merchants, names, .. } = self;
        f.debug_struct("SimMerchant")
            .field("appid", appid)
            .field("mch_id", mch_id)
            .field("sub_merchants", sub_merchants)
            .field("names", names)
            .finish_non_exhaustive()
    }
}

/// A directory in which each merchant stands once.
pub(super) fn directory(entries: Vec<SimMerchant>) -> Vec<SimMerchant> {
    let mut known = BTreeMap::<_, SimMerchant>::new();
    for entry in entries {
        match known.entry((entry.appid.clone(), entry.mch_id.clone())) {
            Entry::Occupied(mut merchant) => merchant.get_mut().extend(entry),
            Entry::Vacant(place) => _ = place.insert(entry),
        }
    }
    known.into_values().collect()
}

/// The merchant that sent a request, proven by its signature.
#[derive(Debug, Clone)]
pub(super) struct Requester {
    pub appid: String,
    pub mch_id: String,
    pub sub_appid: Option<String>,
    pub sub_mch_id: Option<String>,
    /// The merchant's key with the request's algorithm.
    pub signer: Signer,
}

impl Requester {
    /// How every answer begins that it gets.
    pub fn ids(&self) -> Fields {
        let ids = [
            ("appid", Some(&self.appid)),
            ("mch_id", Some(&self.mch_id)),
            ("sub_appid", self.sub_appid.as_ref()),
            ("sub_mch_id", self.sub_mch_id.as_ref()),
        ];
        ids.into_iter().filter_map(|(name, id)| Some((name, id?.as_str()))).collect()
    }

    /// Its order of this number.
    pub fn order(&self, out_trade_no: &str) -> OrderKey {
        OrderKey { mch_id: self.mch_id.clone(), sub_mch_id: self.sub_mch_id.clone(), out_trade_no: out_trade_no.to_owned() }
    }

    /// Whether an order is its own.
    pub fn owns(&self, order: &SimOrder) -> bool {
        self.has(&order.key())
    }

    /// Whether an order of this key is its own.
    pub fn has(&self, order: &OrderKey) -> bool {
        order.mch_id == self.mch_id && order.sub_mch_id == self.sub_mch_id
    }
}
