-- The events that the merchant's back ends are told; the comments are in the MySQL file of the same name.
CREATE TABLE IF NOT EXISTS outbox (
  position INTEGER NOT NULL PRIMARY KEY,
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  order_id TEXT NULL,
  merchant_id INTEGER NULL,
  account TEXT NULL,
  data TEXT NOT NULL,
  at TEXT NOT NULL
);
CREATE UNIQUE INDEX outbox_event_id ON outbox (event_id);
CREATE INDEX outbox_order_id ON outbox (order_id);
CREATE INDEX outbox_at ON outbox (at);
CREATE TABLE IF NOT EXISTS webhook_delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint TEXT NOT NULL,
  position INTEGER NOT NULL,
  order_id TEXT NULL,
  tries INTEGER NOT NULL,
  due_at TEXT NULL,
  created_at TEXT NOT NULL,
  tried_at TEXT NULL,
  delivered_at TEXT NULL,
  given_up_at TEXT NULL,
  status INTEGER NULL,
  answer TEXT NULL
);
CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (endpoint, position);
CREATE INDEX webhook_delivery_due_at ON webhook_delivery (endpoint, due_at);
CREATE INDEX webhook_delivery_order_id ON webhook_delivery (endpoint, order_id, tries, position);
CREATE INDEX webhook_delivery_position ON webhook_delivery (position);
CREATE INDEX webhook_delivery_given_up_at ON webhook_delivery (endpoint, given_up_at);
CREATE TABLE IF NOT EXISTS webhook_pause (
  endpoint TEXT NOT NULL PRIMARY KEY,
  paused_at TEXT NOT NULL
);
