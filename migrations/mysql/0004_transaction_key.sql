-- One payment pays one order. Filled by this service when it settles; NULL in rows that the original marked as paid.
ALTER TABLE deal ADD COLUMN transaction_key varchar(45) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
CREATE UNIQUE INDEX deal_transaction_key ON deal (transaction_key);
