//! Key rotation: for a while, what WeChat signed with the previous key is believed too.
//! Messages that were under way at the change, and notifications that WeChat repeats for a day, would otherwise be
//! refused. What goes out is signed with the present key, and once more with the previous one when WeChat does not take that
//! yet: so neither the restart nor the change at WeChat has to wait for the other.

use prometheus_client::metrics::counter::Counter;
use tracing::info;

use crate::channel::error::SignatureError;

use super::fields::Fields;
use super::merchant::Merchant;
use super::sign::{ApiKey, SignType, Signer};
use super::xml;

/// The key that was in force before.
#[derive(Debug, Clone)]
pub struct PreviousKey {
    signer: Signer,
    matched: Counter,
}

impl PreviousKey {
    /// The previous key of a merchant, used with the algorithm that is in force.
    pub fn new(key: ApiKey, present: &Signer) -> Self {
        Self { signer: Signer::new(key, present.sign_type()), matched: Counter::default() }
    }

    /// The same key used with another algorithm, and counted with it.
    pub(super) fn by(&self, sign_type: SignType) -> Self {
        Self { signer: self.signer.with(sign_type), matched: self.matched.clone() }
    }

    /// Whether this is the key.
    pub fn uses_key(&self, key: &str) -> bool {
        self.signer.uses_key(key)
    }

    /// How many messages were believed because of it. When that stands still, it can be taken out of the configuration.
    pub fn matched(&self) -> u64 {
        self.matched.get()
    }

    /// What counts them.
    pub(super) fn matches(&self) -> Counter {
        self.matched.clone()
    }
}

impl Merchant {
    /// Checks WeChat's signature: with the present key, and then with the previous one.
    pub(super) fn verify(&self, fields: &Fields) -> Result<(), SignatureError> {
        match (self.signer.verify(fields), &self.previous_key) {
            (Err(SignatureError::Wrong), Some(previous)) => {
                previous.signer.verify(fields)?;
                previous.matched.inc();
                info!("WeChat signed with the previous API key");
                Ok(())
            }
            (verified, _) => verified,
        }
    }

    /// What the present key opens, or else the previous one.
    pub(super) fn by_either_key<T>(&self, open: impl Fn(&Signer) -> Option<T>) -> Option<T> {
        open(&self.signer).or_else(|| {
            let previous = self.previous_key.as_ref()?;
            let opened = open(&previous.signer)?;
            previous.matched.inc();
            info!("WeChat encrypted with the previous API key");
            Some(opened)
        })
    }

    /// A stored request as it may be sent now. One that the previous key signed is signed again: the same parameters, the
    /// same nonce, another `sign`, which WeChat does not compare on a repeat. What neither key has signed stays as it is:
    /// a stranger gets no signature of ours by writing into the table.
    pub(super) fn signed_anew(&self, request: String) -> String {
        let Some(previous) = &self.previous_key else { return request };
        let Ok(fields) = xml::parse(request.as_bytes()) else { return request };
        if self.signer.verify(&fields).is_ok() || previous.signer.verify(&fields).is_err() {
            return request;
        }
        signed_by(&self.signer, &fields)
    }

    /// A request of ours with the previous key's signature; none if there is no such key, or it is not ours.
    pub(super) fn signed_with_previous(&self, request: &str) -> Option<String> {
        let previous = self.previous_key.as_ref()?;
        let fields = xml::parse(request.as_bytes()).ok()?;
        self.signer.verify(&fields).ok()?;
        Some(signed_by(&previous.signer, &fields))
    }
}

fn signed_by(signer: &Signer, fields: &Fields) -> String {
    let unsigned: Fields = fields.iter().filter(|(name, _)| *name != "sign").collect();
    xml::write(&signer.signed(unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::wechat::v2::testing::{BOTH, fields, merchant};

    const OLD: &str = "8934e7d15453e97507ef794cf7b0519d";
    const STRANGE: &str = "fedcba9876543210fedcba9876543210";

    fn signer(key: &str, sign_type: SignType) -> Signer {
        Signer::new(ApiKey::new(key).unwrap(), sign_type)
    }

    fn changing(sign_type: SignType) -> Merchant {
        let merchant = merchant(sign_type);
        let previous_key = Some(PreviousKey::new(ApiKey::new(OLD).unwrap(), &merchant.signer));
        Merchant { previous_key, ..merchant }
    }

    #[test]
    fn both_keys_are_believed_and_the_previous_one_is_counted() {
        for sign_type in BOTH {
            let changing = changing(sign_type);
            let matched = || changing.previous_key.as_ref().unwrap().matched();
            assert_eq!((changing.verify(&changing.signer.signed(fields("a=1"))), matched()), (Ok(()), 0));
            assert_eq!((changing.verify(&signer(OLD, sign_type).signed(fields("a=1"))), matched()), (Ok(()), 1));
            assert_eq!(changing.verify(&signer(STRANGE, sign_type).signed(fields("a=1"))), Err(SignatureError::Wrong));
            assert_eq!(changing.verify(&fields("a=1")), Err(SignatureError::Missing));
            assert_eq!(matched(), 1);
            let other = BOTH.into_iter().find(|other| *other != sign_type).unwrap();
            assert_eq!(changing.verify(&signer(OLD, other).signed(fields("a=1"))), Err(SignatureError::Wrong), "one algorithm");
            assert_eq!(merchant(sign_type).verify(&signer(OLD, sign_type).signed(fields("a=1"))), Err(SignatureError::Wrong));
        }
    }

    #[test]
    fn only_a_request_of_the_previous_key_is_signed_anew() {
        for sign_type in BOTH {
            let (changing, lines) = (changing(sign_type), "appid=wx1\nnonce_str=5K8264\ntotal_fee=1990\nbody=a<b>]]>c");
            let sent = |signer: &Signer| xml::write(&signer.signed(fields(lines)));
            let (present, old) = (sent(&changing.signer), sent(&signer(OLD, sign_type)));
            assert_eq!(changing.signed_anew(present.clone()), present, "to the byte");
            assert_eq!(changing.signed_anew(old.clone()), present, "the same parameters in the same order");
            let tampered = old.replace("1990", "1");
            for strange in [tampered, sent(&signer(STRANGE, sign_type)), xml::write(&fields(lines)), "<xml>".to_owned()] {
                assert_eq!(changing.signed_anew(strange.clone()), strange);
            }
            assert_eq!(merchant(sign_type).signed_anew(old.clone()), old, "without a change nothing is touched");
            assert_eq!(changing.signed_with_previous(&present), Some(old.clone()), "and back");
            assert_eq!(changing.signed_with_previous(&sent(&signer(STRANGE, sign_type))), None);
            assert_eq!(merchant(sign_type).signed_with_previous(&present), None);
        }
    }
}
