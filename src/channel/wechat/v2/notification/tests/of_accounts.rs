//! No message of one account is read as another's, even where two have one key.

use super::*;
use crate::channel::wechat::v2::testing::{KEY, provider};

const OTHER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

/// Accounts that differ in one thing or more.
fn any_account() -> impl Strategy<Value = Merchant> {
    let texts = |of: &[&str]| proptest::sample::select(of.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    let appid = texts(&["wxd930ea5d5a258f4f", "wx2421b1c4370ec43b"]);
    let mch_id = texts(&["10000100", "10000101"]);
    let sub_mch_id = proptest::option::of(texts(&["1900000109", "1900000110"]));
    let (sub_appid, key) = (proptest::option::of(texts(&["wx0000000000000109"])), texts(&[KEY, OTHER_KEY]));
    let sign_type = proptest::sample::select(BOTH.to_vec());
    (appid, mch_id, sub_mch_id, sub_appid, key, sign_type).prop_map(|(appid, mch_id, sub_mch_id, sub_appid, key, sign_type)| {
        let account = format!("a-{appid}-{mch_id}").parse().unwrap();
        let (sub_appid, signer) = (sub_appid.filter(|_| sub_mch_id.is_some()), Signer::new(ApiKey::new(&key).unwrap(), sign_type));
        Merchant { account, appid, mch_id, sub_mch_id, sub_appid, signer, ..merchant(sign_type) }
    })
}

/// What WeChat posts to this account.
fn post(account: &Merchant) -> Vec<u8> {
    let ids = [
        ("appid", Some(&account.appid)),
        ("mch_id", Some(&account.mch_id)),
        ("sub_mch_id", account.sub_mch_id.as_ref()),
        ("sub_appid", account.sub_appid.as_ref()),
    ];
    let named = ids.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    message(&account.signer, &named.fold(paid_lines(), |lines, (name, value)| with(&lines, name, value)))
}

proptest! {
    #[test]
    fn a_payment_is_proved_to_the_account_that_it_names_and_to_no_other(one in any_account(), other in any_account()) {
        let body = post(&one);
        let Ok(News::Paid(paid)) = read(&one, &body) else { panic!("its own") };
        prop_assert_eq!(paid.account(), &one.account);
        prop_assert_eq!(UnverifiedNotice::parse(&body).unwrap().addressee(), one.addressee());
        let is_same = one.addressee() == other.addressee() && one.signer.uses_key(KEY) == other.signer.uses_key(KEY);
        match other.read_notification(&UnverifiedNotice::parse(&body).unwrap()) {
            Err(NoticeError::Signature(_)) => prop_assert!(one.signer.uses_key(KEY) != other.signer.uses_key(KEY)),
            Err(NoticeError::Foreign("sub_appid")) => prop_assert!(is_same && one.sub_appid.is_some() != other.sub_appid.is_some()),
            Err(NoticeError::Foreign(_)) => prop_assert!(one.addressee() != other.addressee()),
            read => prop_assert!(is_same, "{:?}", read),
        }
    }
}

#[test]
fn a_provider_believes_notifications_about_its_sub_merchant_only() {
    let lines = paid_lines();
    let right = with(&lines, "sub_mch_id", "1900000109");
    for provider in BOTH.map(provider) {
        let read = |lines: &str| read(&provider, message(&provider.signer, lines));
        for lines in [&right, &with(&right, "sub_appid", "wx2421b1c4370ec43b"), &with(&right, "sub_openid", "oNAMED")] {
            let Ok(News::Paid(paid)) = read(lines) else { panic!("{lines}") };
            assert_eq!((paid.account().as_str(), facts(&paid)), ("shop2", expected_facts()));
        }
        for (lines, field) in [
            (&lines, "sub_mch_id"),
            (&with(&lines, "sub_mch_id", ""), "sub_mch_id"),
            (&with(&lines, "sub_mch_id", "10000100"), "sub_mch_id"),
            (&with(&lines, "sub_mch_id", "1900000110"), "sub_mch_id"),
            (&with(&right, "sub_appid", "wx0000000000000109"), "sub_appid"),
            (&with(&with(&right, "sub_mch_id", "1900000110"), "result_code", "FAIL"), "sub_mch_id"),
        ] {
            assert_eq!(read(lines).unwrap_err(), NoticeError::Foreign(field), "{lines}");
        }
    }
}

#[test]
fn a_direct_merchant_may_be_named_as_its_own_sub_merchant() {
    assert_eq!(facts(&paid(&with(&paid_lines(), "sub_mch_id", "10000100"))), expected_facts());
    assert_eq!(refused(&with(&paid_lines(), "sub_mch_id", "1900000109")), NoticeError::Foreign("sub_mch_id"));
}
