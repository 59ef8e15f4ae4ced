-- What this service adds. One column a statement, so that each can be repeated after a crash in the middle;
-- all nullable, so that the original may still insert while both run.

-- The order id again, for the row of record only: the original repeated numbers, and those rows stay.
ALTER TABLE deal ADD COLUMN order_key varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL;
-- What is charged, in fen. NULL in rows of the original: there the doubles say it.
ALTER TABLE deal ADD COLUMN total_fee bigint NULL;
ALTER TABLE deal ADD COLUMN idempotency_key varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL;
ALTER TABLE deal ADD COLUMN expires_at datetime NULL;
-- The exact unifiedorder request, for a repeat must be identical.
ALTER TABLE deal ADD COLUMN prepay_request text CHARACTER SET utf8mb4 NULL;
-- While this is in the future, somebody is asking WeChat for the link and nobody else may. Later: when the last answer came.
ALTER TABLE deal ADD COLUMN asking_until datetime NULL;
ALTER TABLE deal ADD COLUMN code_url varchar(256) CHARACTER SET ascii COLLATE ascii_bin NULL;
-- Why WeChat refused to give a link, when it last did.
ALTER TABLE deal ADD COLUMN refusal varchar(255) CHARACTER SET utf8mb4 NULL;

CREATE INDEX deal_order_id ON deal (order_id);
CREATE UNIQUE INDEX deal_order_key ON deal (order_key);
CREATE UNIQUE INDEX deal_idempotency_key ON deal (merchant_id, idempotency_key);
