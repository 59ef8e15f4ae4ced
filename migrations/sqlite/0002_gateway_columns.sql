-- What this service adds; the comments are in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN order_key TEXT NULL;
ALTER TABLE deal ADD COLUMN total_fee INTEGER NULL;
ALTER TABLE deal ADD COLUMN idempotency_key TEXT NULL;
ALTER TABLE deal ADD COLUMN expires_at TEXT NULL;
ALTER TABLE deal ADD COLUMN prepay_request TEXT NULL;
ALTER TABLE deal ADD COLUMN asking_until TEXT NULL;
ALTER TABLE deal ADD COLUMN code_url TEXT NULL;
ALTER TABLE deal ADD COLUMN refusal TEXT NULL;

CREATE INDEX deal_order_id ON deal (order_id);
CREATE UNIQUE INDEX deal_order_key ON deal (order_key);
CREATE UNIQUE INDEX deal_idempotency_key ON deal (merchant_id, idempotency_key);
