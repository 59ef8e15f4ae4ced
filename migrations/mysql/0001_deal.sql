-- The original's table, for those who do not have it yet. An existing one is left as it is.
-- price_last has a default so that the original's insert, which never names it, works in strict mode too.
CREATE TABLE IF NOT EXISTS deal (
    id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id varchar(45) NOT NULL COMMENT 'out_trade_no',
    product_id int NOT NULL,
    merchant_id int NOT NULL,
    transaction_id varchar(45) NULL COMMENT 'WeChat number of the payment',
    price double NOT NULL COMMENT 'yuan',
    price_last double NOT NULL DEFAULT 0 COMMENT 'yuan, really charged',
    status tinyint NULL DEFAULT 0 COMMENT '0 unpaid, 1 paid, 2 expired',
    mode tinyint NOT NULL DEFAULT 0 COMMENT '0 WeChat, 1 Alipay',
    prepayBack text NULL COMMENT 'verified XML of the order',
    payBack text NULL COMMENT 'verified XML of the notification',
    queryBack text NULL COMMENT 'verified XML of the query',
    create_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP COMMENT 'Beijing time',
    update_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP COMMENT 'Beijing time; of the payment once paid'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
