//! `wechat-pay new-key [NAME] [--scopes pay,read] [--accounts shop2] [--sellers 12,100-199]`

use std::process::ExitCode;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};

use crate::auth::{Key, Scope, Scopes};
use crate::chance::Chance;
use crate::deal::{AccountId, Reach, Sellers};
use crate::language::Language;

use super::{Outcome, fits_a_variable, say, words};

/// What the new key is called, and what it is good for.
#[derive(Args)]
pub struct NewKey {
    #[arg(default_value = "key")]
    name: String,
    #[arg(long)]
    scopes: Option<Scopes>,
    #[arg(long, requires = "scopes", value_delimiter = ',')]
    accounts: Vec<AccountId>,
    // An empty limit is none in the configuration, which is not what was meant here.
    #[arg(long, requires = "scopes", value_parser = NonEmptyStringValueParser::new().try_map(|text| text.parse::<Sellers>()))]
    sellers: Option<Sellers>,
}

pub fn new_key(wish: &NewKey, language: Language) -> Outcome {
    let (key, hash) = Key::draw(&Chance::System);
    let name = &wish.name;
    // Refuses a name that the configuration would refuse.
    let entry = match &wish.scopes {
        None => {
            Key::new(name, &hash, Scope::Pay.into(), Reach::default())?;
            format!("{}\n{name}:{hash}", words::new_key().read(language))
        }
        Some(scopes) => {
            Key::of_section(name, &hash, scopes.clone(), Reach::default())?;
            section(wish, scopes, hash, language)
        }
    };
    say(&format!("{key}\n{entry}\n"));
    Ok(ExitCode::SUCCESS)
}

/// The key's section, and the same as variables.
fn section(wish: &NewKey, scopes: &Scopes, hash: String, language: Language) -> String {
    let name = &wish.name;
    let accounts: Vec<_> = wish.accounts.iter().map(AccountId::as_str).collect();
    let sellers = wish.sellers.as_ref().map(Sellers::to_string).unwrap_or_default();
    let values = [("hash", hash), ("scopes", scopes.to_string()), ("accounts", accounts.join(",")), ("sellers", sellers)];
    let written = |line: fn(&str, &str, &str) -> String| {
        let given = values.iter().filter(|(_, value)| !value.is_empty());
        given.map(|(key, value)| line(name, key, value)).collect::<Vec<_>>().join("\n")
    };
    let section = written(|_, key, value| format!("{key} = \"{value}\""));
    let section = format!("{}\n[auth.keys.{name}]\n{section}", words::new_key_s_section().read(language));
    if !fits_a_variable(name) {
        return section;
    }
    let variables = written(|name, key, value| format!("WECHAT_PAY__AUTH__KEYS__{}__{}={value}", name.to_uppercase(), key.to_uppercase()));
    format!("{section}\n{}\n{variables}", words::or_as_variables().read(language))
}
