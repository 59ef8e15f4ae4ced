//! `wechat-pay refund ORDER [--refund 5.00] [--reason …] [--key …] [--yes]`

mod words;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use tokio::task::spawn_blocking;

use crate::app;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{Fen, OrderId, Reach, RefundReason, RefundSource, RefundState};
use crate::gateway::{GatewayError, RefundView, RefundWish};
use crate::language::{Language, Text};
use crate::store::Store;

use super::words::{no_database, no_such_order};
use super::{Failure, Outcome, say};

/// What is to be given back.
#[derive(Args)]
pub struct Refund {
    order: OrderId,
    #[arg(long, value_parser = Fen::from_yuan)]
    refund: Option<Fen>,
    #[arg(long)]
    reason: Option<RefundReason>,
    #[arg(long, value_parser = idempotency_key)]
    key: Option<String>,
    #[arg(long)]
    yes: bool,
}

/// What a header could carry, so that the same refund can be asked for by the API as well.
fn idempotency_key(text: &str) -> Result<String, &'static str> {
    let is_lawful = (1..=64).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.trim() == text;
    if is_lawful { Ok(text.to_owned()) } else { Err("1 to 64 printable ASCII characters are expected, without blanks around them") }
}

pub async fn refund(wish: Refund, language: Language) -> Outcome {
    let settings = Settings::load()?;
    let database = &settings.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![no_database(database, &format!("refund {}", wish.order))]));
    }
    // A look, so that a database that is not up to date is not altered.
    if Store::story(database, &wish.order).await?.deal.is_none() {
        return refused(&no_such_order(database), language);
    }
    let gateway = app::open_gateway(&settings, Clock::System, Chance::System).await?;
    let (deal, refunds) = gateway.query_refunds(&wish.order, &Reach::default()).await?;
    let Refund { order, refund, reason, key, yes } = wish;
    let key = key.unwrap_or_else(|| format!("cli-{}", &Chance::System.nonce()[..16]));
    let known = refunds.iter().find(|refund| refund.idempotency_key.as_deref() == Some(&key));
    for sentence in words::order(&deal, &refunds) {
        say(&format!("{}\n", sentence.read(language)));
    }
    let fee = match known {
        Some(known) => {
            say(&format!("{}\n", words::known(known).read(language)));
            refund.or(known.asked)
        }
        None => {
            if let Err(error) = gateway.can_refund_through(&deal.account) {
                return not_asked_for(&error, language);
            }
            // What is shown is what is sent, whatever is left by then.
            let fee = refund.or(deal.left());
            say(&format!(
                "{}\n{}\n",
                words::plan(fee, reason.as_ref()).read(language),
                words::again(&order, fee, reason.as_ref(), &key).read(language)
            ));
            if !yes && !is_agreed_to(language).await? {
                return refused(&words::not_done(), language);
            }
            fee
        }
    };
    let wish = RefundWish {
        order_id: order,
        fee,
        reason,
        idempotency_key: key,
        source: RefundSource::Cli,
        reach: Reach::default(),
        seen: None,
        by: None,
    };
    match gateway.refund(wish).await {
        Ok(view) => told(&view, language),
        Err(error) => not_asked_for(&error, language),
    }
}

/// What the operator at the terminal says.
async fn is_agreed_to(language: Language) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure(vec![words::wants_yes()]));
    }
    say(words::question().read(language));
    let _ = io::stdout().flush();
    let read = || {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer)
    };
    // Not here: a signal must still end the command.
    let answer = spawn_blocking(read).await??;
    Ok(["y", "yes", "是"].contains(&answer.trim().to_lowercase().as_str()))
}

fn told(view: &RefundView, language: Language) -> Outcome {
    say(&format!("{}\n{}\n", words::stands(&view.refund).read(language), words::left(view).read(language)));
    Ok(match view.refund.state {
        RefundState::Processing | RefundState::Success => ExitCode::SUCCESS,
        RefundState::Closed | RefundState::Abnormal | RefundState::Failed => ExitCode::FAILURE,
    })
}

fn not_asked_for(error: &GatewayError, language: Language) -> Outcome {
    match words::refusal(error) {
        Some(refusal) => refused(&refusal, language),
        None => Err(Failure(vec![Text::untranslated(error.to_string()), words::unknown()])),
    }
}

fn refused(why: &Text, language: Language) -> Outcome {
    let _ = writeln!(io::stderr(), "wechat-pay: {}", why.read(language));
    Ok(ExitCode::FAILURE)
}
