//! The simulated WeChat behind TLS: whose certificate it demands, and of which calls.

use std::fs;
use std::path::Path;

use reqwest::{Certificate, Client, Identity};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wechat_pay::channel::wechat::v2::{SignType, xml};
use wechat_pay::simulator::{Certificates, Payment};

use super::merchants::{FIRST, Merchant, SECOND, Served, now};
use super::refunds::{NUMBER, asked};
use super::trade_types::order;

/// A served simulator that listens with TLS too, and whose merchants have an order paid.
pub struct Secured {
    pub served: Served,
    pub url: String,
    pub folder: tempfile::TempDir,
    _stop: DropGuard,
}

impl Secured {
    pub async fn new() -> Self {
        let served = Served::new().await;
        for merchant in [FIRST, SECOND] {
            let mut world = served.simulator.world();
            world.call("unifiedorder", merchant.unified_order(NUMBER, "88").as_bytes(), now()).unwrap();
            world.pay_order(&merchant.order(NUMBER), Payment::default(), now()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let certificates = served.simulator.certificates(folder.path()).unwrap();
        tokio::spawn(served.simulator.serve_tls(listener, certificates, stop.clone()).unwrap());
        Self { served, url, folder, _stop: stop.drop_guard() }
    }

    /// A client that shows the certificate of this name in this folder, or none.
    fn client(&self, shown: Option<(&Path, &str)>) -> Client {
        let authority = fs::read(self.folder.path().join("ca.pem")).unwrap();
        let builder = Client::builder().no_proxy().tls_certs_only([Certificate::from_pem(&authority).unwrap()]);
        let client = match shown {
            Some((folder, name)) => {
                let pem = [format!("{name}.pem"), format!("{name}-key.pem")].map(|file| fs::read(folder.join(file)).unwrap());
                builder.identity(Identity::from_pem(&pem.concat()).unwrap())
            }
            None => builder,
        };
        client.build().unwrap()
    }

    /// What such a client hears: status and text.
    async fn says(&self, shown: Option<(&Path, &str)>, path: &str, request: String) -> (u16, String) {
        let answer = self.client(shown).post(format!("{}{path}", self.url)).body(request).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn refund(&self, merchant: Merchant, shown: Option<(&Path, &str)>) -> (u16, String) {
        self.says(shown, "/secapi/pay/refund", merchant.request(SignType::Md5, &asked("R1", "30"))).await
    }
}

#[tokio::test]
async fn a_refund_wants_its_own_merchant_s_certificate() {
    let secured = Secured::new().await;
    let own = secured.folder.path();
    let elsewhere = tempfile::tempdir().unwrap();
    Certificates::in_folder(elsewhere.path(), [FIRST.mch_id]).unwrap();
    for (shown, status, said) in [
        (None, 400, "<center>No required SSL certificate was sent</center>"),
        (Some((elsewhere.path(), FIRST.mch_id)), 400, "<center>The SSL certificate error</center>"),
        (Some((own, "server")), 400, "<center>The SSL certificate error</center>"),
        (Some((own, SECOND.mch_id)), 200, "certificate not match"),
    ] {
        let answer = secured.refund(FIRST, shown).await;
        assert!(answer.0 == status && answer.1.contains(said), "{shown:?}: {answer:?}");
        assert_eq!(secured.served.simulator.world().refunds().count(), 0, "{shown:?}");
    }
    for merchant in [FIRST, SECOND] {
        let answer = secured.refund(merchant, Some((own, merchant.mch_id))).await;
        assert!(answer.0 == 200 && answer.1.contains("<refund_id>"), "{answer:?}");
    }
}

#[tokio::test]
async fn which_certificate_is_wanted_can_be_switched() {
    let secured = Secured::new().await;
    let own = secured.folder.path();
    let elsewhere = tempfile::tempdir().unwrap();
    Certificates::in_folder(elsewhere.path(), [FIRST.mch_id]).unwrap();
    let shown = [None, Some((elsewhere.path(), FIRST.mch_id)), Some((own, SECOND.mch_id)), Some((own, FIRST.mch_id))];
    for (wanted, taken) in [("off", [true; 4]), ("presence", [false, true, true, true]), ("pinned", [false, false, false, true])] {
        let habit = secured.served.phone.request("PUT", "/_sim/habits").body(format!(r#"{{"require_client_cert":"{wanted}"}}"#));
        assert_eq!(secured.served.phone.send(habit).await.status, 200);
        for (shown, taken) in shown.into_iter().zip(taken) {
            let answer = secured.refund(FIRST, shown).await;
            assert_eq!(answer.1.contains("<refund_id>"), taken, "{wanted}, {shown:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn other_calls_want_none_and_faults_pass_through_tls() {
    let secured = Secured::new().await;
    let query = FIRST.about("out_trade_no", NUMBER);
    assert!(secured.says(None, "/pay/orderquery", query.clone()).await.1.contains("SUCCESS"));
    assert!(secured.says(None, "/pay/refundquery", query.clone()).await.1.contains("REFUNDNOTEXIST"));
    let bill = FIRST.request(SignType::HmacSha256, &[("bill_date", "20260331"), ("account_type", "Basic")]);
    assert!(secured.says(None, "/pay/downloadbill", query.clone()).await.1.contains("<error_code>20001</error_code>"));
    assert_eq!(secured.says(None, "/pay/downloadfundflow", bill.clone()).await.0, 400, "but for the fund flow");
    let foreign = secured.says(Some((secured.folder.path(), SECOND.mch_id)), "/pay/downloadfundflow", bill.clone()).await;
    assert!(foreign.1.contains("certificate not match"), "{foreign:?}");
    let own = secured.says(Some((secured.folder.path(), FIRST.mch_id)), "/pay/downloadfundflow", bill).await;
    assert!(own.0 == 200 && own.1.contains("<err_code>"), "{own:?}");
    let sandbox = secured.says(None, "/sandboxnew/secapi/pay/refund", query.clone()).await;
    assert_eq!(sandbox.0, 400, "the sandbox wants one too");
    secured.served.simulator.world().faults.system_error = 1.0;
    assert!(secured.says(None, "/pay/orderquery", query).await.1.contains("SYSTEMERROR"));
}

#[tokio::test]
async fn the_page_of_an_h5_order_is_behind_tls_too() {
    let secured = Secured::new().await;
    let answer = secured.says(None, "/pay/unifiedorder", order(FIRST, "MWEB", &[("out_trade_no", "2")])).await.1;
    let url = xml::parse(answer.as_bytes()).unwrap().get("mweb_url").unwrap().to_owned();
    assert!(url.starts_with(&format!("{}/_wechat/checkmweb?", secured.url)), "{url}");
    let page = secured.client(None).get(url).header("referer", "https://shop.example.com/").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("name=\"choice\""), "its client's address is known: {page}");
}

#[test]
fn certificates_stay_the_same_and_what_is_missing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let files = || {
        let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|file| (file.file_name().unwrap().to_owned(), fs::read(&file).unwrap())).collect::<Vec<_>>()
    };
    Certificates::in_folder(folder.path(), ["1900000001"]).unwrap();
    let first = files();
    let names = ["1900000001-key.pem", "1900000001.pem", "ca-key.pem", "ca.pem", "server-key.pem", "server.pem"];
    assert_eq!(first.iter().map(|(name, _)| name.to_str().unwrap()).collect::<Vec<_>>(), names);
    Certificates::in_folder(folder.path(), ["1900000001", "1900000002"]).unwrap();
    let second = files();
    assert_eq!(second.len(), 8);
    assert!(first.iter().all(|file| second.contains(file)), "nothing that was there is another one");
    fs::remove_file(folder.path().join("ca-key.pem")).unwrap();
    Certificates::in_folder(folder.path(), ["1900000001"]).unwrap();
    let issued_anew = |name: &str| !second.contains(&files().into_iter().find(|(file, _)| file == name).unwrap());
    assert!(["ca.pem", "server.pem", "1900000001.pem"].into_iter().all(issued_anew), "by the new authority");
    fs::write(folder.path().join("server.pem"), "x").unwrap();
    let error = Certificates::in_folder(folder.path(), ["1900000001"]).unwrap_err().to_string();
    assert!(error.contains("server.pem is no certificate or key"), "{error}");
}
