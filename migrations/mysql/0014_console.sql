-- Who did what in the console. Append-only. A row is committed with the change that it tells of, or neither is, and where WeChat is
-- called (close, ask) before the call.
CREATE TABLE IF NOT EXISTS audit (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at datetime NOT NULL,
  user varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- viewer, operator, admin: what the user was then.
  role varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- login, logout, refund, close, …
  action varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- The refund, endpoint, alarm or difference that it was done to.
  subject varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- Amount, reason, note: in the user's own words.
  detail varchar(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- From where.
  address varchar(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  KEY audit_order (order_id),
  KEY audit_user (user, id)
) ENGINE=InnoDB;
-- Who is logged in. Shared by all instances.
CREATE TABLE IF NOT EXISTS console_session (
  -- SHA-256 of what the browser's cookie holds, so that who reads this table is nobody by it.
  token_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  -- SHA-256 of the hash of the password that it was opened with: another password ends it.
  password_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Host and address of the instance that has opened it: a restart there ends it.
  place varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at datetime NOT NULL,
  expires_at datetime NOT NULL,
  KEY console_session_expires_at (expires_at),
  KEY console_session_place (place)
) ENGINE=InnoDB;
-- The step of time of the code that each user has used last: a code is good once, at whichever instance.
CREATE TABLE IF NOT EXISTS console_totp (
  user varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  step bigint NOT NULL
) ENGINE=InnoDB;
-- What an operator must look at, from when it was announced until somebody has answered it or it is over by itself.
CREATE TABLE IF NOT EXISTS alarm (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  -- The entry of the journal that announces it.
  entry bigint NOT NULL,
  kind varchar(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- NULL is `default`.
  account varchar(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  detail varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  at datetime NOT NULL,
  answered_at datetime NULL,
  answered_by varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  note varchar(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  resolved_at datetime NULL,
  -- What has resolved it: refund_succeeded, order_paid, delivered, …
  resolved_by varchar(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- 1 while it is neither answered nor resolved, then NULL.
  open tinyint(1) NULL,
  UNIQUE KEY alarm_entry (entry, kind),
  KEY alarm_open (open, id)
) ENGINE=InnoDB;
