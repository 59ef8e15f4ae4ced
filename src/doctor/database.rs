//! The database: whether it can be reached, keeps what it acknowledges, and is ours.

use chrono::TimeDelta;

use crate::dry_run::advice;
use crate::store::{CONNECTIONS, Durability, ForeignClock, Found, Inspection, Server, Store};

use super::{Doctor, Finding};

const CHECK: &str = "database";
const ROWS: &str = "rows";
/// As at a start of the service.
const TOLERABLE_SKEW: TimeDelta = TimeDelta::seconds(5);

impl Doctor {
    pub(super) async fn database(&self) -> Vec<Finding> {
        let url = &self.settings.database;
        if let Some(file) = url.file()
            && !file.exists()
        {
            return vec![Finding::ok(CHECK, format!("{} is not there yet: the service makes it at its first start", file.display()))];
        }
        let now = self.clock.now();
        let inspection = match Store::inspect(url, now).await {
            Ok(inspection) => inspection,
            Err(error) => {
                return vec![Finding::fail(
                    CHECK,
                    error.to_string(),
                    "check database.url, and that the server runs and lets this machine in",
                )];
            }
        };
        let mut findings = vec![match is_too_old(&inspection.version) {
            true => Finding::warn(
                CHECK,
                format!("{} is older than what this is tested with", inspection.version),
                "MariaDB 10.6, MySQL 8.0, or later",
            ),
            false => Finding::ok(CHECK, format!("{} can be reached", inspection.version)),
        }];
        if let Some(server) = &inspection.server {
            findings.extend(self.server(server));
        }
        findings.push(schema(&inspection));
        findings.extend(leftovers(&inspection));
        findings
    }

    fn server(&self, server: &Server) -> Vec<Finding> {
        let mut findings = vec![self.durability(server.durability)];
        if server.read_only {
            findings.push(Finding::fail(CHECK, "it is a read-only copy", "name the server that takes changes in database.url"));
        }
        match &server.missing_privileges {
            Some(missing) if !missing.is_empty() => {
                let missing = missing.join(", ");
                let found = format!("our user lacks {missing}");
                let advice = format!("GRANT {missing} ON <schema>.* (CREATE, ALTER and INDEX are needed when the schema changes)");
                findings.push(if missing.contains("INSERT") || missing.contains("UPDATE") || missing.contains("SELECT") {
                    Finding::fail(CHECK, found, advice)
                } else {
                    Finding::warn(CHECK, found, advice)
                });
            }
            Some(_) => findings.push(Finding::ok(CHECK, "our user has the privileges that it needs")),
            None => findings.push(Finding::warn(
                CHECK,
                "our user's privileges come from a role",
                "see that it has SELECT, INSERT, UPDATE, CREATE, ALTER, INDEX",
            )),
        }
        let needed = i64::try_from(CONNECTIONS).unwrap_or(i64::MAX);
        if server.connections <= needed {
            let found = format!("max_connections is {}, and each instance keeps {needed}", server.connections);
            findings.push(Finding::warn(CHECK, found, "raise max_connections"));
        }
        if !server.strict {
            let found =
                "the server is not strict: what other programs write is cut off where it does not fit (this service's sessions are strict)";
            findings.push(Finding::warn(
                CHECK,
                found,
                "add STRICT_ALL_TABLES to sql_mode once the Node.js service is gone, which needs it off",
            ));
        }
        let names = self.settings.database.names();
        for table in &server.elsewhere {
            let found = format!("{table} looks like the Node.js service's table, and there are no deals in {}", names.table("deal"));
            findings.push(Finding::warn(CHECK, found, format!("{}, and see `wechat-pay migrate --dry-run`", advice(table))));
        }
        if !server.wordless.is_empty() {
            let found = format!("Chinese in {} becomes ?; the journal keeps the whole", server.wordless.join(", "));
            findings.push(Finding::warn(
                CHECK,
                found,
                names.told("ALTER TABLE deal CONVERT TO CHARACTER SET utf8mb4, when there is time for it"),
            ));
        }
        findings.push(foreign_clock(server.foreign_clock));
        if let Some(skew) = server.clock.map(|theirs| theirs - self.clock.now()).filter(|skew| skew.abs() > TOLERABLE_SKEW) {
            let found = format!("its clock is {} s ahead of this machine's (behind, if negative)", skew.num_seconds());
            findings.push(Finding::warn(CHECK, found, "run an NTP client on both"));
        }
        findings
    }

    fn durability(&self, durability: Durability) -> Finding {
        let risk = "a crash could lose payments that WeChat has been told are stored";
        match durability {
            Durability::Full => Finding::ok(CHECK, "every commit is on disk before it is acknowledged"),
            Durability::Weak { variable, value } => {
                let found = format!("{variable} is {value}: {risk}");
                let advice = format!("SET GLOBAL {variable} = 1, and in my.cnf; the service is not ready until then");
                match self.settings.accept_weak_durability {
                    true => Finding::warn(CHECK, format!("{found}, which database.accept_weak_durability accepts"), advice),
                    false => Finding::fail(CHECK, found, advice),
                }
            }
        }
    }
}

fn foreign_clock(clock: ForeignClock) -> Finding {
    let hours = |seconds: i64| {
        format!("{}:{:02} h {}", seconds.abs() / 3600, seconds.abs() / 60 % 60, if seconds < 0 { "behind" } else { "ahead of" })
    };
    match clock.ahead_of_beijing() {
        Some(0) => Finding::ok(CHECK, "other programs' rows are written in Beijing time"),
        Some(seconds) => {
            Finding::ok(CHECK, format!("its time zone is {} Beijing's: what other programs insert is read so", hours(seconds)))
        }
        None => Finding::warn(
            CHECK,
            "init_connect gives other programs' sessions a time zone of their own: their orders are given up a day late",
            "set the server's time_zone instead",
        ),
    }
}

/// Below MariaDB 10.6 and MySQL 8.0. What calls itself something else is not judged.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let Some(version_number) = numbers.next().zip(numbers.next()) else { return false };
    version_number < if version.contains("MariaDB") { (10, 6) } else { (8, 0) }
}

fn schema(inspection: &Inspection) -> Finding {
    const CHECK: &str = "schema";
    if let Some(wrong) = &inspection.wrong_schema {
        return Finding::fail(CHECK, "the service would not start", wrong.clone());
    }
    if !inspection.pending.is_empty() {
        let found = format!("{} to be taken at the next start", inspection.pending.join(", "));
        return Finding::warn(CHECK, found, "see `wechat-pay migrate --dry-run`, and make a backup");
    }
    match inspection.later_version {
        true => Finding::ok(CHECK, "of a later version than this, which is fine: columns are only ever added"),
        false => Finding::ok(CHECK, "up to date"),
    }
}

fn leftovers(inspection: &Inspection) -> Vec<Finding> {
    let Some(rows) = &inspection.leftovers else { return Vec::new() };
    let found = |found: &Found, what: &str| {
        let more = if usize::try_from(found.count).is_ok_and(|count| count > found.examples.len()) { ", …" } else { "" };
        format!("{} {what}: {}{more}", found.count, found.examples.join(", "))
    };
    let mut findings = Vec::new();
    if rows.overdue.count > 0 {
        let what = "deals are undecided although their time ended more than an hour ago";
        let advice =
            "is the service running, with sweep.calls_per_second above 0, and does WeChat answer it? `wechat-pay explain <order>` tells";
        findings.push(Finding::fail(ROWS, found(&rows.overdue, what), advice));
    }
    if rows.unclaimed.count > 0 {
        let what = "rows of the Node.js service are not followed, an hour after they were inserted";
        findings.push(Finding::warn(
            ROWS,
            found(&rows.unclaimed, what),
            "start the service: it claims them, or when somebody asks for them",
        ));
    }
    if rows.unproven.count > 0 {
        let what = "deals of this service are paid by nothing but another program's word: no signed message says so";
        findings.push(Finding::fail(
            ROWS,
            found(&rows.unproven, what),
            "look for them in WeChat's own pages, and close the Node.js service's callback to the outside: it believes unsigned messages",
        ));
    }
    if rows.impossible.count > 0 {
        let what = "rows hold an order id, a status or a price that no deal can have, and are never settled";
        findings.push(Finding::warn(ROWS, found(&rows.impossible, what), "look at them by hand, should somebody have paid"));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ROWS, "none is overdue, unclaimed, unproven or impossible"));
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
