-- Lists and sums of deals are read by ranges of these, each with the row's number behind it. The newest come first.
CREATE INDEX deal_create_at ON deal (create_at);
CREATE INDEX deal_seller_create_at ON deal (merchant_id, create_at);
-- update_at is that of the payment in paid rows.
CREATE INDEX deal_status_update_at ON deal (status, update_at);
-- Of rows that other programs have marked as paid, too, which have no transaction_key.
CREATE INDEX deal_transaction_id ON deal (transaction_id);
CREATE INDEX refund_state_refunded_at ON refund (state, refunded_at);
