//! What a deal keeps of its refunds: raised when an amount is reserved or booked, lowered when it is free again.

use sqlx::Error;

use crate::deal::{Fen, OrderId, RefundState, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;

/// One refund more, of so much: one value.
pub const RAISE: &str = "refunded_fee = COALESCE(refunded_fee, 0) + ?, refund_count = COALESCE(refund_count, 0) + 1";

/// What becomes of a deal's totals when a refund of it moves between these states. A deal that another program has deleted has none,
/// and its refund moves all the same.
pub async fn follow(order_id: &OrderId, fee: Fen, [before, after]: [RefundState; 2], now: Timestamp, conn: &mut Conn) -> Result<(), Error> {
    // WeChat counts what it has closed among the fifty, and not what it has refused.
    const CLOSED: &str = "UPDATE deal SET refunded_fee = CASE WHEN refunded_fee > ? THEN refunded_fee - ? ELSE 0 END, \
                          create_at = create_at, update_at = update_at WHERE order_key = ?";
    // What WeChat has refused others may have given back before, unheard of here: it is asked which refunds there are.
    const FAILED: &str = "UPDATE deal SET refunded_fee = CASE WHEN refunded_fee > ? THEN refunded_fee - ? ELSE 0 END, \
                          refund_count = CASE WHEN refund_count > 0 THEN refund_count - 1 ELSE 0 END, \
                          refunds_due_at = COALESCE(refunds_due_at, ?), \
                          create_at = create_at, update_at = update_at WHERE order_key = ?";
    const AGAIN: &str = "UPDATE deal SET refunded_fee = COALESCE(refunded_fee, 0) + ?, refund_count = COALESCE(refund_count, 0) + 1, \
                         create_at = create_at, update_at = update_at WHERE order_key = ?";
    let (fee, order_id) = (fee.get(), order_id.as_str());
    match (before.holds_amount(), after.holds_amount()) {
        (true, false) if after == RefundState::Failed => {
            conn.change(FAILED, Values::of([fee.into(), fee.into(), column(now).into(), order_id.into()])).await?;
        }
        (true, false) => {
            conn.change(CLOSED, Values::of([fee.into(), fee.into(), order_id.into()])).await?;
        }
        (false, true) => {
            conn.change(AGAIN, Values::of([fee.into(), order_id.into()])).await?;
        }
        _ => {}
    }
    Ok(())
}
