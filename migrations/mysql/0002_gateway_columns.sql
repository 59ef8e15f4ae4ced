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

-- When an undecided deal is looked at next; NULL once it is decided, so the index holds the undecided ones only.
-- Whoever looks moves it 20 s ahead first: that is the lease.
ALTER TABLE deal ADD COLUMN due_at datetime NULL;

CREATE INDEX deal_order_id ON deal (order_id);
CREATE INDEX deal_due_at ON deal (due_at);
CREATE UNIQUE INDEX deal_order_key ON deal (order_key);
CREATE UNIQUE INDEX deal_idempotency_key ON deal (merchant_id, idempotency_key);

-- What happened to deals, and why. Append-only: an event is stored with the change that it tells of.
CREATE TABLE IF NOT EXISTS deal_event (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind varchar(20) CHARACTER SET ascii NOT NULL,
    source varchar(20) CHARACTER SET ascii NOT NULL,
    detail varchar(255) NULL,
    evidence text NULL COMMENT 'verified XML as received; names the payer',
    instance varchar(32) CHARACTER SET ascii NOT NULL,
    at datetime NOT NULL COMMENT 'Beijing time',
    INDEX deal_event_order_id (order_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
