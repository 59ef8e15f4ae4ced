//! Which users can read which files, and which programs listen where.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use wechat_pay::doctor::Verdict::{Fail, Ok};

use super::Patient;
use crate::support::database::{Database, Engine};
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{TestApp, TestAppBuilder};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_that_everybody_can_read_are_told_of() {
    let database = TestApp::open(Engine::Sqlite).await.stop().await;
    let (directory, file) = (database.directory().unwrap(), database.directory().unwrap().join("deal.db"));
    for (of_directory, of_file, open) in [(0o700, 0o644, false), (0o755, 0o600, false), (0o755, 0o644, true)] {
        set_mode(directory, of_directory);
        set_mode(&file, of_file);
        let findings = Patient::on(&database).examined().await;
        let (verdict, found) = if open { (Fail, "everybody on this machine can read the deals") } else { (Ok, "not everybody's to read") };
        findings.say(verdict, "files", found);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_could_not_be_written_is_told_of() {
    let database = Database::fresh(Engine::Sqlite).await;
    let home = database.directory().unwrap();
    let at = |path: String| Patient::on(&database).set("DATABASE__URL", format!("sqlite://{path}"));
    let below = format!("{}/not/there/yet/deal.db", home.display());
    at(below.clone()).examined().await.say(Ok, "files", &format!("{below} can be made by this user"));
    assert_eq!(fs::read_dir(home).unwrap().count(), 0, "nothing is left behind");
    // Folders in which no user can make a file, root included.
    for path in ["/sys/deal.db", "/sys/not/there/yet/deal.db"] {
        at(path.to_owned()).examined().await.say(Fail, "files", &format!("{path}: its folder cannot be written ("));
    }
    fs::create_dir(home.join("folder.db")).unwrap();
    at(format!("{}/folder.db", home.display())).examined().await.say(Fail, "files", "cannot be written (Is a directory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_that_everybody_can_read_are_told_of() {
    let database = Database::fresh(Engine::Sqlite).await;
    let home = TempDir::new().unwrap();
    set_mode(home.path(), 0o755);
    let handed = home.path().join("handed");
    fs::create_dir(&handed).unwrap();
    let (key, password) = (home.path().join("key"), handed.join("database.url"));
    for file in [&key, &password] {
        fs::write(file, "canary").unwrap();
    }
    for (mode, verdict) in [(0o600, Ok), (0o640, Ok), (0o644, Fail)] {
        set_mode(&key, mode);
        set_mode(&password, mode);
        let mut patient = Patient::on(&database);
        // The environment that a file of the configuration's is named in is not the one that it is read from here.
        let settings = wechat_pay::config::Settings::from_environment(patient.variables.clone()).unwrap();
        patient.variables.insert("CREDENTIALS_DIRECTORY".to_owned(), handed.display().to_string());
        patient.variables.insert("WECHAT_PAY__WECHAT__API_KEY_FILE".to_owned(), key.display().to_string());
        let doctor = wechat_pay::doctor::Doctor {
            settings,
            variables: patient.variables,
            clock: patient.clock,
            chance: wechat_pay::chance::Chance::System,
            fetch: false,
        };
        let findings = super::Findings(doctor.examine().await);
        findings.say(verdict, "files", if verdict == Fail { "everybody on this machine can read secrets in" } else { "2 with secrets" });
        let text = format!("{findings:?}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(text.contains(password.to_str().unwrap()), verdict == Fail, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_port_is_free_ours_or_somebody_else_s() {
    let wechat = Stub::start(|_, _| Reply::Close).await;
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.address).open().await;
    let at = |address: std::net::SocketAddr| {
        Patient::on(&app.database).with_wechat_at(format!("http://{}", wechat.address)).set("SERVER__LISTEN", address)
    };
    at("127.0.0.1:0".parse().unwrap()).examined().await.say(Ok, "port", "is free");
    at(app.till.address).examined().await.say(Ok, "port", "is served by this service, instance ");
    let other_key = at(app.till.address).set("WECHAT__API_KEY", "192006250b4c09247ec02edce69f6a2d");
    other_key.examined().await.say(Fail, "port", "not this service with this API key");
    let stranger = Stub::start(|_, _| Reply::Body("hello".to_owned())).await;
    at(stranger.address).examined().await.say(Fail, "port", "not this service");
    at("192.0.2.1:8360".parse().unwrap()).examined().await.say(Fail, "port", "no address of this machine");
}
