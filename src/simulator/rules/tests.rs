//! Which merchant a request is believed to come from.

use super::super::merchants::SubMerchant;
use super::*;
use crate::channel::wechat::v2::{ApiKey, Signer};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const OTHER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

fn signer(key: &str) -> Signer {
    Signer::new(ApiKey::new(key).unwrap(), SignType::Md5)
}

fn merchants() -> [SimMerchant; 4] {
    let sub_merchant = |mch_id: &str, appid: Option<&str>| SubMerchant { mch_id: mch_id.to_owned(), appid: appid.map(str::to_owned) };
    [
        SimMerchant::new("wx0000000000000001", "1900000001", signer(OTHER_KEY)),
        // One merchant with two appids.
        SimMerchant::new("wx0000000000000002", "1900000002", signer(KEY)),
        SimMerchant::new("the-other-appid", "1900000002", signer(KEY)),
        SimMerchant::new("wx0000000000000009", "1900000009", signer(KEY))
            .with_sub_merchants([sub_merchant("1900000109", Some("wx0000000000000109")), sub_merchant("1900000110", None)]),
    ]
}

/// What the gateway says to a request with these fields, which all of `KEY` is signed with.
fn judged(api: Api, fields: &[(&str, &str)]) -> Result<Requester, Complaint> {
    let fields = signer(KEY).signed(fields.iter().copied().collect());
    check_requester(api, &fields, &merchants(), false)
}

#[test]
fn an_appid_and_a_merchant_number_that_fit_choose_the_key() {
    for (appid, mch_id, complaint) in [
        ("wx0000000000000002", "1900000002", None),
        ("the-other-appid", "1900000002", None),
        ("wx0000000000000001", "1900000001", Some("签名错误")),
        ("wx0000000000000001", "1900000002", Some("商户号mch_id与appid不匹配")),
        ("the-other-appid", "1900000001", Some("商户号mch_id与appid不匹配")),
        ("wxffffffffffffffff", "1900000002", Some("商户号mch_id与appid不匹配")),
        ("nothing", "1900000002", Some("AppID不存在，请检查后再试")),
        ("wx0000000000000002", "1900000003", Some("商户号mch_id或sub_mch_id不存在")),
        // A sub-merchant has no key of its own.
        ("wx0000000000000109", "1900000109", Some("商户号mch_id或sub_mch_id不存在")),
    ] {
        let judged = judged(Api::OrderQuery, &[("appid", appid), ("mch_id", mch_id)]);
        assert_eq!(judged.as_ref().err().map(String::as_str), complaint, "{appid} {mch_id}");
        if let Ok(requester) = judged {
            assert_eq!((requester.appid.as_str(), requester.mch_id.as_str()), (appid, mch_id));
        }
    }
}

#[test]
fn a_provider_asks_for_one_of_its_own_sub_merchants() {
    let provider = [("appid", "wx0000000000000009"), ("mch_id", "1900000009")];
    let direct = [("appid", "wx0000000000000002"), ("mch_id", "1900000002")];
    for (merchant, sub_mch_id, sub_appid, complaint) in [
        (provider, "1900000109", "", None),
        (provider, "1900000109", "wx0000000000000109", None),
        (provider, "1900000110", "", None),
        (provider, "", "", Some("受理机构必须传入sub_mch_id")),
        (provider, "", "wx0000000000000109", Some("受理机构必须传入sub_mch_id")),
        (provider, "1900000111", "", Some("商户号mch_id或sub_mch_id不存在")),
        (provider, "1900000002", "", Some("商户号mch_id或sub_mch_id不存在")),
        (provider, "1900000110", "wx0000000000000109", Some("sub_mch_id与sub_appid不匹配")),
        (direct, "", "", None),
        (direct, "1900000109", "", Some("商户号mch_id或sub_mch_id不存在")),
        (direct, "", "wx0000000000000109", Some("sub_mch_id与sub_appid不匹配")),
    ] {
        let [appid, mch_id] = merchant;
        let judged = judged(Api::UnifiedOrder, &[appid, mch_id, ("sub_mch_id", sub_mch_id), ("sub_appid", sub_appid)]);
        let case = format!("{mch_id:?} {sub_mch_id} {sub_appid}");
        assert_eq!(judged.as_ref().err().map(String::as_str), complaint, "{case}");
        if let Ok(requester) = judged {
            let told = [requester.sub_mch_id, requester.sub_appid].map(Option::unwrap_or_default);
            assert_eq!(told, [sub_mch_id, sub_appid], "{case}");
        }
    }
}

#[test]
fn the_key_of_the_sandbox_is_the_merchant_s_own() {
    // A provider asks without a sub-merchant; the request is signed with the production key.
    let provider = judged(Api::GetSignKey, &[("mch_id", "1900000009")]).unwrap();
    assert_eq!((provider.appid.as_str(), provider.sub_mch_id), ("wx0000000000000009", None));
    assert_eq!(judged(Api::GetSignKey, &[("mch_id", "1900000001")]).unwrap_err(), "签名错误");
    let [first, second, second_again, provider] = merchants();
    assert_eq!(second.sandbox_key, second_again.sandbox_key);
    assert_ne!(first.sandbox_key, provider.sandbox_key);
}
