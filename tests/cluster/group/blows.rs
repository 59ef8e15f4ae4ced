//! What happens to members.

use std::time::Duration;

use tokio::time::sleep;

use super::members::Members;
use crate::cluster::SIZE;
use crate::environment::Environment;
use crate::load::database::until;
use crate::patience::WHOLE;
use crate::story;
use crate::support::process::Process;
use crate::support::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// `kill -9` of the primary.
    KillPrimary,
    /// The primary stands still, and is given up meanwhile.
    FreezePrimary,
    /// `kill -9` of a secondary.
    KillSecondary,
    /// An operator has another member be the primary.
    Switch,
    /// Both secondaries stand still: the primary, which nothing has happened to, is in the minority.
    LostMajority,
}

/// How long members stand still.
const STILL: Duration = Duration::from_secs(20);

impl Blow {
    /// In the order of a run.
    pub const ALL: [Self; 5] = [Self::KillPrimary, Self::FreezePrimary, Self::KillSecondary, Self::Switch, Self::LostMajority];
}

impl story::Blow<Members> for Blow {
    fn as_str(self) -> &'static str {
        match self {
            Self::KillPrimary => "kill -9 of the primary",
            Self::FreezePrimary => "freeze of the primary for 20 s",
            Self::KillSecondary => "kill -9 of a secondary",
            Self::Switch => "planned switch",
            Self::LostMajority => "freeze of both secondaries for 20 s",
        }
    }

    async fn strike(self, environment: &mut Environment<Members>, random: &Random) {
        let group = &mut environment.cluster;
        let primary = group.primary().await.expect("a primary");
        let secondary = (primary + random.between(1, 2) as usize) % SIZE;
        match self {
            Self::KillPrimary => kill(group, primary, random).await,
            Self::KillSecondary => kill(group, secondary, random).await,
            Self::FreezePrimary => freeze(group, &[primary]).await,
            Self::LostMajority => freeze(group, &[(primary + 1) % SIZE, (primary + 2) % SIZE]).await,
            Self::Switch => {
                until(WHOLE, async || group.make_primary(secondary).await).await.expect("the switch");
            }
        }
        group.whole_within(WHOLE).await.unwrap_or_else(|| panic!("after {} the group is not whole again", self.as_str()));
        eprintln!("the primary was member {primary}, and is {:?}", group.primary().await);
    }
}

/// A member that comes back before the others have given it up is not let in, so it waits for that, as a service manager is told to.
async fn kill(group: &mut Members, number: usize, random: &Random) {
    group.members[number].kill();
    until(WHOLE, async || group.has_given_up(number).await).await.expect("the others give it up");
    sleep(random.millis(1000, 4000)).await;
    group.members[number].launch();
}

async fn freeze(group: &Members, numbers: &[usize]) {
    let guards: Vec<Process> = numbers.iter().map(|number| group.members[*number].freeze(STILL)).collect();
    for mut guard in guards {
        guard.end_within(STILL * 3).await.expect("the guard lets the member go on");
    }
}
