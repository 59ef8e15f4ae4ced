-- The console; the comments are in the MySQL file of the same name.
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  user TEXT NOT NULL,
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  order_id TEXT NULL,
  subject TEXT NULL,
  detail TEXT NULL,
  address TEXT NOT NULL
);
CREATE INDEX audit_order ON audit (order_id);
CREATE INDEX audit_user ON audit (user, id);
CREATE TABLE IF NOT EXISTS console_session (
  token_hash TEXT NOT NULL PRIMARY KEY,
  user TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  place TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
);
CREATE INDEX console_session_expires_at ON console_session (expires_at);
CREATE INDEX console_session_place ON console_session (place);
CREATE TABLE IF NOT EXISTS console_totp (
  user TEXT NOT NULL PRIMARY KEY,
  step INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS alarm (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  entry INTEGER NOT NULL,
  kind TEXT NOT NULL,
  order_id TEXT NULL,
  account TEXT NULL,
  detail TEXT NULL,
  at TEXT NOT NULL,
  answered_at TEXT NULL,
  answered_by TEXT NULL,
  note TEXT NULL,
  resolved_at TEXT NULL,
  resolved_by TEXT NULL,
  open INTEGER NULL
);
CREATE UNIQUE INDEX alarm_entry ON alarm (entry, kind);
CREATE INDEX alarm_open ON alarm (open, id);
