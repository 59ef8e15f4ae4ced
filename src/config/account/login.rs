//! How payers pay through an account, and how it is known who they are.

use reqwest::Url;
use secrecy::SecretString;

use crate::channel::LoginEndpoints;
use crate::channel::wechat::v2::{Endpoints, Merchant};
use crate::config::checks::{endpoint, list};
use crate::config::error::ConfigError;
use crate::config::mistakes::{ConfigErrors, Mistakes};
use crate::deal::TradeType;
use crate::language::pair;
use crate::simulator;

use super::validate::Checked;

/// WeChat's login of payers, by an appid's AppSecret.
#[derive(Debug, Clone)]
pub struct LoginSettings {
    appid: String,
    secret: SecretString,
    /// Where browsers are led to, and where this service asks; `None`: it is the simulator.
    real: Option<(Url, Url)>,
}

impl LoginSettings {
    /// Where and as whom payers are asked. `simulator`: where WeChat is if it is simulated.
    pub fn endpoints(&self, simulator: &Endpoints) -> LoginEndpoints {
        let simulated = || {
            let mut url = simulator.primary.clone();
            url.set_path("/_wechat");
            (url.clone(), url)
        };
        let (browser, api) = self.real.clone().unwrap_or_else(simulated);
        LoginEndpoints { appid: self.appid.clone(), secret: self.secret.clone(), browser, api }
    }
}

impl Checked<'_> {
    /// The login, if there is an AppSecret. The simulator's are published.
    pub(super) fn login(&self, merchant: Option<&Merchant>, is_real: bool) -> Result<Option<LoginSettings>, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let secret = &self.raw.app_secret;
        let is_one = secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_alphanumeric());
        mistakes.check(
            secret.is_empty() || is_one,
            &self.key("app_secret"),
            pair("32 letters and digits, or empty", "应为 32 个字母和数字，或留空"),
        );
        let mut url = |name, text| self.take(&mut mistakes, name, endpoint(&self.key(name), text));
        let (browser, api) = (url("oauth_base_url", &self.raw.oauth_base_url), url("oauth_api_base_url", &self.raw.oauth_api_base_url));
        let made = || {
            let Merchant { appid, sub_appid, .. } = merchant?;
            let appid = sub_appid.as_ref().unwrap_or(appid);
            let secret = match secret.as_str() {
                "" if is_real => return Some(None),
                "" => simulator::published_secret(appid),
                secret => secret.to_owned(),
            };
            let real = if is_real { Some((browser?, api?)) } else { None };
            Some(Some(LoginSettings { appid: appid.clone(), secret: secret.into(), real }))
        };
        mistakes.or_else(made())
    }

    /// The ways in which deals may be paid, and those of them that a checkout can offer: inside WeChat a payer has to be known by
    /// the login, and an app's orders are the app's. A simulated checkout that nothing was chosen for shows all of them.
    pub(super) fn trade_types(
        &self,
        login: Option<&Option<LoginSettings>>,
        is_real: bool,
    ) -> Result<(Vec<TradeType>, Vec<TradeType>), ConfigError> {
        let why = || pair("some of NATIVE, JSAPI, MWEB and APP, separated by commas", "应为 NATIVE、JSAPI、MWEB、APP 中的若干种，逗号分隔");
        let wrong = || self.wrong("trade_types", why());
        let mut chosen = list(&self.raw.trade_types).map(|word| word.parse().map_err(|_| wrong())).collect::<Result<Vec<_>, _>>()?;
        chosen.dedup();
        let trade_types = if chosen.is_empty() { vec![TradeType::Native] } else { chosen.clone() };
        let shown = if chosen.is_empty() && !is_real { TradeType::ALL.to_vec() } else { trade_types.clone() };
        let has_login = login.is_some_and(Option::is_some);
        let in_a_checkout = |way: &TradeType| match way {
            TradeType::Native | TradeType::Mweb => true,
            TradeType::Jsapi => has_login,
            TradeType::App => false,
        };
        Ok((trade_types, shown.into_iter().filter(in_a_checkout).collect()))
    }
}
