//! An endpoint's secrets, and the signatures by them (HMAC-SHA256, Standard Webhooks' `v1`).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// A secret that an endpoint shares with this service. It is shown nowhere.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

/// The text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret is whsec_ and the Base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

impl FromStr for Secret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok()).ok_or(InvalidSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| InvalidSecret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The present secret, and the one before it while endpoints may still know no other.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The present one.
    pub present: Secret,
    /// The one before it.
    pub previous: Option<Secret>,
}

impl Secrets {
    /// The header `webhook-signature` of a message: a signature by each.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let sign = |Secret(key): &Secret| {
            let mut mac = key.clone();
            for part in [id, ".", &timestamp.to_string(), ".", body] {
                mac.update(part.as_bytes());
            }
            format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        };
        let signatures: Vec<_> = [Some(&self.present), self.previous.as_ref()].into_iter().flatten().map(sign).collect();
        signatures.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example, of its libraries' tests.
    #[test]
    fn the_specification_s_example_is_signed_as_it_says() {
        let present = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let secrets = Secrets { present, previous: None };
        let signature = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
