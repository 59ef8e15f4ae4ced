-- Money that goes back; the comments are in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN refunded_fee INTEGER NULL;
ALTER TABLE deal ADD COLUMN refund_count INTEGER NULL;
ALTER TABLE deal ADD COLUMN refund_last_at TEXT NULL;
ALTER TABLE deal ADD COLUMN refunds_due_at TEXT NULL;
CREATE INDEX deal_refunds_due_at ON deal (refunds_due_at);
CREATE TABLE IF NOT EXISTS refund (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  refund_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  account TEXT NULL,
  transaction_id TEXT NULL,
  refund_fee INTEGER NOT NULL,
  asked_fee INTEGER NULL,
  of_second_payment INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NULL,
  source TEXT NOT NULL,
  detail TEXT NULL,
  refused_certificate TEXT NULL,
  wechat_refund_id TEXT NULL,
  receiver TEXT NULL,
  idempotency_key TEXT NULL,
  request TEXT NULL,
  evidence TEXT NULL,
  created_at TEXT NOT NULL,
  sent_at TEXT NULL,
  accepted_at TEXT NULL,
  refunded_at TEXT NULL,
  due_at TEXT NULL
);
CREATE UNIQUE INDEX refund_refund_id ON refund (refund_id);
CREATE UNIQUE INDEX refund_idempotency_key ON refund (order_id, idempotency_key);
CREATE INDEX refund_due_at ON refund (due_at);
CREATE INDEX refund_state ON refund (state, created_at);
CREATE INDEX refund_refused_certificate ON refund (refused_certificate);
