-- Through which account WeChat is asked about a deal; NULL: the account `default`, and every row of the original's.
ALTER TABLE deal ADD COLUMN account varchar(32) CHARACTER SET ascii COLLATE ascii_bin NULL;
-- Whether the caller named it (1), or it was the seller's then (0): a repeat under the same idempotency key must say the same.
ALTER TABLE deal ADD COLUMN account_named tinyint(1) NULL;
-- What the payer reads, in WeChat and on the page.
ALTER TABLE deal ADD COLUMN description varchar(127) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
-- The merchant's own number. Not unique: several attempts to pay one purchase may have it.
ALTER TABLE deal ADD COLUMN reference varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL;
CREATE INDEX deal_reference ON deal (reference);
-- By the one the newest of all is found at once; by the other the newest of some sellers, however many deals of others have it.
CREATE INDEX deal_reference_of_seller ON deal (reference, merchant_id);
-- Where the payer's page leads, paid or given up.
ALTER TABLE deal ADD COLUMN return_url text CHARACTER SET ascii COLLATE ascii_bin NULL;
ALTER TABLE deal ADD COLUMN cancel_url text CHARACTER SET ascii COLLATE ascii_bin NULL;
