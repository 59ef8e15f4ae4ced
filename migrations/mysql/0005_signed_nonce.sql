-- One signed offer opens one deal, on whichever instance. NULL where no signature was wanted.
ALTER TABLE deal ADD COLUMN signed_nonce varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL;
CREATE UNIQUE INDEX deal_signed_nonce ON deal (merchant_id, signed_nonce);
