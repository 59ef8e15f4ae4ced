-- The original's table, its columns and their meaning. Times are Beijing time, 'YYYY-MM-DD HH:MM:SS'.
CREATE TABLE IF NOT EXISTS deal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL,
    product_id INTEGER NOT NULL,
    merchant_id INTEGER NOT NULL,
    transaction_id TEXT NULL,
    price REAL NOT NULL,
    price_last REAL NOT NULL DEFAULT 0,
    status INTEGER NULL DEFAULT 0,
    mode INTEGER NOT NULL DEFAULT 0,
    prepayBack TEXT NULL,
    payBack TEXT NULL,
    queryBack TEXT NULL,
    create_at TEXT NOT NULL DEFAULT (datetime('now', '+8 hours')),
    update_at TEXT NOT NULL DEFAULT (datetime('now', '+8 hours'))
) STRICT;
