-- What the merchant's back ends are told. An entry of the journal whose change is to be told of says so, in the change's own
-- transaction, until it stands in the outbox.
ALTER TABLE deal_event ADD COLUMN untold tinyint(1) NULL;
-- What there is to tell, separated by commas.
ALTER TABLE deal_event ADD COLUMN announces varchar(255) CHARACTER SET ascii COLLATE ascii_bin NULL;
CREATE INDEX deal_event_untold ON deal_event (untold);
