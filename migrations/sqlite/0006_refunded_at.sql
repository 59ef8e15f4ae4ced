-- What this service adds; the comment is in the MySQL file of the same name.
ALTER TABLE deal ADD COLUMN refunded_at TEXT NULL;
