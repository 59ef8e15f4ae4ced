//! The sections `console` and `console.users.<name>`: the console for people, and who may log in.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::auth::{PasswordHash, Totp};
use crate::deal::{AccountId, Fen, Role};
use crate::language::{pair, text};

use super::checks::{address, value};
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::origin::Origins;
use super::secrets::Secrets;
use super::table::{Shown, plain, secret};

/// The console.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// Where it listens; `None`: nowhere, unless the simulator is WeChat.
    pub listen: Option<SocketAddr>,
    /// A refund of more than this wants the password once more; `None`: each does.
    pub confirm_above: Option<Fen>,
    /// Who may log in.
    pub users: Vec<ConsoleUser>,
}

/// Somebody who may log in.
#[derive(Debug, Clone)]
pub struct ConsoleUser {
    /// What the trail calls the user.
    pub name: String,
    /// By what the password is known.
    pub password: PasswordHash,
    /// What the user may do.
    pub role: Role,
    /// The secret of the user's app, if there is one.
    pub totp: Option<Totp>,
}

impl ConsoleSettings {
    /// The user of this name.
    pub fn user(&self, name: &str) -> Option<&ConsoleUser> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Who may log in, and as what.
    pub(super) fn told_users(&self) -> Vec<String> {
        self.users.iter().map(|user| format!("{} ({})", user.name, user.role)).collect()
    }

    /// Whether a refund of so much wants the password once more.
    pub fn wants_proof(&self, fee: Fen) -> bool {
        self.confirm_above.is_none_or(|above| fee > above)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConsole {
    listen: String,
    confirm_above: String,
    users: BTreeMap<String, RawUser>,
}

/// A user as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUser {
    password: String,
    role: String,
    totp: String,
    totp_file: String,
}

impl RawConsole {
    /// With the secrets that are written elsewhere.
    pub fn take_secrets(&mut self, secrets: &Secrets, origins: &mut Origins) -> Result<(), ConfigErrors> {
        let mut mistakes = Mistakes::default();
        for (name, user) in &mut self.users {
            mistakes.take(secrets.fill(&format!("console.users.{name}.totp"), &mut user.totp, &user.totp_file, origins));
        }
        mistakes.or_else(Some(()))
    }

    /// A demonstration has a user of its own.
    pub fn validate(&self, has_credentials: bool) -> Result<ConsoleSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let listen = Some(&self.listen).filter(|listen| !listen.is_empty());
        let listen = mistakes.take(listen.map(|listen| address("console.listen", listen)).transpose());
        let confirm_above = mistakes.take(self.confirm_above());
        let users: Vec<_> = self.users.iter().map(|(name, user)| mistakes.take(user.validate(name))).collect();
        let why = pair(
            "at least one is wanted by console.listen: `wechat-pay console-user NAME` makes one",
            "配置了 console.listen 就至少要有一个用户：用 `wechat-pay console-user 名称` 生成",
        );
        mistakes.check(self.listen.is_empty() || !self.users.is_empty() || !has_credentials, "console.users", why);
        let made =
            || Some(ConsoleSettings { listen: listen?, confirm_above: confirm_above?, users: users.into_iter().collect::<Option<_>>()? });
        mistakes.or_else(made())
    }

    fn confirm_above(&self) -> Result<Option<Fen>, ConfigError> {
        match self.confirm_above.as_str() {
            "0" | "0.00" => Ok(None),
            yuan => Fen::from_yuan(yuan).map(Some).map_err(|_| {
                value("console.confirm_above", pair("an amount in yuan such as 1000.00, or 0", "应为金额，单位元，如 1000.00，或 0"))
            }),
        }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![("console.listen", plain(&self.listen)), ("console.confirm_above", plain(&self.confirm_above))]
    }

    pub fn shown_users(&self) -> impl Iterator<Item = (String, Shown)> {
        self.users.iter().flat_map(|(name, user)| user.shown(name))
    }
}

impl RawUser {
    fn validate(&self, name: &str) -> Result<ConsoleUser, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let place = |key: &str| format!("console.users.{name}{key}");
        let is_name =
            pair("a name has 1 to 32 characters of a-z 0-9 _ - and begins with a letter", "名称为 1 到 32 个 a-z 0-9 _ -，以字母开头");
        mistakes.check(AccountId::is_name(name), &place(""), is_name);
        let password = self.password.parse::<PasswordHash>().map_err(|why| {
            value(
                &place(".password"),
                text(why.to_string(), "应为 Argon2id 哈希（19 到 256 MiB，2 到 10 轮）：用 `wechat-pay console-user 名称` 生成"),
            )
        });
        let role = self.role.parse::<Role>().map_err(|why| value(&place(".role"), text(why.to_string(), "应为 viewer、operator 或 admin")));
        let totp = Some(&self.totp).filter(|secret| !secret.is_empty()).map(|secret| {
            let chinese = "应为至少 16 个随机字节的 Base32：用 `wechat-pay console-user 名称 --totp` 生成";
            secret.parse::<Totp>().map_err(|why| value(&place(".totp"), text(why.to_string(), chinese)))
        });
        let (password, role, totp) = (mistakes.take(password), mistakes.take(role), mistakes.take(totp.transpose()));
        let made = || Some(ConsoleUser { name: name.to_owned(), password: password?, role: role?, totp: totp? });
        mistakes.or_else(made())
    }

    fn shown(&self, name: &str) -> [(String, Shown); 4] {
        let row = |key, value| (format!("console.users.{name}.{key}"), value);
        [
            row("password", secret(&self.password)),
            row("role", plain(&self.role)),
            row("totp", secret(&self.totp)),
            row("totp_file", plain(&self.totp_file)),
        ]
    }
}
