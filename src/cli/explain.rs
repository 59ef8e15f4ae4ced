//! `wechat-pay explain NUMBER`: of an order, or of a checkout.

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{AccountId, CheckoutId, OrderId};
use crate::explain::{tell, tell_bills, tell_checkout};
use crate::language::Language;
use crate::store::{DatabaseUrl, KeptBills, Store, StoreError, Story};

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
            Some(story) => {
                let told = tell_checkout(&story, now, has_account, language);
                Ok(told + &of_bills(database, &story.deals, language).await?)
            }
            None => Err(words::no_such_checkout(database)),
        },
        Err(_) => {
            let story = Store::story(database, number).await?;
            let told = tell(&story, number, now, has_account, language).ok_or_else(|| words::no_such_order(database));
            match told {
                Ok(told) => Ok(told + &of_bills(database, &[story], language).await?),
                Err(why) => Err(why),
            }
        }
    };
    let text = told.map_err(|why| Failure(vec![why]))?;
    say(&format!("{text}{}\n", words::so_it_stands(database).read(language)));
    Ok(ExitCode::SUCCESS)
}

/// What WeChat's bills say of these deals.
async fn of_bills(database: &DatabaseUrl, stories: &[Story], language: Language) -> Result<String, StoreError> {
    let (mut bills, mut told) = (KeptBills::open(database).await?, String::new());
    for Story { deal, refunds, .. } in stories {
        let Some(deal) = deal else { continue };
        let sentences = tell_bills(&mut bills, deal, refunds).await?;
        told.extend(sentences.iter().map(|sentence| format!("{}\n", sentence.read(language))));
    }
    Ok(told)
}
