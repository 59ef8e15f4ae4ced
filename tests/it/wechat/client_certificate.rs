//! A client certificate that WeChat takes or does not, over real TLS: a refund that was not looked at waits, and nothing else does.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{Client, ClientCertificate, Endpoints, Http, SignType};
use wechat_pay::channel::{
    CallError, CertificateFault, Channel, Postponed, QueryOutcome, RefundOrder, RefundOutcome, RefundQueryOutcome, RefundSubject, Refunding,
};
use wechat_pay::deal::{Fen, OrderId, RefundId};
use wechat_pay::simulator::Certificates;
use wechat_pay::trust::ExtraRoots;

use crate::simulator::merchants::{FIRST, SECOND};
use crate::simulator::refunds::NUMBER;
use crate::simulator::tls::Secured;
use crate::support::certificates;
use crate::support::merchant::merchant;

/// A merchant of the simulated WeChat behind TLS, without a certificate yet.
struct Till {
    wechat: Secured,
    channel: Channel,
}

impl Till {
    async fn new() -> Self {
        let wechat = Secured::new().await;
        let channel = channel(&wechat.url, ExtraRoots::from_pem(&fs::read(wechat.folder.path().join("ca.pem")).unwrap()).unwrap());
        Self { wechat, channel }
    }

    /// The certificate that WeChat has issued to a merchant.
    fn issued(&self, mch_id: &str) -> ClientCertificate {
        pair(self.wechat.folder.path(), mch_id)
    }

    fn shows(&self, certificate: ClientCertificate) {
        self.channel.set_certificate(Some(Arc::new(certificate)));
    }

    async fn refunds(&self, number: &str) -> Result<RefundOutcome, CallError> {
        let (refund_id, order_id): (RefundId, OrderId) = (number.parse().unwrap(), NUMBER.parse().unwrap());
        let refund = RefundOrder {
            refund_id: &refund_id,
            order_id: &order_id,
            transaction_id: None,
            total_fee: Fen::new(88).unwrap(),
            fee: Fen::new(30).unwrap(),
            reason: None,
        };
        let request = self.channel.draft_refund(&refund, &Chance::System);
        self.channel.refund(&order_id, &refund_id, request).await
    }

    async fn fault(&self) -> CertificateFault {
        match self.refunds("R1").await {
            Ok(RefundOutcome::NotNow(Postponed::Certificate(fault))) => fault,
            other => panic!("{other:?}"),
        }
    }

    fn refunds_at_wechat(&self) -> usize {
        self.wechat.served.simulator.world().refunds().count()
    }
}

fn channel(url: &str, extra_roots: ExtraRoots) -> Channel {
    let endpoints = Endpoints { primary: url.parse().unwrap(), backup: None, proxy: None, extra_roots };
    let http = Arc::new(Http::new(endpoints, Chance::seeded(1)).unwrap());
    Channel::WeChatV2(Client::new(merchant(SignType::Md5), http, Chance::seeded(2)))
}

fn pair(folder: &Path, name: &str) -> ClientCertificate {
    read([format!("{name}.pem"), format!("{name}-key.pem")].map(|file| fs::read_to_string(folder.join(file)).unwrap()))
}

fn read([certificate, key]: [String; 2]) -> ClientCertificate {
    ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_certificate_that_wechat_does_not_take_has_refunds_wait_for_another_one() {
    let till = Till::new().await;
    assert_eq!((till.channel.refunding(), till.fault().await), (Refunding::Impossible, CertificateFault::Missing));
    let elsewhere = tempfile::tempdir().unwrap();
    Certificates::in_folder(elsewhere.path(), [FIRST.mch_id]).unwrap();
    for (shown, fault) in [
        (pair(elsewhere.path(), FIRST.mch_id), CertificateFault::Rejected),
        (read(certificates::pair(FIRST.mch_id, "2020-01-01T00:00:00Z".parse().unwrap())), CertificateFault::Rejected),
        (till.issued(SECOND.mch_id), CertificateFault::Foreign),
    ] {
        till.shows(shown);
        assert_eq!((till.fault().await, till.refunds_at_wechat()), (fault, 0));
    }
    let own = till.issued(FIRST.mch_id);
    let fingerprint = own.fingerprint().to_owned();
    till.shows(own);
    assert_eq!(till.channel.refunding(), Refunding::Certified(fingerprint));
    assert!(matches!(till.refunds("R1").await, Ok(RefundOutcome::Accepted(proof)) if proof.fee().get() == 30));
    assert_eq!(till.refunds_at_wechat(), 1);
    till.channel.set_certificate(None);
    assert_eq!((till.channel.refunding(), till.fault().await), (Refunding::Impossible, CertificateFault::Missing));
}

/// Connections are kept alive, so one that was opened for a query would be used again.
#[tokio::test]
async fn a_connection_without_a_certificate_is_never_used_for_a_refund() {
    let till = Till::new().await;
    till.shows(till.issued(FIRST.mch_id));
    let order_id = NUMBER.parse().unwrap();
    for _ in 0..5 {
        assert!(matches!(till.channel.query(&order_id).await, Ok(QueryOutcome::Known(_))));
        assert!(matches!(till.refunds("R1").await, Ok(RefundOutcome::Accepted(_))), "a repeat is the same refund");
        let found = till.channel.query_refund(&order_id, RefundSubject::OfOrder(0)).await;
        assert!(matches!(found, Ok(RefundQueryOutcome::Known(refunds, 1)) if refunds[0].refund_id().as_str() == "R1"));
    }
    assert_eq!(till.refunds_at_wechat(), 1);
}

#[tokio::test]
async fn a_host_that_no_authority_vouches_for_is_sent_nothing() {
    let till = Till::new().await;
    let own = Arc::new(till.issued(FIRST.mch_id));
    let till = Till { channel: channel(&till.wechat.url, ExtraRoots::default()), wechat: till.wechat };
    till.channel.set_certificate(Some(own));
    assert_eq!(till.channel.query(&NUMBER.parse().unwrap()).await.unwrap_err(), CallError::Unreachable);
    assert_eq!(till.refunds("R1").await.unwrap_err(), CallError::Unreachable);
    assert_eq!(till.refunds_at_wechat(), 0);
}

#[test]
fn a_simulator_without_tls_wants_no_certificate() {
    assert_eq!(channel("http://127.0.0.1:9", ExtraRoots::default()).refunding(), Refunding::Uncertified);
    assert_eq!(channel("https://127.0.0.1:9", ExtraRoots::default()).refunding(), Refunding::Impossible);
}
