//! `wechat-pay webhooks`: the merchant's endpoints, and `test`, `resend` and `resume` for one of them.

mod list;
mod since;
mod words;

use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};
use tokio::time::Instant;

use crate::app;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::{EndpointName, EventId};
use crate::gateway::Gateway;
use crate::language::Language;
use crate::store::{EndpointStanding, Store};
use crate::webhook::{Answer, Endpoint, Message};

use super::{Failure, Outcome, say};
use since::Since;

/// What is to be done with endpoints; without more, they are listed.
#[derive(Args)]
#[command(disable_help_subcommand = true)]
pub struct Webhooks {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    Test {
        endpoint: EndpointName,
    },
    #[command(group = ArgGroup::new("which").required(true).args(["since", "event"]))]
    Resend {
        endpoint: EndpointName,
        #[arg(long)]
        since: Option<Since>,
        #[arg(long)]
        event: Option<EventId>,
    },
    Resume {
        endpoint: EndpointName,
    },
}

pub async fn webhooks(wish: Webhooks, language: Language) -> Outcome {
    let settings = Settings::load()?;
    match wish.what {
        None => list::list(&settings, language).await,
        Some(What::Test { endpoint }) => test(&settings, &endpoint, language).await,
        Some(What::Resend { endpoint, since, event }) => resend(&settings, &endpoint, since, event, language).await,
        Some(What::Resume { endpoint }) => resume(&settings, &endpoint, language).await,
    }
}

fn configured(settings: &Settings, name: &EndpointName) -> Result<(), Failure> {
    let mut names = settings.webhooks.iter().map(|webhook| webhook.name.as_str());
    match names.clone().any(|known| known == name.as_str()) {
        true => Ok(()),
        false if names.next().is_none() => Err(Failure(vec![words::none()])),
        false => Err(Failure(vec![words::unknown(name, &settings.webhooks.iter().map(|it| it.name.as_str()).collect::<Vec<_>>())])),
    }
}

fn of_name<'e>(endpoints: &'e [Endpoint], name: &EndpointName) -> Result<&'e Endpoint, Failure> {
    endpoints.iter().find(|endpoint| endpoint.name == *name).ok_or_else(|| Failure(vec![words::none()]))
}

/// How the deliveries stand, of a database that is there and up to date: so a command alters no other one.
async fn standings(settings: &Settings, names: &[EndpointName], command: &str) -> Result<Vec<EndpointStanding>, Failure> {
    let database = &settings.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![super::words::no_database(database, command)]));
    }
    Ok(Store::endpoints(database, names).await?)
}

/// The gateway, and how the deliveries to one endpoint stand.
async fn opened(settings: &Settings, name: &EndpointName, command: &str) -> Result<(Gateway, EndpointStanding), Failure> {
    configured(settings, name)?;
    let standing = standings(settings, std::slice::from_ref(name), command).await?.into_iter().next().unwrap_or_default();
    Ok((app::open_gateway(settings, Clock::System, Chance::System).await?, standing))
}

/// Sends an event that tells of nothing, once.
async fn test(settings: &Settings, name: &EndpointName, language: Language) -> Outcome {
    configured(settings, name)?;
    let endpoints = app::open_endpoints(settings)?;
    let (endpoint, id) = (of_name(&endpoints, name)?, EventId::draw(Chance::System.draw()));
    let Some(message) = Message::of(&id, "test", Clock::System.now(), "{}") else { return Err(Failure(vec![words::no_message()])) };
    let begun = Instant::now();
    let answer = endpoint.post(&message, &Clock::System, &Chance::System).await;
    say(&format!("{}\n", words::answered(endpoint, &id, &answer, begun.elapsed()).read(language)));
    Ok(if matches!(answer, Answer::Taken(_)) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn resend(settings: &Settings, name: &EndpointName, since: Option<Since>, event: Option<EventId>, language: Language) -> Outcome {
    let (gateway, standing) = opened(settings, name, &format!("webhooks resend {name}")).await?;
    let endpoint = of_name(gateway.endpoints(), name)?;
    let resent = match (event, since) {
        (Some(event), _) => match gateway.resend_event(endpoint, &event).await? {
            Some(resent) => resent,
            None => return Err(Failure(vec![words::no_such_event(&event)])),
        },
        (None, Some(since)) => gateway.resend_since(endpoint, since.before(Clock::System.now())).await?,
        // The description of the command line wants one of the two.
        (None, None) => return Ok(ExitCode::FAILURE),
    };
    say(&format!("{}\n", words::resent(name, resent).read(language)));
    if standing.paused_at.is_some() {
        say(&format!("{}\n", words::is_paused(name).read(language)));
    }
    Ok(ExitCode::SUCCESS)
}

async fn resume(settings: &Settings, name: &EndpointName, language: Language) -> Outcome {
    let (gateway, standing) = opened(settings, name, &format!("webhooks resume {name}")).await?;
    let was_paused = gateway.store().resume_endpoint(name).await?;
    say(&format!("{}\n", words::resumed(name, was_paused, standing.waiting).read(language)));
    Ok(ExitCode::SUCCESS)
}
