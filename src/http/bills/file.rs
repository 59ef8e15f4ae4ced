//! `GET /wxPay/bills/{date}/file`: the file of a bill as WeChat gave it, read part by part while the client takes it.
//!
//! As with a CSV of deals each part is a question of its own, and what cannot be read to its end is cut off in the middle of the
//! transfer, which a client sees by the length that it was told.

use std::sync::Arc;
use std::time::Duration;
use std::{io, mem};

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::stream;
use tokio::time::sleep;

use crate::auth::Scope;
use crate::deal::{AccountId, Reach};
use crate::gateway::{BillFile, GatewayError};
use crate::http::App;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::shares;

use super::unpacking::Unpacking;
use super::{account, caller, day_of};

/// While the database is busy or away, a part is asked for so often, with pauses between.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);

/// By what the file can be told from another one.
const SHA256: HeaderName = HeaderName::from_static("x-sha256");
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // nginx would keep it in its buffer.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// What is left of a file.
struct Rest {
    app: Arc<App>,
    file: i64,
    next: u32,
    parts: u32,
    /// Of the part that was read last.
    at_hand: Bytes,
    /// Of one that came as plain text, and is kept packed.
    unpacking: Option<Unpacking>,
    _place: shares::Place,
}

pub async fn file(
    State(app): State<Arc<App>>,
    date: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Refusal> {
    let caller = caller(&app, &headers, Scope::Read)?;
    let params = query.of(&["account"])?;
    let day = day_of(date)?;
    let account = account(&params)?.unwrap_or_else(|| only_account(caller.reach()));
    let place = app.shares.export(caller.name()).ok_or_else(Refusal::unavailable)?;
    let BillFile { id, received, parts, sha256, packed_here, .. } = app.gateway.bill_file(&account, day, caller.reach()).await?;
    let (kind, ending) = if packed_here { ("text/csv; charset=utf-8", "csv") } else { ("application/gzip", "csv.gz") };
    let told = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"bill-{account}-{day}.{ending}\"")),
        (header::CONTENT_LENGTH, received.to_string()),
        (SHA256, sha256),
    ];
    let unpacking = packed_here.then(Unpacking::default);
    let mut rest = Rest { app, file: id, next: 0, parts, at_hand: Bytes::new(), unpacking, _place: place };
    // What goes wrong before the first byte is answered as for any call.
    rest.read_on().await?;
    let pieces = stream::try_unfold(rest, |mut rest| async move { Ok::<_, io::Error>(rest.piece().await?.map(|piece| (piece, rest))) });
    Ok((HEADERS, AppendHeaders(told), Body::from_stream(pieces)).into_response())
}

/// Whose file is meant where none is named: a key that sees one account means that one.
fn only_account(reach: &Reach) -> AccountId {
    match reach.accounts.as_deref() {
        Some([only]) => only.clone(),
        _ => AccountId::default(),
    }
}

impl Rest {
    /// The next bytes for the client; `None`: it has them all.
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let piece = match &mut self.unpacking {
                Some(unpacking) => unpacking.piece(&mut self.at_hand)?,
                None => Some(mem::take(&mut self.at_hand)).filter(|piece| !piece.is_empty()),
            };
            if piece.is_some() || !self.read_on().await.map_err(io::Error::other)? {
                return Ok(piece);
            }
        }
    }

    /// Reads the next part, if there is one.
    async fn read_on(&mut self) -> Result<bool, GatewayError> {
        if self.next == self.parts {
            return Ok(false);
        }
        let mut tries = 1;
        self.at_hand = loop {
            match self.app.gateway.bill_part(self.file, self.next).await {
                Err(GatewayError::Store(error)) if error.is_unavailability() && tries < TRIES && !self.app.stopping.is_cancelled() => {
                    tries += 1;
                    sleep(PAUSE).await;
                }
                part => break part?.into(),
            }
        };
        self.next += 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_sees_one_account_means_that_one() {
        let meant = |accounts: Option<&[&str]>| {
            let accounts = accounts.map(|names| names.iter().map(|name| name.parse().unwrap()).collect());
            only_account(&Reach { accounts, sellers: None }).to_string()
        };
        assert_eq!(meant(Some(&["shop2"][..])), "shop2");
        assert_eq!([None, Some(&["shop2", "shop3"][..]), Some(&[][..])].map(meant), ["default"; 3]);
    }
}
