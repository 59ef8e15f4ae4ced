-- When WeChat was first heard to say REFUND of a paid order: at least a part was given back. NULL in all other rows.
ALTER TABLE deal ADD COLUMN refunded_at datetime NULL;
