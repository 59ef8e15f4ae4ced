//! The merchants' directory: whose keys the simulated WeChat knows. A direct merchant (普通商户) has none below it; a
//! service provider (服务商) asks for its sub-merchants (特约商户), with its own key.

use md5::{Digest, Md5};

use crate::channel::wechat::v2::{ApiKey, Fields, Merchant, Signer};

use super::orders::{OrderKey, SimOrder};

/// A merchant of the simulated WeChat. Two of one `mch_id` with different appids are one merchant with two bound appids,
/// and have one key.
#[derive(Debug, Clone)]
pub struct SimMerchant {
    pub(super) appid: String,
    pub(super) mch_id: String,
    signer: Signer,
    sandbox_signer: Signer,
    pub(super) sandbox_key: String,
    /// Empty: a direct merchant.
    pub(super) sub_merchants: Vec<SubMerchant>,
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
        Self { appid: appid.into(), mch_id: mch_id.into(), signer, sandbox_signer, sandbox_key, sub_merchants: Vec::new() }
    }

    /// A service provider with these sub-merchants.
    #[must_use]
    pub fn with_sub_merchants(mut self, sub_merchants: impl IntoIterator<Item = SubMerchant>) -> Self {
        self.sub_merchants = sub_merchants.into_iter().collect();
        self
    }

    /// The key in force, in the sandbox or outside it.
    pub(super) fn signer(&self, sandbox: bool) -> &Signer {
        if sandbox { &self.sandbox_signer } else { &self.signer }
    }
}

impl From<&Merchant> for SimMerchant {
    fn from(merchant: &Merchant) -> Self {
        Self::new(merchant.appid.as_str(), merchant.mch_id.as_str(), merchant.signer.clone())
    }
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
