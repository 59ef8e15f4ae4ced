//! The demand for a client certificate: below `/secapi` and of the fund flow, as WeChat does it, and with its answers (PROTOCOL.md, 1.5).

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use serde::{Deserialize, Serialize};

use crate::channel::wechat::v2::xml;

/// Which certificate calls below `/secapi`, and those for the fund flow, must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequireClientCert {
    /// None.
    Off,
    /// Any.
    Presence,
    /// That of the merchant which the call names.
    Pinned,
}

/// What the client at the other end of a connection has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// No certificate.
    Nothing,
    /// One that was not issued here.
    Foreign,
    /// That of the merchant with this `mch_id`.
    Of(String),
}

/// The request, if its client may make it; else what nginx, or WeChat behind it, says.
pub async fn admitted(demand: RequireClientCert, shown: &Shown, request: Request<Body>) -> Result<Request<Body>, Response> {
    let path = request.uri().path().trim_start_matches("/sandboxnew");
    if !path.starts_with("/secapi/") && path != "/pay/downloadfundflow" {
        return Ok(request);
    }
    let owner = match (demand, shown) {
        (RequireClientCert::Off, _) => return Ok(request),
        (_, Shown::Nothing) => return Err(of_nginx("No required SSL certificate was sent")),
        (RequireClientCert::Presence, _) => return Ok(request),
        (RequireClientCert::Pinned, Shown::Foreign) => return Err(of_nginx("The SSL certificate error")),
        (RequireClientCert::Pinned, Shown::Of(mch_id)) => mch_id,
    };
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, xml::MAX_BYTES).await else { return Err(StatusCode::PAYLOAD_TOO_LARGE.into_response()) };
    let is_another_s = xml::parse(&body).is_ok_and(|fields| fields.get("mch_id").is_some_and(|mch_id| mch_id != owner));
    if is_another_s {
        let complaint = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[certificate not match]]></return_msg></xml>";
        return Err(([(header::CONTENT_TYPE, "text/plain")], complaint).into_response());
    }
    Ok(Request::from_parts(head, Body::from(body)))
}

fn of_nginx(complaint: &str) -> Response {
    let page = format!(
        "<html>\r\n<head><title>400 {complaint}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n\
         <center>{complaint}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// Asks for a certificate and takes every one whose key the client has: like nginx, it judges when a call is made.
#[derive(Debug)]
pub struct Asking(pub Arc<CryptoProvider>);

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
