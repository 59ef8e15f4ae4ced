-- Several ways to pay one purchase; the comments are in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN trade_type TEXT NULL;
ALTER TABLE deal ADD COLUMN mweb_url TEXT NULL;
ALTER TABLE deal ADD COLUMN prepay_id TEXT NULL;
ALTER TABLE deal ADD COLUMN checkout_id TEXT NULL;
CREATE UNIQUE INDEX deal_checkout_way ON deal (checkout_id, trade_type);
CREATE TABLE IF NOT EXISTS checkout (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  checkout_id TEXT NOT NULL,
  account TEXT NULL,
  account_named INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  product_id INTEGER NOT NULL,
  total_fee INTEGER NOT NULL,
  description TEXT NULL,
  reference TEXT NULL,
  return_url TEXT NULL,
  cancel_url TEXT NULL,
  idempotency_key TEXT NULL,
  signed_nonce TEXT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  paid_by TEXT NULL,
  given_up_at TEXT NULL,
  attempts INTEGER NOT NULL
);
CREATE UNIQUE INDEX checkout_checkout_id ON checkout (checkout_id);
CREATE UNIQUE INDEX checkout_idempotency_key ON checkout (merchant_id, idempotency_key);
CREATE UNIQUE INDEX checkout_signed_nonce ON checkout (merchant_id, signed_nonce);
