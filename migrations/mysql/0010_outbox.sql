-- The events that the merchant's back ends are told, and their deliveries.
CREATE TABLE IF NOT EXISTS outbox (
  -- One more than the highest that is committed, so a lower one is never committed later; the last row is never pruned.
  position bigint NOT NULL PRIMARY KEY,
  event_id varchar(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- NULL: it is about no order.
  order_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Whose the order is, and through which account it goes; NULL: an order that is not known here (or the account `default`).
  merchant_id bigint NULL,
  account varchar(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- What is told, JSON, as it was when the event came into the outbox.
  data mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- When what it tells of happened.
  at datetime NOT NULL,
  UNIQUE KEY outbox_event_id (event_id),
  KEY outbox_order_id (order_id),
  KEY outbox_at (at)
) ENGINE=InnoDB;
-- An event on its way to one endpoint.
CREATE TABLE IF NOT EXISTS webhook_delivery (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  endpoint varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  position bigint NOT NULL,
  -- A later event of one order waits for an earlier one's first try; NULL: it is about none, and waits for none.
  order_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Tries that have ended.
  tries int NOT NULL,
  -- When it is next tried, or its lease is over; NULL: it is delivered, or given up.
  due_at datetime NULL,
  created_at datetime NOT NULL,
  tried_at datetime NULL,
  delivered_at datetime NULL,
  given_up_at datetime NULL,
  -- What came of the last try: an HTTP status and the first KiB of a refusal, or why there was no answer.
  status int NULL,
  answer text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  UNIQUE KEY webhook_delivery_event (endpoint, position),
  KEY webhook_delivery_due_at (endpoint, due_at),
  KEY webhook_delivery_order_id (endpoint, order_id, tries, position),
  KEY webhook_delivery_position (position),
  KEY webhook_delivery_given_up_at (endpoint, given_up_at)
) ENGINE=InnoDB;
-- An endpoint that has said 410 Gone is paused.
CREATE TABLE IF NOT EXISTS webhook_pause (
  endpoint varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  paused_at datetime NOT NULL
) ENGINE=InnoDB;
