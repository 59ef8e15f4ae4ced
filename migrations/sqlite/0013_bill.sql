-- WeChat's bills; the comments are in the MySQL file of the same name.
CREATE TABLE IF NOT EXISTS bill (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  day TEXT NOT NULL,
  due_at TEXT NULL,
  outcome TEXT NULL,
  file_id INTEGER NULL,
  fund_flow_id INTEGER NULL,
  payments INTEGER NOT NULL,
  paid_fee INTEGER NOT NULL,
  refunds INTEGER NOT NULL,
  refunded_fee INTEGER NOT NULL,
  fee INTEGER NOT NULL,
  differences INTEGER NOT NULL,
  unlisted INTEGER NOT NULL,
  detail TEXT NULL,
  at TEXT NULL,
  untold INTEGER NULL
);
CREATE UNIQUE INDEX bill_day ON bill (account, day);
CREATE INDEX bill_due_at ON bill (due_at);
CREATE INDEX bill_day_only ON bill (day);
CREATE INDEX bill_untold ON bill (untold);
CREATE TABLE IF NOT EXISTS bill_file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bill_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  received INTEGER NOT NULL,
  parts INTEGER NULL,
  sha256 TEXT NULL,
  packed_here INTEGER NOT NULL,
  at TEXT NOT NULL
);
CREATE INDEX bill_file_bill_id ON bill_file (bill_id);
CREATE INDEX bill_file_parts ON bill_file (parts, at);
CREATE TABLE IF NOT EXISTS bill_part (
  file_id INTEGER NOT NULL,
  part INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (file_id, part)
);
CREATE TABLE IF NOT EXISTS bill_difference (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bill_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  finding TEXT NULL,
  order_id TEXT NULL,
  transaction_id TEXT NULL,
  refund_id TEXT NULL,
  ours_fee INTEGER NULL,
  theirs_fee INTEGER NULL,
  detail TEXT NULL,
  explained_by TEXT NULL,
  note TEXT NULL,
  at TEXT NOT NULL
);
CREATE UNIQUE INDEX bill_difference_subject ON bill_difference (bill_id, kind, subject);
CREATE INDEX bill_difference_state ON bill_difference (bill_id, state);
CREATE INDEX bill_difference_open ON bill_difference (state, kind);
CREATE INDEX bill_difference_order_id ON bill_difference (order_id);
CREATE INDEX refund_accepted_at ON refund (accepted_at);
