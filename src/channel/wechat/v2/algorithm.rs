//! Change of the signature algorithm: each order keeps its own. WeChat signs its notification, and the answer to its request, as the request was signed
//! (PROTOCOL.md, 2.2). So when the configured one is changed, the orders of before go on with theirs.
//!
//! Which one that is, the stored request says and never a message: a forger's message would choose the weaker one.

use std::borrow::Cow;

use crate::channel::error::SignatureError;
use crate::channel::notice::{News, Unconfirmed};

use super::merchant::Merchant;
use super::sign::SignType;
use super::xml;

/// The news, if the order's stored request is of the algorithm that signed it. There is no request of an order that the original
/// opened, which knew MD5 only.
pub(in crate::channel) fn confirm(unconfirmed: Unconfirmed, request: Option<&str>) -> Result<News, SignatureError> {
    let own = request.map_or(Some(SignType::Md5), SignType::of_request);
    if own.is_some_and(|own| own.as_str() == unconfirmed.algorithm) { Ok(unconfirmed.news) } else { Err(SignatureError::Wrong) }
}

impl SignType {
    /// The algorithm of a request of ours: what its field says, and MD5 where there is none.
    pub(super) fn of_request(request: &str) -> Option<Self> {
        let fields = xml::parse(request.as_bytes()).ok()?;
        fields.get("sign_type").map_or(Some(Self::Md5), |word| Self::ALL.into_iter().find(|known| known.as_str() == word))
    }
}

impl Merchant {
    /// The same merchant, signing and verifying by this algorithm.
    pub(super) fn by(&self, sign_type: SignType) -> Cow<'_, Self> {
        if self.signer.sign_type() == sign_type {
            return Cow::Borrowed(self);
        }
        let previous_key = self.previous_key.as_ref().map(|previous| previous.by(sign_type));
        Cow::Owned(Self { signer: self.signer.with(sign_type), previous_key, ..self.clone() })
    }

    /// The merchant with the algorithm of a stored request of ours, to send it and to read its answer.
    pub(in crate::channel) fn of_request(&self, request: &str) -> Cow<'_, Self> {
        SignType::of_request(request).map_or(Cow::Borrowed(self), |sign_type| self.by(sign_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::notice::Reading;
    use crate::channel::wechat::v2::notification::UnverifiedNotice;
    use crate::channel::wechat::v2::rotation::PreviousKey;
    use crate::channel::wechat::v2::sign::{ApiKey, Signer};
    use crate::channel::wechat::v2::testing::{BOTH, fields, merchant, message, signer, with};
    use crate::channel::wechat::v2::vectors::V5;

    fn request(sign_type: Option<&str>) -> String {
        let unsigned = fields("appid=wxd930ea5d5a258f4f\nout_trade_no=20150806125346");
        xml::write(&sign_type.into_iter().fold(unsigned, |fields, word| fields.with("sign_type", word)))
    }

    fn unconfirmed(configured: SignType) -> Unconfirmed {
        let body = message(&signer(configured.other()), &with(V5, "sign", "?"));
        match merchant(configured).read_notification(&UnverifiedNotice::parse(&body).unwrap()) {
            Ok(Reading::OtherAlgorithm(unconfirmed)) => unconfirmed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_other_algorithm_counts_for_an_order_that_was_sent_so() {
        let (md5, hmac) = (request(None), request(Some("HMAC-SHA256")));
        for (configured, own, another) in [(SignType::HmacSha256, &md5, &hmac), (SignType::Md5, &hmac, &md5)] {
            assert_eq!(unconfirmed(configured).order_id().as_str(), "20150806125346");
            assert!(matches!(confirm(unconfirmed(configured), Some(own)), Ok(News::Paid(_))));
            for request in [another.as_str(), "", "<xml>", &request(Some("SM3")), &request(Some("md5"))] {
                assert_eq!(confirm(unconfirmed(configured), Some(request)).unwrap_err(), SignatureError::Wrong, "{request}");
            }
        }
        assert!(confirm(unconfirmed(SignType::HmacSha256), None).is_ok(), "the original's orders are MD5's");
        assert!(confirm(unconfirmed(SignType::Md5), None).is_err());
        assert!(confirm(unconfirmed(SignType::HmacSha256), Some(&request(Some("MD5")))).is_ok(), "said so or not");
    }

    #[test]
    fn a_request_is_sent_and_answered_by_its_own_algorithm() {
        let old = ApiKey::new("8934e7d15453e97507ef794cf7b0519d").unwrap();
        for configured in BOTH {
            let merchant = Merchant { previous_key: Some(PreviousKey::new(old.clone(), &signer(configured))), ..merchant(configured) };
            let (md5, hmac) = (request(None), request(Some("HMAC-SHA256")));
            for (request, sign_type) in [(&md5, SignType::Md5), (&hmac, SignType::HmacSha256)] {
                let own = merchant.of_request(request);
                assert_eq!(matches!(own, Cow::Borrowed(_)), sign_type == configured);
                assert_eq!(own.verify(&signer(sign_type).signed(fields("a=1"))), Ok(()));
                assert_eq!(own.verify(&Signer::new(old.clone(), sign_type).signed(fields("a=1"))), Ok(()), "with either key");
                assert_eq!(own.verify(&signer(sign_type.other()).signed(fields("a=1"))), Err(SignatureError::Wrong));
                let of_the_old_key = xml::write(&Signer::new(old.clone(), sign_type).signed(xml::parse(request.as_bytes()).unwrap()));
                let anew = xml::parse(own.signed_anew(of_the_old_key).as_bytes()).unwrap();
                assert_eq!(signer(sign_type).verify(&anew), Ok(()), "the present key, the order's algorithm");
            }
        }
    }
}
