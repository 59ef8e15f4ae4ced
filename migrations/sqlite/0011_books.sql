-- Lists and sums of deals are read by ranges of these; the comments are in the MySQL file of the same name.
CREATE INDEX deal_create_at ON deal (create_at);
CREATE INDEX deal_seller_create_at ON deal (merchant_id, create_at);
CREATE INDEX deal_status_update_at ON deal (status, update_at);
CREATE INDEX deal_transaction_id ON deal (transaction_id);
CREATE INDEX refund_state_refunded_at ON refund (state, refunded_at);
