-- What this service adds; the comments are in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN account TEXT NULL;
ALTER TABLE deal ADD COLUMN account_named INTEGER NULL;
ALTER TABLE deal ADD COLUMN description TEXT NULL;
ALTER TABLE deal ADD COLUMN reference TEXT NULL;
CREATE INDEX deal_reference ON deal (reference);
CREATE INDEX deal_reference_of_seller ON deal (reference, merchant_id);
ALTER TABLE deal ADD COLUMN return_url TEXT NULL;
ALTER TABLE deal ADD COLUMN cancel_url TEXT NULL;
