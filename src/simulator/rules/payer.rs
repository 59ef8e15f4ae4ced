//! Whether an order's payer may be one of the appid's: an openid is of one appid alone.

use crate::channel::wechat::v2::Fields;

use super::super::merchants::SimMerchant;
use super::super::payers::Payer;
use super::Complaint;

/// Refuses an openid that was given out for another appid. Those that this WeChat never gave out are believed: tests invent them.
pub fn check(fields: &Fields, merchants: &[SimMerchant]) -> Result<(), Complaint> {
    for (openid, appid) in [("openid", "appid"), ("sub_openid", "sub_appid")] {
        let (Some(openid), Some(appid)) = (fields.get(openid), fields.get(appid)) else { continue };
        let mut others = merchants.iter().flat_map(SimMerchant::appids).filter(|other| *other != appid);
        if !Payer::knows(openid, appid) && others.any(|other| Payer::knows(openid, other)) {
            return Err("appid与openid不匹配".to_owned());
        }
    }
    Ok(())
}
