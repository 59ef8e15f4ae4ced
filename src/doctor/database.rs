//! The database: whether it can be reached, keeps what it acknowledges, and is ours.

use chrono::TimeDelta;

use crate::dry_run::advice;
use crate::store::{CONNECTIONS, Durability, ForeignClock, Inspection, Leftovers, Server, Store};

use super::words::{database as words, rows as of_rows};
use super::{Check, Doctor, Finding, cluster};

const CHECK: Check = Check::Database;
/// As at a start of the service.
const TOLERABLE_SKEW: TimeDelta = TimeDelta::seconds(5);

impl Doctor {
    pub(super) async fn database(&self) -> Vec<Finding> {
        let url = &self.settings.database;
        if let Some(file) = url.file()
            && !file.exists()
        {
            return vec![Finding::ok(CHECK, words::not_there(file))];
        }
        let inspection = match Store::inspect(url, self.clock.now()).await {
            Ok(inspection) => inspection,
            Err(error) => {
                let mut findings = vec![self.not_looked_at(&error).await];
                findings.extend(self.servers().await);
                return findings;
            }
        };
        let mut findings = vec![match is_too_old(&inspection.version) {
            true => Finding::warn(CHECK, words::too_old(&inspection.version)),
            false => Finding::ok(CHECK, words::reached(&inspection.version)),
        }];
        if let Some(server) = &inspection.server {
            findings.extend(self.server(server));
            findings.extend(self.servers().await);
        }
        findings.push(schema(&inspection));
        findings.extend(inspection.leftovers.as_ref().into_iter().flat_map(leftovers));
        let missing = inspection.followed_accounts.iter().filter(|(account, _)| !self.settings.has_account(account));
        findings.extend(missing.map(|(account, deals)| Finding::fail(Check::Rows, of_rows::without_account(account, *deals))));
        findings
    }

    fn server(&self, server: &Server) -> Vec<Finding> {
        let mut findings = vec![self.durability(server.durability)];
        findings.extend(server.cluster.as_ref().map(cluster::standing));
        if server.read_only {
            findings.push(Finding::fail(CHECK, words::read_only()));
        }
        findings.push(privileges(server.missing_privileges.as_deref()));
        let needed = i64::try_from(CONNECTIONS).unwrap_or(i64::MAX);
        if server.connections <= needed {
            findings.push(Finding::warn(CHECK, words::few_connections(server.connections, needed)));
        }
        if !server.strict {
            findings.push(Finding::warn(CHECK, words::not_strict()));
        }
        let names = self.settings.database.names();
        for table in &server.elsewhere {
            findings.push(Finding::warn(CHECK, words::elsewhere(table, &names.table("deal"), &advice(table))));
        }
        if !server.wordless.is_empty() {
            let remedy = names.told("ALTER TABLE deal CONVERT TO CHARACTER SET utf8mb4");
            findings.push(Finding::warn(CHECK, words::no_chinese(&server.wordless.join(", "), &remedy)));
        }
        findings.push(foreign_clock(server.foreign_clock));
        if let Some(skew) = server.clock.map(|theirs| theirs - self.clock.now()).filter(|skew| skew.abs() > TOLERABLE_SKEW) {
            findings.push(Finding::warn(CHECK, words::clock_differs(skew.num_seconds())));
        }
        findings
    }

    fn durability(&self, durability: Durability) -> Finding {
        match durability {
            Durability::Full => Finding::ok(CHECK, words::durable()),
            Durability::Weak { variable, value } if self.settings.accept_weak_durability => {
                Finding::warn(CHECK, words::not_durable(variable, value, true))
            }
            Durability::Weak { variable, value } => Finding::fail(CHECK, words::not_durable(variable, value, false)),
        }
    }
}

fn privileges(missing: Option<&[&str]>) -> Finding {
    match missing {
        None => Finding::warn(CHECK, words::privileges_of_a_role()),
        Some([]) => Finding::ok(CHECK, words::privileges_are_there()),
        Some(missing) => {
            let trouble = words::privileges_missing(&missing.join(", "));
            let is_needed_daily = missing.iter().any(|privilege| ["SELECT", "INSERT", "UPDATE"].contains(privilege));
            if is_needed_daily { Finding::fail(CHECK, trouble) } else { Finding::warn(CHECK, trouble) }
        }
    }
}

fn foreign_clock(clock: ForeignClock) -> Finding {
    match clock.ahead_of_beijing() {
        Some(0) => Finding::ok(CHECK, words::foreign_clock_is_beijing()),
        Some(seconds) => Finding::ok(CHECK, words::foreign_clock(seconds)),
        None => Finding::warn(CHECK, words::foreign_clock_unknown()),
    }
}

/// Below MariaDB 10.6 and MySQL 8.0. What calls itself something else is not judged.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let Some(version_number) = numbers.next().zip(numbers.next()) else { return false };
    version_number < if version.contains("MariaDB") { (10, 6) } else { (8, 0) }
}

fn schema(inspection: &Inspection) -> Finding {
    const CHECK: Check = Check::Schema;
    if let Some(wrong) = &inspection.wrong_schema {
        return Finding::fail(CHECK, words::wrong_schema(wrong.clone()));
    }
    if !inspection.pending.is_empty() {
        return Finding::warn(CHECK, words::pending(&inspection.pending.join(", ")));
    }
    Finding::ok(CHECK, if inspection.later_version { words::later_schema() } else { words::schema_is_right() })
}

fn leftovers(rows: &Leftovers) -> Vec<Finding> {
    const CHECK: Check = Check::Rows;
    let mut findings = Vec::new();
    if rows.overdue.count > 0 {
        findings.push(Finding::fail(CHECK, of_rows::overdue(&rows.overdue)));
    }
    if rows.unclaimed.count > 0 {
        findings.push(Finding::warn(CHECK, of_rows::unclaimed(&rows.unclaimed)));
    }
    if rows.unproven.count > 0 {
        findings.push(Finding::fail(CHECK, of_rows::unproven(&rows.unproven)));
    }
    if rows.impossible.count > 0 {
        findings.push(Finding::warn(CHECK, of_rows::impossible(&rows.impossible)));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, of_rows::all_well()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_known_by_their_version() {
        for (version, old) in [
            ("10.11.19-MariaDB-0+deb12u1", false),
            ("10.6.0-MariaDB", false),
            ("10.5.29-MariaDB", true),
            ("11.8.1-MariaDB", false),
            ("8.0.36", false),
            ("8.4.2-debug", false),
            ("5.7.44-log", true),
            ("SQLite 3.51.3", false),
        ] {
            assert_eq!(is_too_old(version), old, "{version}");
        }
    }
}
