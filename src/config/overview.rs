//! `check-config`: the configuration with where each value comes from.

use std::fmt::Write;

use crate::language::Language;

use super::settings::Settings;
use super::table::{self, Row};
use super::words;

/// A configuration, and where it comes from.
#[derive(Debug)]
pub struct Overview {
    /// The configuration itself.
    pub settings: Settings,
    /// The profile's file, if one is named.
    pub(super) profile: Option<String>,
    pub(super) rows: Vec<Row>,
}

impl Overview {
    /// Every key with its value and its origin, without secrets; and what that amounts to.
    pub fn tell(&self, language: Language) -> String {
        let settings = &self.settings;
        let wechat = match &settings.wechat {
            Some(wechat) => words::wechat(wechat.endpoints.primary.host_str().unwrap_or_default()),
            None => words::simulator(settings.simulator.listen),
        };
        let mut text = table::tell(&self.rows, language);
        let is_changing = settings.wechat.as_ref().is_some_and(|wechat| wechat.merchant.previous_key.is_some());
        let previous_key = is_changing.then(words::previous_key);
        for sentence in
            [words::profile(self.profile.as_deref()), wechat].into_iter().chain(previous_key).chain([words::auth(&settings.auth)])
        {
            let _ = write!(text, "\n{}", sentence.read(language));
        }
        text + "\n"
    }
}
