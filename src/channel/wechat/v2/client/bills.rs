//! The calls that bring bills. Their answers are read while they come, for minutes, so they have a file and places of their own.

use tracing::{Instrument, info, info_span, warn};

use crate::channel::Refunding;
use crate::channel::error::Ground;
use crate::channel::outcome::CertificateFault;
use crate::channel::wechat::v2::bill::BillError;
use crate::channel::wechat::v2::calls::{DOWNLOAD_BILL, DOWNLOAD_FUND_FLOW};
use crate::channel::wechat::v2::download::{Begun, Download, PATIENCE, Told};
use crate::deal::{BillKind, Day};

use super::Client;

impl Client {
    /// `downloadbill` or `downloadfundflow`.
    pub(in crate::channel) async fn download(&self, kind: BillKind, day: Day) -> Result<Download, BillError> {
        let call = match kind {
            BillKind::Trade => DOWNLOAD_BILL,
            BillKind::FundFlow => DOWNLOAD_FUND_FLOW,
        };
        // As with `refund`.
        if call.wants_certificate && self.refunding() == Refunding::Impossible {
            return Err(BillError::Certificate(CertificateFault::Missing));
        }
        let place = self.place_for_bill(call).await?;
        async {
            let mut request = match kind {
                BillKind::Trade => self.merchant.bill_request(day, &self.chance),
                BillKind::FundFlow => self.merchant.fund_flow_request(day, &self.chance),
            };
            let mut other_key = true;
            loop {
                let told = Told::now(self.transport.clock(), &self.metrics, call);
                let begun = match self.transport.open(call, &self.identity, request.clone(), PATIENCE).await {
                    Ok(answer) => Begun::of(answer, call.largest_reply).await,
                    Err(error) => Err(error.into()),
                };
                let failure = match begun {
                    Ok(begun) => {
                        info!(has_digest = begun.has_digest(), is_packed = begun.is_packed(), "WeChat sends the bill");
                        return Ok(Download::new(begun, told, place));
                    }
                    Err(failure) => failure,
                };
                told.failed(&failure);
                if let BillError::Refused(refusal) = &failure
                    && refusal.ground == Ground::OurSignature
                    && std::mem::take(&mut other_key)
                    && let Some(resigned) = self.merchant.of_request(&request).signed_with_previous(&request)
                {
                    info!("WeChat does not take the API key yet; asking with the previous one");
                    request = resigned;
                    continue;
                }
                warn!(error = %failure, "WeChat did not send the bill");
                return Err(failure);
            }
        }
        .instrument(info_span!("wechat", api = call.name, %day, account = self.merchant.account.column()))
        .await
    }
}
