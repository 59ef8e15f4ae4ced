//! Refunds that are held, since WeChat does not take the client certificate: they wait, are tried hourly, and go out once the certificate
//! is another one.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use wechat_pay::channel::ClientCertificate;
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use super::books::{alarms, app, at_wechat, due_in, refund_directly, states, stored};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// Another merchant number, which the simulated WeChat does not have.
const OTHER: &str = "1900000022";

/// The certificate that the simulated WeChat has issued to a merchant number.
fn issued_to(folder: &Path, mch_id: &str) -> ClientCertificate {
    let [certificate, key] = [format!("{mch_id}.pem"), format!("{mch_id}-key.pem")].map(|file| std::fs::read(folder.join(file)).unwrap());
    ClientCertificate::from_pem(&certificate, &key).unwrap()
}

/// What was issued to a merchant number stands where the service reads its certificate.
fn put_in_place(folder: &Path, mch_id: &str) {
    for end in [".pem", "-key.pem"] {
        std::fs::copy(folder.join(format!("{mch_id}{end}")), folder.join(format!("client{end}"))).unwrap();
    }
}

/// A WeChat behind TLS that demands certificates, and an instance that reaches it so, at first with another merchant's.
struct Certified {
    wechat: TestApp,
    app: TestApp,
    folder: tempfile::TempDir,
    _stop: DropGuard,
}

impl Certified {
    async fn new(engine: Engine) -> Self {
        let wechat = app(Engine::Sqlite).await;
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        wechat_pay::simulator::Certificates::in_folder(folder.path(), [OTHER]).unwrap();
        let certificates = wechat.simulator().certificates(folder.path()).unwrap();
        tokio::spawn(wechat.simulator().serve_tls(listener, certificates, stop.clone()).unwrap());
        let builder = TestAppBuilder::on(Database::fresh(engine).await).with_wechat_at(address).by(wechat.clock.clone());
        let builder = builder.set("WECHAT__BASE_URL", format!("https://{address}")).set("METRICS__LISTEN", "127.0.0.1:0");
        put_in_place(folder.path(), OTHER);
        let file = |name: &str| folder.path().join(name).display().to_string();
        let builder = builder.set("WECHAT__CA_FILE", file("ca.pem")).set("WECHAT__CLIENT_CERT_FILE", file("client.pem"));
        let app = builder.set("WECHAT__CLIENT_KEY_FILE", file("client-key.pem")).open().await;
        Self { wechat, app, folder, _stop: stop.drop_guard() }
    }

    async fn paid(&self) -> Order {
        let order = self.app.to_pay("19.90").await;
        self.wechat.payer_pays_silently(&order);
        assert_eq!(self.app.trade_state(&order.id).await, "SUCCESS");
        order
    }

    /// The certificate is replaced, and read again.
    async fn renewed(&self, mch_id: &str) {
        put_in_place(self.folder.path(), mch_id);
        self.app.gateway().show_certificate(&AccountId::default(), Arc::new(issued_to(self.folder.path(), mch_id)));
        self.app.gateway().release_held_refunds(&AccountId::default()).await;
    }
}

on_both_engines! {
    async fn one_that_waits_for_another_certificate_goes_out_once_there_is_one(engine) {
        let certified = Certified::new(engine).await;
        let app = &certified.app;
        let order = certified.paid().await;
        let view = refund_directly(app, &order, "first", 500).await;
        assert_eq!(view.refund.state.as_str(), "PROCESSING", "{view:?}");
        let fingerprint = issued_to(certified.folder.path(), OTHER).fingerprint().to_owned();
        assert_eq!(stored(app, &order, "refused_certificate").await, [Some(fingerprint)]);
        assert_eq!((due_in(app, &order).await, alarms(app, "refund_certificate").await), (Some(3600), 1.0));
        for _ in 0..2 {
            app.time_passes(3600);
            app.sweep().await;
        }
        assert_eq!((due_in(app, &order).await, alarms(app, "refund_certificate").await), (Some(3600), 1.0), "hourly, and told once");
        assert!(at_wechat(&certified.wechat, &order).is_empty());

        certified.renewed(OTHER).await;
        assert_eq!(due_in(app, &order).await, Some(3600), "it is the same one");
        certified.renewed(DEFAULT_MERCHANT.mch_id).await;
        assert_eq!(due_in(app, &order).await, Some(0));
        app.sweep().await;
        let accepted = at_wechat(&certified.wechat, &order);
        assert_eq!(accepted.iter().map(|(number, fee, _)| (number.as_str(), *fee)).collect::<Vec<_>>(), [(view.refund.refund_id.as_str(), 500)]);
        assert_eq!(stored(app, &order, "refused_certificate").await, [None]);
        app.time_passes(60);
        app.sweep().await;
        assert_eq!(states(app, &order).await, ["SUCCESS"]);
    }
}
