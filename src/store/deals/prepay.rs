//! Asking WeChat for a deal's link: a lease on the right to ask, and what came of it.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::OpenedOrder;
use crate::deal::{OrderId, Ticket, Timestamp};
use crate::store::columns::{change_with_messages, column, short, text_in};
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::Texts;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

/// Whether WeChat has never given what a deal is paid with.
pub const HAS_NO_TICKET: &str = "COALESCE(code_url, mweb_url, prepay_id) IS NULL";

/// How the asking for what a deal is paid with ended, to be written down.
#[derive(Debug, Clone)]
pub enum PrepayNote {
    /// WeChat gave it.
    Link(OpenedOrder),
    /// WeChat said no; its words.
    Refused(String),
    /// It is not known. Every later caller must send the identical request.
    Unknown,
}

impl Store {
    /// Takes the right to ask WeChat for this deal's link until `until`; `false` when another caller has it,
    /// there is a good link by now or the deal is decided.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn claim_prepay(&self, order_id: &OrderId, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.engine().change(ClaimPrepay { order_id: order_id.clone(), now, until }).await? == 1)
    }

    /// Writes down how the asking ended, and gives the right to ask back (`asking_until` becomes the time of the answer).
    /// `false`: the right that was held until `until` is another caller's by now, or the deal is decided.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn note_prepay(&self, order_id: &OrderId, note: PrepayNote, until: Timestamp, event: Event) -> Result<bool, StoreError> {
        let (order_id, now) = (order_id.clone(), event.at);
        let noted = match note {
            PrepayNote::Link(opened) => self.change_and_tell(NoteLink { order_id, opened, until, now }, event).await?,
            PrepayNote::Refused(why) => self.change_and_tell(NoteNoLink { order_id, refusal: Some(why), until, now }, event).await?,
            PrepayNote::Unknown => self.change_and_tell(NoteNoLink { order_id, refusal: None, until, now }, event).await?,
        };
        Ok(noted == 1)
    }
}

struct ClaimPrepay {
    order_id: OrderId,
    now: Timestamp,
    until: Timestamp,
}

impl Change for ClaimPrepay {
    const NAME: &'static str = "claim prepay";

    fn key(&self) -> Option<&str> {
        Some(self.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            // When the last answer came, `asking_until` says; from now on it does not, so a link that it was the age of goes. An empty one
            // stays in its place: WeChat knows the order.
            format!(
                "UPDATE deal SET asking_until = ?, mweb_url = CASE WHEN mweb_url IS NULL THEN NULL ELSE '' END, create_at = create_at, \
                 update_at = update_at WHERE order_key = ? AND COALESCE(status, 0) = 0 AND prepay_request IS NOT NULL \
                 AND ({HAS_NO_TICKET} OR mweb_url = '' OR (mweb_url IS NOT NULL AND asking_until <= ?)) \
                 AND (asking_until IS NULL OR asking_until <= ?)"
            )
        });
        let change = conn.change_each(&UPDATE, rows, |row| {
            let lapsed = column(Ticket::h5_lapsed_before(row.now));
            Values::of([column(row.until).into(), row.order_id.as_str().into(), lapsed.into(), column(row.now).into()])
        });
        change.await
    }
}

/// By the caller that has the right to ask until `until`: of two that ask, the answer of the one that took the right later
/// counts. Nothing is noted of a deal that was decided meanwhile.
struct NoteLink {
    order_id: OrderId,
    opened: OpenedOrder,
    until: Timestamp,
    now: Timestamp,
}

impl NoteLink {
    fn order_id(&self) -> &str {
        self.order_id.as_str()
    }
}

pub static NOTE_LINK: Texts = Texts::new(|rows| {
    let (deal, each, are) = (rows.table("deal", "deal_order_key"), rows.each("order_key"), rows.are("order_key"));
    format!(
        "UPDATE {deal} SET code_url = {each}, mweb_url = {each}, prepay_id = {each}, prepayBack = {each}, refusal = NULL, \
         asking_until = {each}, create_at = create_at, update_at = update_at WHERE {are} AND asking_until = {each} AND COALESCE(status, 0) = 0"
    )
});

impl Change for NoteLink {
    const NAME: &'static str = "note link";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.order_id.as_str())
    }

    fn may_travel(&self) -> bool {
        true
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let sql = NOTE_LINK.of(rows.len(), conn);
        let values = |charset| {
            let mut values = Values::default();
            for column in 0..3 {
                values.each(rows, Self::order_id, |row| row.opened.ticket.columns().get(column).copied().flatten());
            }
            values.each(rows, Self::order_id, |row| text_in(&row.opened.evidence, charset));
            values.each(rows, Self::order_id, |row| column(row.now));
            values.keys(rows, Self::order_id);
            values.each(rows, Self::order_id, |row| column(row.until));
            values
        };
        change_with_messages(conn, rows.len(), sql, values).await
    }
}

/// The same when no link came: WeChat's words, if it refused.
struct NoteNoLink {
    order_id: OrderId,
    refusal: Option<String>,
    until: Timestamp,
    now: Timestamp,
}

impl Change for NoteNoLink {
    const NAME: &'static str = "note no link";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE deal SET refusal = ?, asking_until = ?, create_at = create_at, update_at = update_at \
                              WHERE order_key = ? AND asking_until = ? AND COALESCE(status, 0) = 0";
        let change = conn.change_each(UPDATE, rows, |row| {
            let refusal = row.refusal.as_deref().map(short);
            Values::of([refusal.into(), column(row.now).into(), row.order_id.as_str().into(), column(row.until).into()])
        });
        change.await
    }
}
