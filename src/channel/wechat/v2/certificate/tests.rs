//! What operators put where a certificate and its key belong.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};

use super::InvalidClientCertificate::{Absent, Broken, Encrypted, Mismatch, NotPem, Pkcs12, Swapped};
use super::*;

const MCH_ID: &str = "1900000109";

/// A certificate as WeChat issues them, with its key.
fn issued() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "CN"),
        (DnType::OrganizationName, "微信商户系统"),
        (DnType::OrganizationalUnitName, "深圳市某某有限公司"),
        (DnType::CommonName, MCH_ID),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params.not_after = date_time_ymd(2031, 1, 15);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn refused(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> InvalidClientCertificate {
    ClientCertificate::from_pem(certificate.as_ref(), key.as_ref()).unwrap_err()
}

#[test]
fn a_pair_tells_whose_it_is_and_until_when() {
    let (certificate, key) = issued();
    let pair = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(pair.not_after(), "2031-01-15T00:00:00Z".parse::<Timestamp>().unwrap());
    assert!(pair.subject().contains("CN=1900000109") && pair.subject().contains("深圳市某某有限公司"), "{}", pair.subject());
    assert!(pair.names(MCH_ID));
    for other in ["190000010", "1900000110", ""] {
        assert!(!pair.names(other), "{other}");
    }
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let expected: String = Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((pair.fingerprint(), pair.fingerprint().len()), (expected.as_str(), 64));
}

#[test]
fn what_tools_write_around_a_pair_is_passed_over() {
    let (certificate, key) = issued();
    let authority = issued().0;
    let bag = "Bag Attributes\n    localKeyID: 01 00 00 00\nsubject=CN = 1900000109\n";
    let both = format!("{bag}{certificate}\n{bag}{key}");
    for (certificate, key) in [
        (format!("{bag}{certificate}"), key.clone()),
        (certificate.replace('\n', "\r\n"), key.replace('\n', "\r\n")),
        (format!("\u{feff}{certificate}"), format!("\u{feff}{key}")),
        (format!("{certificate}{authority}"), key.clone()),
        (both.clone(), both),
        (certificate.trim_end().to_owned(), key.trim_end().to_owned()),
    ] {
        assert!(ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).is_ok(), "{certificate}");
    }
}

#[test]
fn what_is_wrong_is_told_by_its_half() {
    let ((certificate, key), (other, other_key)) = (issued(), issued());
    let broken = |text: &str| text.replace("-----\nMI", "-----\nAA");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n";
    for (texts, expected) in [
        ((&*key, &*certificate), Swapped),
        ((&certificate, &other_key), Mismatch),
        ((&format!("{other}{certificate}"), &key), Mismatch),
        ((&certificate, &certificate), Absent(PairPart::Key)),
        ((&key, &key), Absent(PairPart::Certificate)),
        ((request, &key), Absent(PairPart::Certificate)),
        ((&broken(&certificate), &key), Broken(PairPart::Certificate)),
        ((&certificate, &broken(&key)), Broken(PairPart::Key)),
        ((&certificate, encrypted), Encrypted),
        ((&certificate, old), Encrypted),
        (("", &key), NotPem(PairPart::Certificate)),
        (("/etc/wechat-pay/apiclient_cert.pem", &key), NotPem(PairPart::Certificate)),
        ((&certificate, "1900000109"), NotPem(PairPart::Key)),
    ] {
        assert_eq!(refused(texts.0, texts.1), expected, "{expected:?}");
    }
}

#[test]
fn a_p12_is_told_how_to_become_a_pair() {
    let (certificate, key) = issued();
    // How every .p12 of some 2700 bytes begins.
    let p12: Vec<u8> = [0x30, 0x82, 0x0a, 0x8e, 2, 1, 3, 0x30, 0x82, 0x0a, 0x58].into_iter().chain([0; 64]).collect();
    let text = BASE64_STANDARD.encode(&p12);
    for (part, refused) in [
        (PairPart::Certificate, refused(&p12, &key)),
        (PairPart::Certificate, refused(&p12, &p12)),
        (PairPart::Certificate, refused(&text, &key)),
        (PairPart::Certificate, refused(text.replace("AAAA", "AA\nAA\n"), &key)),
        (PairPart::Key, refused(&certificate, &p12)),
    ] {
        assert_eq!(refused, Pkcs12(part));
    }
    assert!(Pkcs12(PairPart::Key).to_string().contains("openssl pkcs12 -legacy -in apiclient_cert.p12"));
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    assert_eq!(refused(&der, &key), NotPem(PairPart::Certificate), "a certificate in DER is no .p12");
}

#[test]
fn nothing_of_a_key_is_ever_shown() {
    let (certificate, key) = issued();
    let pair = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(format!("{pair:?}"), format!("ClientCertificate({:?})", pair.fingerprint()));
    let secret = key.lines().nth(1).unwrap();
    for error in [Pkcs12(PairPart::Key), NotPem(PairPart::Key), Absent(PairPart::Key), Broken(PairPart::Key), Swapped, Encrypted, Mismatch]
    {
        assert!(!error.to_string().contains(secret));
    }
}
