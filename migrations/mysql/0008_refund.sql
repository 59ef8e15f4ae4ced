-- Money that goes back. What has been given back of a deal's payment or is on its way, in fen: it is raised and lowered by the
-- statements that reserve and release, and never summed over rows.
ALTER TABLE deal ADD COLUMN refunded_fee bigint NULL;
-- By how many refunds, those that WeChat closed included: WeChat allows fifty.
ALTER TABLE deal ADD COLUMN refund_count int NULL;
-- When the last one was asked for.
ALTER TABLE deal ADD COLUMN refund_last_at datetime NULL;
-- When WeChat is asked which refunds there are of this deal, since it told of one that is not known here; NULL: it is not.
ALTER TABLE deal ADD COLUMN refunds_due_at datetime NULL;
CREATE INDEX deal_refunds_due_at ON deal (refunds_due_at);
CREATE TABLE IF NOT EXISTS refund (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  -- Our number, out_refund_no at WeChat; of a refund that others made, theirs.
  refund_id varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- NULL: the account `default`.
  account varchar(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Which payment goes back; NULL: that of the order, whichever it is.
  transaction_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
  refund_fee bigint NOT NULL,
  -- What the caller asked for; NULL: all that was left.
  asked_fee bigint NULL,
  -- Whether it gives a second payment back, and so is no part of deal.refunded_fee.
  of_second_payment tinyint(1) NOT NULL,
  -- PROCESSING, SUCCESS, CLOSED, ABNORMAL, FAILED.
  state varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- What the payer reads.
  reason varchar(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- api, cli, automatic, platform (by others).
  source varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Why it waits to be sent again, or why WeChat refused it.
  detail varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- The SHA-256 of the client certificate that WeChat did not take, empty where there was none; NULL: it does not wait for another.
  refused_certificate varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- WeChat's number, once it has accepted the refund.
  wechat_refund_id varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- Where the money went, as WeChat names it.
  receiver varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  idempotency_key varchar(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- The exact bytes that WeChat is asked with.
  request text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  -- WeChat's last signed word on it.
  evidence text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at datetime NOT NULL,
  sent_at datetime NULL,
  accepted_at datetime NULL,
  refunded_at datetime NULL,
  -- When it is next sent, or asked about; NULL: it is decided, or given up.
  due_at datetime NULL,
  UNIQUE KEY refund_refund_id (refund_id),
  UNIQUE KEY refund_idempotency_key (order_id, idempotency_key),
  KEY refund_due_at (due_at),
  KEY refund_state (state, created_at),
  KEY refund_refused_certificate (refused_certificate)
) ENGINE=InnoDB;
