-- What there is to tell; the comments are in the MySQL file of the same name.
ALTER TABLE deal_event ADD COLUMN untold INTEGER NULL;
ALTER TABLE deal_event ADD COLUMN announces TEXT NULL;
CREATE INDEX deal_event_untold ON deal_event (untold);
