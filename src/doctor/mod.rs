//! `wechat-pay doctor`: looks for what goes wrong in practice, and says what to do about each. It changes nothing: it
//! looks at the database through a connection that cannot, and asks WeChat about an order that does not exist.
//!
//! Nothing that it says holds a secret: it names keys, files, hosts and order ids, never their values or messages.

mod database;
mod files;
mod hosts;
mod line;
mod merchants;
mod notify_url;
mod port;
mod service;

use std::collections::HashMap;
use std::fmt::{self, Write};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;

const MISTYPED: &str = "take it out of this service's environment, or set the key that was meant";

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and could hurt.
    Warn,
    /// It must be mended.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        })
    }
}

/// What one check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it was found.
    pub verdict: Verdict,
    /// What was looked at.
    pub check: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it; empty when there is nothing to do.
    pub advice: String,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, check, found: found.into(), advice: String::new() }
    }

    fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, check, found: found.into(), advice: advice.into() }
    }

    /// Something that must be mended.
    pub fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, check, found: found.into(), advice: advice.into() }
    }
}

/// A house call.
#[derive(Debug)]
pub struct Doctor {
    /// What is configured.
    pub settings: Settings,
    /// The environment, in which files with secrets are named.
    pub variables: HashMap<String, String>,
    /// The service's clock.
    pub clock: Clock,
    /// For nonces.
    pub chance: Chance,
    /// Whether the notify URL is fetched through its public name.
    pub fetch: bool,
}

impl Doctor {
    /// Looks at everything. One finding a check, in the order in which one would mend things.
    pub async fn examine(&self) -> Vec<Finding> {
        let mut findings: Vec<_> = self.settings.warnings.iter().map(|warning| Finding::warn("configuration", warning, MISTYPED)).collect();
        findings.extend(files::examine(&self.settings, &self.variables));
        findings.extend(self.database().await);
        findings.extend(self.merchants().await);
        findings.extend(self.port().await);
        match &self.settings.wechat {
            None => findings.push(match self.settings.may_simulate() {
                Ok(()) => {
                    let listen = self.settings.simulator.listen;
                    Finding::ok("credentials", format!("none are configured: the simulator, on {listen}, is WeChat and no money moves"))
                }
                Err(error) => Finding::fail("credentials", error.to_string(), "the service does not start until then"),
            }),
            Some(wechat) => {
                findings.extend(self.hosts(wechat).await);
                findings.extend(self.notify_url(wechat).await);
            }
        }
        findings
    }
}

/// One line a finding; with colours for a terminal.
pub fn tell(findings: &[Finding], colours: bool) -> String {
    let mut text = String::new();
    for Finding { verdict, check, found, advice } in findings {
        let (on, off) = match (colours, verdict) {
            (false, _) => ("", ""),
            (true, Verdict::Ok) => ("\x1b[32m", "\x1b[0m"),
            (true, Verdict::Warn) => ("\x1b[33m", "\x1b[0m"),
            (true, Verdict::Fail) => ("\x1b[1;31m", "\x1b[0m"),
        };
        let arrow = if advice.is_empty() { "" } else { "  → " };
        let _ = writeln!(text, "{on}{verdict:<4}{off}  {check:<14}  {found}{arrow}{advice}");
    }
    text
}
