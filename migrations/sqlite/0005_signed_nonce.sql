-- What this service adds; the comment is in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN signed_nonce TEXT NULL;
CREATE UNIQUE INDEX deal_signed_nonce ON deal (merchant_id, signed_nonce);
