-- How the payer of a deal pays; NULL: by scanning a code (NATIVE), and every row of the original's.
ALTER TABLE deal ADD COLUMN trade_type varchar(8) CHARACTER SET ascii COLLATE ascii_bin NULL;
-- What an order is paid with that is not paid by scanning `code_url`: the link to lead a phone's browser to, or the number that the
-- payer's own WeChat or app is called with.
ALTER TABLE deal ADD COLUMN mweb_url varchar(1024) CHARACTER SET ascii COLLATE ascii_bin NULL;
ALTER TABLE deal ADD COLUMN prepay_id varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL;
-- Of which checkout it is one way; then `trade_type` is never NULL, so each way is opened once.
ALTER TABLE deal ADD COLUMN checkout_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL;
CREATE UNIQUE INDEX deal_checkout_way ON deal (checkout_id, trade_type);
-- A purchase that may be paid in several ways: one link for every device.
CREATE TABLE IF NOT EXISTS checkout (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  checkout_id varchar(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account varchar(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  account_named tinyint(1) NOT NULL,
  merchant_id bigint NOT NULL,
  product_id bigint NOT NULL,
  total_fee bigint NOT NULL,
  description varchar(127) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  reference varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  return_url text CHARACTER SET ascii COLLATE ascii_bin NULL,
  cancel_url text CHARACTER SET ascii COLLATE ascii_bin NULL,
  idempotency_key varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  signed_nonce varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at datetime NOT NULL,
  expires_at datetime NOT NULL,
  -- Which of its deals has paid it; written with the deal's payment, once.
  paid_by varchar(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
  -- When it was given up, before it was paid.
  given_up_at datetime NULL,
  -- How many of its deals were opened: who opens one, settles one or gives it up takes turns at this row.
  attempts int NOT NULL,
  UNIQUE KEY checkout_checkout_id (checkout_id),
  UNIQUE KEY checkout_idempotency_key (merchant_id, idempotency_key),
  UNIQUE KEY checkout_signed_nonce (merchant_id, signed_nonce)
) ENGINE=InnoDB;
