//! `wechat-pay explain NUMBER`: of an order, or of a checkout.

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{AccountId, CheckoutId, OrderId};
use crate::explain::{tell, tell_checkout};
use crate::language::Language;
use crate::store::Store;

use super::{Failure, Outcome, say, words};

pub async fn explain(number: &OrderId, language: Language) -> Outcome {
    let settings = Settings::load()?;
    let database = &settings.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![words::no_database(database, &format!("explain {number}"))]));
    }
    let (now, has_account) = (Clock::System.now(), |account: &AccountId| settings.has_account(account));
    // No service draws an order's number of a checkout's form.
    let told = match number.as_str().parse::<CheckoutId>() {
        Ok(checkout_id) => match Store::checkout_story(database, &checkout_id).await? {
            Some(story) => Ok(tell_checkout(&story, now, has_account, language)),
            None => Err(words::no_such_checkout(database)),
        },
        Err(_) => {
            let told = tell(&Store::story(database, number).await?, number, now, has_account, language);
            told.ok_or_else(|| words::no_such_order(database))
        }
    };
    let text = told.map_err(|why| Failure(vec![why]))?;
    say(&format!("{text}{}\n", words::so_it_stands(database).read(language)));
    Ok(ExitCode::SUCCESS)
}
