-- What this service adds; the comment is in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN transaction_key TEXT NULL;
CREATE UNIQUE INDEX deal_transaction_key ON deal (transaction_key);
