-- Two changes on different nodes of a Galera cluster are in each other's way when they have the columns of a unique index in common,
-- unless all of these are NULL: of (merchant_id, NULL) that is each two of one seller. So what is unique is one column, which is NULL
-- as a whole. The server joins it, so that rows of the original and of the version before keep to it too; it is stored in its index alone.
ALTER TABLE deal ADD COLUMN seller_key varchar(85) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', idempotency_key)) VIRTUAL;
ALTER TABLE deal ADD COLUMN seller_nonce varchar(85) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', signed_nonce)) VIRTUAL;
ALTER TABLE deal ADD COLUMN checkout_key varchar(54) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (CONCAT(checkout_id, _ascii':', trade_type)) VIRTUAL;
CREATE UNIQUE INDEX deal_seller_key ON deal (seller_key);
CREATE UNIQUE INDEX deal_seller_nonce ON deal (seller_nonce);
CREATE UNIQUE INDEX deal_checkout_key ON deal (checkout_key);
-- Not before: at no moment are keys without an index that keeps them apart. By these rows are found, as before.
ALTER TABLE deal DROP INDEX deal_idempotency_key, ADD INDEX deal_idempotency_key (merchant_id, idempotency_key), DROP INDEX deal_signed_nonce, ADD INDEX deal_signed_nonce (merchant_id, signed_nonce), DROP INDEX deal_checkout_way, ADD INDEX deal_checkout_way (checkout_id, trade_type);
ALTER TABLE refund ADD COLUMN deal_key varchar(301) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (CONCAT(order_id, _ascii':', idempotency_key)) VIRTUAL;
CREATE UNIQUE INDEX refund_deal_key ON refund (deal_key);
ALTER TABLE refund DROP INDEX refund_idempotency_key, ADD INDEX refund_idempotency_key (order_id, idempotency_key);
ALTER TABLE checkout ADD COLUMN seller_key varchar(85) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', idempotency_key)) VIRTUAL;
ALTER TABLE checkout ADD COLUMN seller_nonce varchar(85) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', signed_nonce)) VIRTUAL;
CREATE UNIQUE INDEX checkout_seller_key ON checkout (seller_key);
CREATE UNIQUE INDEX checkout_seller_nonce ON checkout (seller_nonce);
ALTER TABLE checkout DROP INDEX checkout_idempotency_key, ADD INDEX checkout_idempotency_key (merchant_id, idempotency_key), DROP INDEX checkout_signed_nonce, ADD INDEX checkout_signed_nonce (merchant_id, signed_nonce);
