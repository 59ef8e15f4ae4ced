-- What this service adds; the comments are in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN order_key TEXT NULL;
ALTER TABLE deal ADD COLUMN total_fee INTEGER NULL;
ALTER TABLE deal ADD COLUMN idempotency_key TEXT NULL;
ALTER TABLE deal ADD COLUMN expires_at TEXT NULL;
ALTER TABLE deal ADD COLUMN prepay_request TEXT NULL;
ALTER TABLE deal ADD COLUMN asking_until TEXT NULL;
ALTER TABLE deal ADD COLUMN code_url TEXT NULL;
ALTER TABLE deal ADD COLUMN refusal TEXT NULL;

ALTER TABLE deal ADD COLUMN due_at TEXT NULL;

CREATE INDEX deal_order_id ON deal (order_id);
CREATE INDEX deal_due_at ON deal (due_at);
CREATE UNIQUE INDEX deal_order_key ON deal (order_key);
CREATE UNIQUE INDEX deal_idempotency_key ON deal (merchant_id, idempotency_key);

CREATE TABLE IF NOT EXISTS deal_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    detail TEXT NULL,
    evidence TEXT NULL,
    instance TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX deal_event_order_id ON deal_event (order_id, id);
