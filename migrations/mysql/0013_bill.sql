-- WeChat's bills: one row for each account's day, from the day on which it can be had.
CREATE TABLE IF NOT EXISTS bill (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  -- `default` is written out, for NULL is equal to nothing.
  account varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- 2026-11-25, in Beijing.
  day char(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- When it is next asked for, or its lease is over; NULL: it is not any more.
  due_at datetime NULL,
  -- compared, no_trades, missing; NULL: it was not asked for yet.
  outcome varchar(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- The files that are kept of it, each whole.
  file_id bigint NULL,
  fund_flow_id bigint NULL,
  -- What its lines come to, in fen; WeChat's fee in 1/100000 yuan.
  payments bigint NOT NULL,
  paid_fee bigint NOT NULL,
  refunds bigint NOT NULL,
  refunded_fee bigint NOT NULL,
  fee bigint NOT NULL,
  -- All that were found, and how many of them are not listed.
  differences bigint NOT NULL,
  unlisted bigint NOT NULL,
  -- Why it is missing, in words that may be shown.
  detail varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- When the books were last held against it, or it was last asked for.
  at datetime NULL,
  -- 1 until what came of it stands in the outbox.
  untold tinyint(1) NULL,
  UNIQUE KEY bill_day (account, day),
  KEY bill_due_at (due_at),
  KEY bill_day_only (day),
  KEY bill_untold (untold)
) ENGINE=InnoDB;
-- A file as it was received, in parts, so that no statement carries all of it.
CREATE TABLE IF NOT EXISTS bill_file (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  bill_id bigint NOT NULL,
  -- trade, fund_flow.
  kind varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Bytes as they were received.
  received bigint NOT NULL,
  -- How many there are; NULL: it is not whole, or another one has taken its place, so it is deleted one day.
  parts int NULL,
  -- Of what was received.
  sha256 char(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Whether it came as plain text, and was packed on its way in.
  packed_here tinyint(1) NOT NULL,
  -- When it began.
  at datetime NOT NULL,
  KEY bill_file_bill_id (bill_id),
  KEY bill_file_parts (parts, at)
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS bill_part (
  file_id bigint NOT NULL,
  part int NOT NULL,
  data mediumblob NOT NULL,
  PRIMARY KEY (file_id, part)
) ENGINE=InnoDB;
-- What differs between a bill and the books. Numbers are as they stand in the bill: other systems' need not have the form of ours.
CREATE TABLE IF NOT EXISTS bill_difference (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  bill_id bigint NOT NULL,
  kind varchar(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- By what it is known again when the bill is held against the books another time.
  subject varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- OPEN, HEALED, EXPLAINED.
  state varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Why it stands so; NULL: there is nothing to ask about.
  finding varchar(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  order_id varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  transaction_id varchar(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  refund_id varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- What our books say, and what the bill says, in fen.
  ours_fee bigint NULL,
  theirs_fee bigint NULL,
  detail varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- Who has explained it, and how.
  explained_by varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  note varchar(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- When it was found first, or explained.
  at datetime NOT NULL,
  UNIQUE KEY bill_difference_subject (bill_id, kind, subject),
  KEY bill_difference_state (bill_id, state),
  KEY bill_difference_open (state, kind),
  KEY bill_difference_order_id (order_id)
) ENGINE=InnoDB;
-- A day's refunds are read by this range.
CREATE INDEX refund_accepted_at ON refund (accepted_at);
