//! A real service whose credentials were forgotten must not become one whose WeChat is the simulator: its key is public.

use crate::support::configured::{SHOPS_KEY, run, settings};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::program::{Program, environment};
use crate::support::scripted_wechat::ScriptedWeChat;
use crate::support::test_app::TestAppBuilder;

const MCH_ID: &str = "10000100";

/// A database with a deal that was opened for another merchant than the simulator's.
async fn others_database(engine: Engine) -> Database {
    let wechat = ScriptedWeChat::new().await;
    let builder = TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).set("WECHAT__MCH_ID", MCH_ID);
    let app = builder.open().await;
    app.try_to_pay("19.90").await;
    assert_eq!(app.look().await.count().await, 1);
    app.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mysql_database_is_not_given_to_the_simulator() {
    let builder = TestAppBuilder::new(Engine::MySql).await.set("SIMULATOR__ACCEPT_DATABASE", false);
    let Err((error, database)) = builder.try_open().await else { panic!("started") };
    let told = error.to_string();
    assert!(told.contains("no WeChat credentials are configured") && told.contains("MySQL or MariaDB"), "{told}");
    assert!(told.contains("simulator.accept_database = true"), "the way out is named: {told}");
    assert_eq!(database.look().await.texts("SHOW TABLES").await, [], "and nothing was altered");
    let app = TestAppBuilder::on(database).set("SIMULATOR__ACCEPT_DATABASE", true).open().await;
    assert_eq!(app.to_pay("1").await.id.len(), 32);
}

#[test]
fn a_setting_of_a_real_merchant_s_forbids_the_simulator() {
    let hash = SHOPS_KEY;
    for (variables, named) in [
        (vec![("WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify")], "wechat.notify_url is set"),
        (vec![("WECHAT__BASE_URL", "https://api2.mch.weixin.qq.com")], "wechat.base_url is set"),
        (vec![("WECHAT__BACKUP_BASE_URL", "")], "wechat.backup_base_url is set"),
        (vec![("WECHAT__PREVIOUS_API_KEY", "8934e7d15453e97507ef794cf7b0519d")], "wechat.previous_api_key is set"),
        (vec![("WECHAT__PROXY", "http://proxy.internal:3128")], "wechat.proxy is set"),
        (vec![("WECHAT__NOTIFY_SOURCES", "101.226.103.0/25")], "wechat.notify_sources is set"),
        (vec![("AUTH__MODE", "api_key"), ("AUTH__API_KEYS", hash)], "auth.api_keys is set"),
        (vec![("AUTH__MODE", "signed"), ("AUTH__SIGNING_SECRETS", "shop:0123456789abcdef0123456789abcdef")], "auth.signing_secrets is set"),
        (vec![("SERVER__LISTEN", "0.0.0.0:8360")], "server.listen 0.0.0.0:8360 can be reached"),
        (vec![("SERVER__LISTEN", "192.168.1.7:8360")], "server.listen 192.168.1.7:8360 can be reached"),
        (vec![("SIMULATOR__LISTEN", "[::]:8361")], "simulator.listen [::]:8361 can be reached"),
    ] {
        let told = settings(&variables).unwrap().may_simulate().unwrap_err().to_string();
        assert!(told.contains(named), "{told}");
        let (code, _, stderr) = run(&["check-config"], &variables);
        assert!(code == 1 && stderr.contains(named), "{stderr}");
        let accepted = [&variables[..], &[("SIMULATOR__ACCEPT_DATABASE", "true")]].concat();
        assert!(settings(&accepted).unwrap().may_simulate().is_ok(), "{named}");
    }
    for harmless in [vec![], vec![("SERVER__LISTEN", "[::1]:1"), ("DEAL__MAX_PRICE", "1")], vec![("AUTH__MODE", "open")]] {
        assert!(settings(&harmless).unwrap().may_simulate().is_ok(), "{harmless:?}");
    }
}

on_both_engines! {
    async fn another_merchant_s_deals_are_not_given_to_the_simulator(engine) {
        let database = others_database(engine).await;
        let look = database.look().await;
        let before = look.everything().await;
        look.ends().await;
        let Err((error, database)) = TestAppBuilder::on(database).set("SIMULATOR__ACCEPT_DATABASE", false).try_open().await else { panic!("started") };
        if engine == Engine::Sqlite {
            assert!(error.to_string().contains(&format!("holds deals of the merchant number {MCH_ID}")), "{error}");
        }
        assert_eq!(database.look().await.everything().await, before);
        let accepted = TestAppBuilder::on(database).open().await;
        assert_eq!(accepted.to_pay("1").await.id.len(), 32);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_s_own_database_needs_no_word() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("SIMULATOR__ACCEPT_DATABASE", false).open().await;
    app.to_pay("19.90").await;
    let app = TestAppBuilder::on(app.stop().await).set("SIMULATOR__ACCEPT_DATABASE", false).open().await;
    assert_eq!(app.look().await.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_the_simulator_s_can_be_taken_out_of_the_configuration() {
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("SIMULATOR__ACCEPT_DATABASE", false);
    let app = builder.set("ACCOUNTS__A__SIGN_TYPE", "HMAC-SHA256").set("ACCOUNTS__A__SELLERS", "12").open().await;
    app.to_pay("19.90").await;
    let app = TestAppBuilder::on(app.stop().await).set("SIMULATOR__ACCEPT_DATABASE", false).open().await;
    app.time_passes(310);
    app.sweep().await;
    let ready = app.till.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    let warned = &ready.json()["warnings"][0];
    assert!(warned.as_str().is_some_and(|warned| warned.contains("the account a, which is not configured")), "{}", ready.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_the_simulator_draws_does_not_make_a_real_merchant_s_deals_its_own() {
    let wechat = ScriptedWeChat::new().await;
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address).set("WECHAT__MCH_ID", "1900000002");
    let app = builder.open().await;
    app.try_to_pay("19.90").await;
    let database = app.stop().await;
    let builder = TestAppBuilder::on(database).set("SIMULATOR__ACCEPT_DATABASE", false).set("ACCOUNTS__A__SELLERS", "12");
    let Err((error, _)) = builder.try_open().await else { panic!("started") };
    assert!(error.to_string().contains("holds deals of the merchant number 1900000002"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_merchant_number_than_before_is_said_loudly() {
    let database = others_database(Engine::Sqlite).await;
    let mut variables = environment(&database.url, "127.0.0.1:0");
    variables.extend([
        ("WECHAT__APPID", "wxd930ea5d5a258f4f".to_owned()),
        ("WECHAT__MCH_ID", "10000200".to_owned()),
        ("WECHAT__API_KEY", "192006250b4c09247ec02edce69f6a2d".to_owned()),
        ("WECHAT__BASE_URL", "http://127.0.0.1:9".to_owned()),
        ("WECHAT__NOTIFY_URL", "http://127.0.0.1:9/wxPay/notify".to_owned()),
        ("AUTH__MODE", "open".to_owned()),
    ]);
    let home = database.directory().unwrap();
    let program = Program::start("serve", home, &variables);
    program.says("serving").await;
    let written = program.written();
    let warned = written.lines().find(|line| line.contains("opened with other numbers")).unwrap();
    assert!(warned.contains("\"WARN\"") && warned.contains(MCH_ID) && warned.contains("10000200"), "{warned}");
    drop(program);
    let (_, found) = Program::start("doctor", home, &variables).end(std::time::Duration::from_secs(10)).await;
    assert!(
        found.contains("warn  merchant")
            && found.contains(&format!("deals of the account default were opened for mch_id {MCH_ID}"))
            && found.contains("and it has mch_id 10000200"),
        "{found}"
    );
    let unaccepted = [environment(&database.url, "127.0.0.1:0"), vec![("SIMULATOR__ACCEPT_DATABASE", "false".to_owned())]].concat();
    let (_, found) = Program::start("doctor", home, &unaccepted).end(std::time::Duration::from_secs(10)).await;
    assert!(found.contains("FAIL  merchant"), "{found}");
}
