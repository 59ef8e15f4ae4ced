//! Three members.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::{AssertSqlSafe, MySqlConnection};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::member::Member;
use crate::cluster::{DATABASES, SIZE};
use crate::load::database::until;
use crate::patience::WHOLE;
use crate::servers::Servers;
use crate::sql::{self, SILENT};

/// The service's user has a password, its database, and may look who is in the group.
const USER: &str = "CREATE USER till IDENTIFIED BY 'a-password'; GRANT ALL ON shop.* TO till; \
    GRANT SELECT ON performance_schema.replication_group_members TO till";
/// Who are in the group, as a member sees it: its port, and whether it is the primary.
const ONLINE: &str = "SELECT CAST(member_port AS SIGNED), member_role = 'PRIMARY' FROM performance_schema.replication_group_members \
    WHERE member_state = 'ONLINE'";

pub struct Members {
    pub members: Vec<Member>,
}

impl Members {
    /// All three are one group, with the service's database empty, when this returns.
    pub async fn start() -> Self {
        let mut laying: JoinSet<_> = (0..SIZE).map(|number| spawn_blocking(move || (number, Member::new(number)))).collect();
        let mut members = Vec::new();
        while let Some(member) = laying.join_next().await {
            members.push(member.unwrap().unwrap());
        }
        members.sort_by_key(|(number, _)| *number);
        let mut group = Self { members: members.into_iter().map(|(_, member)| member).collect() };
        let addresses: Vec<_> = group.members.iter().map(|member| member.address.clone()).collect();
        for member in &mut group.members {
            member.prepare(&addresses).await;
        }
        let founded = "SET GLOBAL group_replication_bootstrap_group = ON; START GROUP_REPLICATION; \
            SET GLOBAL group_replication_bootstrap_group = OFF";
        assert!(group.members[0].run(founded).await);
        for made in [DATABASES, USER] {
            assert!(group.members[0].run(made).await, "{made}");
        }
        for member in &group.members[1..] {
            // What stands in its own log of its making is of no account, as it has nothing yet.
            assert!(member.run("START GROUP_REPLICATION").await);
        }
        group.whole_within(WHOLE).await.expect("three members that are one group");
        group
    }

    /// Which member is the primary, if it is known to any that answers.
    pub async fn primary(&self) -> Option<usize> {
        for member in &self.members {
            let primary = seen_by(member).await.into_iter().find(|(_, is_primary)| *is_primary);
            if let Some((port, _)) = primary {
                return self.members.iter().position(|member| i64::from(member.port) == port);
            }
        }
        None
    }

    /// Has this one be the primary.
    pub async fn make_primary(&self, number: usize) -> bool {
        let member = &self.members[number];
        let Some(mut connection) = sql::connect(&member.url()).await else { return false };
        let Ok(id) = sqlx::query_scalar::<_, String>("SELECT @@server_uuid").fetch_one(&mut connection).await else { return false };
        member.run(&format!("SELECT group_replication_set_as_primary('{id}')")).await
    }

    /// Whether all others go on without this one, with a primary.
    pub async fn has_given_up(&self, number: usize) -> bool {
        for (_, member) in self.members.iter().enumerate().filter(|(other, _)| *other != number) {
            let seen = seen_by(member).await;
            if seen.len() != SIZE - 1 || !seen.iter().any(|(_, is_primary)| *is_primary) {
                return false;
            }
        }
        true
    }

    /// How long it took until each member saw all others, and one primary, from now.
    pub async fn whole_within(&self, limit: Duration) -> Option<Duration> {
        let is_whole = async || {
            for member in &self.members {
                let seen = seen_by(member).await;
                if seen.len() != SIZE || seen.iter().filter(|(_, is_primary)| *is_primary).count() != 1 {
                    return false;
                }
            }
            true
        };
        until(limit, is_whole).await
    }
}

impl Servers for Members {
    const CAUSAL: &str = "SET SESSION group_replication_consistency = 'BEFORE'";

    fn urls(&self) -> Vec<String> {
        self.members.iter().map(Member::url).collect()
    }

    /// The same for each: there is one writer.
    fn url_for(&self, _: usize) -> String {
        let hosts: Vec<_> = self.members.iter().map(|member| format!("127.0.0.1:{}", member.port)).collect();
        format!("mysql://till:a-password@{}/shop", hosts.join(","))
    }

    fn keep(&mut self) -> Vec<PathBuf> {
        let directories = self.members.iter_mut().map(|member| &mut member.directory);
        directories
            .map(|directory| {
                directory.disable_cleanup(true);
                directory.path().to_owned()
            })
            .collect()
    }
}

async fn seen_by(member: &Member) -> Vec<(i64, bool)> {
    let Some(mut connection) = sql::connect(&member.url()).await else { return Vec::new() };
    ask(&mut connection).await.unwrap_or_default()
}

async fn ask(connection: &mut MySqlConnection) -> Option<Vec<(i64, bool)>> {
    timeout(SILENT, sqlx::query_as(AssertSqlSafe(ONLINE)).fetch_all(connection)).await.ok()?.ok()
}
