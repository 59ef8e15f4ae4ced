//! The schema that the statements rely on: of each table of ours the columns that matter, and the unique indexes. (Those over several
//! columns of which some may be NULL stand in [`KEYS`].)

/// A column that matters: name, types (of MySQL) that will do, at least how many characters, and what it should be.
pub type Expected = (&'static str, &'static [&'static str], u64, &'static str);

/// A table of ours.
pub struct Table {
    /// Its plain name.
    pub name: &'static str,
    /// The columns that matter.
    pub columns: &'static [Expected],
    /// Name and columns of each unique index that is needed.
    pub unique: &'static [(&'static str, &'static str)],
    /// What brings it back when it is gone.
    pub remedy: &'static str,
}

const BACKUP: &str = "restore it from a backup";
/// Nothing is lost with these but who is logged in.
const CONSOLE: &str = "DELETE FROM deal_migration WHERE version = 14, and start again";
const TEXT: &[&str] = &["text", "mediumtext", "longtext"];
const PRICE: &str = "double, or decimal with at least 2 digits behind the point and 8 before it";

/// So many columns of [`DEAL`], the first, are the original's.
pub const ORIGINAL: usize = 14;
/// The original's, and what this service adds.
pub const DEAL: Table = Table {
    name: "deal",
    columns: &[
        ("id", &["int", "bigint"], 0, "int"),
        ("order_id", &["varchar", "char"], 32, "varchar(45)"),
        ("product_id", &["int", "bigint"], 0, "int"),
        ("merchant_id", &["int", "bigint"], 0, "int"),
        ("transaction_id", &["varchar", "char"], 32, "varchar(45)"),
        ("price", &["double", "decimal"], 0, PRICE),
        ("price_last", &["double", "decimal"], 0, PRICE),
        ("status", &["tinyint", "smallint", "int"], 0, "tinyint"),
        ("mode", &["tinyint", "smallint", "int"], 0, "tinyint"),
        ("prepayBack", TEXT, 0, "text"),
        ("payBack", TEXT, 0, "text"),
        ("queryBack", TEXT, 0, "text"),
        ("create_at", &["datetime"], 0, "datetime"),
        ("update_at", &["datetime"], 0, "datetime"),
        ("order_key", &["varchar"], 45, "varchar(45)"),
        ("total_fee", &["bigint"], 0, "bigint"),
        ("idempotency_key", &["varchar"], 64, "varchar(64)"),
        ("expires_at", &["datetime"], 0, "datetime"),
        ("due_at", &["datetime"], 0, "datetime"),
        ("prepay_request", TEXT, 0, "text"),
        ("asking_until", &["datetime"], 0, "datetime"),
        ("code_url", &["varchar"], 256, "varchar(256)"),
        ("refusal", &["varchar"], 255, "varchar(255)"),
        ("transaction_key", &["varchar"], 45, "varchar(45)"),
        ("signed_nonce", &["varchar"], 64, "varchar(64)"),
        ("refunded_at", &["datetime"], 0, "datetime"),
        ("account", &["varchar"], 32, "varchar(32)"),
        ("account_named", &["tinyint", "smallint", "int"], 0, "tinyint"),
        ("description", &["varchar"], 127, "varchar(127)"),
        ("reference", &["varchar"], 64, "varchar(64)"),
        ("return_url", TEXT, 0, "text"),
        ("cancel_url", TEXT, 0, "text"),
        ("refunded_fee", &["bigint"], 0, "bigint"),
        ("refund_count", &["int", "bigint"], 0, "int"),
        ("refund_last_at", &["datetime"], 0, "datetime"),
        ("refunds_due_at", &["datetime"], 0, "datetime"),
        ("trade_type", &["varchar"], 8, "varchar(8)"),
        ("mweb_url", &["varchar"], 1024, "varchar(1024)"),
        ("prepay_id", &["varchar"], 64, "varchar(64)"),
        ("checkout_id", &["varchar"], 45, "varchar(45)"),
    ],
    unique: &[("deal_order_key", "order_key"), ("deal_transaction_key", "transaction_key")],
    remedy: BACKUP,
};

pub const JOURNAL: Table = Table {
    name: "deal_event",
    columns: &[("untold", &["tinyint"], 0, "tinyint"), ("announces", &["varchar"], 255, "varchar(255)")],
    unique: &[],
    remedy: "DELETE FROM deal_migration WHERE version IN (2, 9), and start again",
};

pub const REFUND: Table = Table {
    name: "refund",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("refund_id", &["varchar"], 64, "varchar(64)"),
        ("order_id", &["varchar"], 45, "varchar(45)"),
        ("account", &["varchar"], 32, "varchar(32)"),
        ("transaction_id", &["varchar"], 45, "varchar(45)"),
        ("refund_fee", &["bigint"], 0, "bigint"),
        ("asked_fee", &["bigint"], 0, "bigint"),
        ("of_second_payment", &["tinyint", "smallint", "int"], 0, "tinyint"),
        ("state", &["varchar"], 16, "varchar(16)"),
        ("reason", &["varchar"], 80, "varchar(80)"),
        ("source", &["varchar"], 16, "varchar(16)"),
        ("detail", &["varchar"], 255, "varchar(255)"),
        ("refused_certificate", &["varchar"], 64, "varchar(64)"),
        ("wechat_refund_id", &["varchar"], 64, "varchar(64)"),
        ("receiver", &["varchar"], 255, "varchar(255)"),
        ("idempotency_key", &["varchar"], 255, "varchar(255)"),
        ("request", TEXT, 0, "text"),
        ("evidence", TEXT, 0, "text"),
        ("created_at", &["datetime"], 0, "datetime"),
        ("sent_at", &["datetime"], 0, "datetime"),
        ("accepted_at", &["datetime"], 0, "datetime"),
        ("refunded_at", &["datetime"], 0, "datetime"),
        ("due_at", &["datetime"], 0, "datetime"),
    ],
    unique: &[("refund_refund_id", "refund_id")],
    remedy: BACKUP,
};

pub const CHECKOUT: Table = Table {
    name: "checkout",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("checkout_id", &["varchar"], 45, "varchar(45)"),
        ("account", &["varchar"], 32, "varchar(32)"),
        ("account_named", &["tinyint", "smallint", "int"], 0, "tinyint"),
        ("merchant_id", &["bigint"], 0, "bigint"),
        ("product_id", &["bigint"], 0, "bigint"),
        ("total_fee", &["bigint"], 0, "bigint"),
        ("description", &["varchar"], 127, "varchar(127)"),
        ("reference", &["varchar"], 64, "varchar(64)"),
        ("return_url", TEXT, 0, "text"),
        ("cancel_url", TEXT, 0, "text"),
        ("idempotency_key", &["varchar"], 64, "varchar(64)"),
        ("signed_nonce", &["varchar"], 64, "varchar(64)"),
        ("created_at", &["datetime"], 0, "datetime"),
        ("expires_at", &["datetime"], 0, "datetime"),
        ("paid_by", &["varchar"], 45, "varchar(45)"),
        ("given_up_at", &["datetime"], 0, "datetime"),
        ("attempts", &["int", "bigint"], 0, "int"),
    ],
    unique: &[("checkout_checkout_id", "checkout_id")],
    remedy: BACKUP,
};

pub const BILL: Table = Table {
    name: "bill",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("account", &["varchar"], 32, "varchar(32)"),
        ("day", &["char", "varchar"], 10, "char(10)"),
        ("due_at", &["datetime"], 0, "datetime"),
        ("outcome", &["varchar"], 16, "varchar(16)"),
        ("file_id", &["bigint"], 0, "bigint"),
        ("fund_flow_id", &["bigint"], 0, "bigint"),
        ("payments", &["bigint"], 0, "bigint"),
        ("paid_fee", &["bigint"], 0, "bigint"),
        ("refunds", &["bigint"], 0, "bigint"),
        ("refunded_fee", &["bigint"], 0, "bigint"),
        ("fee", &["bigint"], 0, "bigint"),
        ("differences", &["bigint"], 0, "bigint"),
        ("unlisted", &["bigint"], 0, "bigint"),
        ("detail", &["varchar"], 255, "varchar(255)"),
        ("at", &["datetime"], 0, "datetime"),
        ("untold", &["tinyint", "smallint", "int"], 0, "tinyint"),
    ],
    unique: &[("bill_day", "account, day")],
    remedy: BACKUP,
};

pub const BILL_FILE: Table = Table {
    name: "bill_file",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("bill_id", &["bigint"], 0, "bigint"),
        ("kind", &["varchar"], 16, "varchar(16)"),
        ("received", &["bigint"], 0, "bigint"),
        ("parts", &["int", "bigint"], 0, "int"),
        ("sha256", &["char", "varchar"], 64, "char(64)"),
        ("packed_here", &["tinyint", "smallint", "int"], 0, "tinyint"),
        ("at", &["datetime"], 0, "datetime"),
    ],
    unique: &[],
    remedy: BACKUP,
};

pub const BILL_PART: Table = Table {
    name: "bill_part",
    columns: &[
        ("file_id", &["bigint"], 0, "bigint"),
        ("part", &["int", "bigint"], 0, "int"),
        ("data", &["mediumblob", "longblob"], 0, "mediumblob"),
    ],
    unique: &[],
    remedy: BACKUP,
};

pub const BILL_DIFFERENCE: Table = Table {
    name: "bill_difference",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("bill_id", &["bigint"], 0, "bigint"),
        ("kind", &["varchar"], 24, "varchar(24)"),
        ("subject", &["varchar"], 128, "varchar(128)"),
        ("state", &["varchar"], 16, "varchar(16)"),
        ("finding", &["varchar"], 16, "varchar(16)"),
        ("order_id", &["varchar"], 128, "varchar(128)"),
        ("transaction_id", &["varchar"], 128, "varchar(128)"),
        ("refund_id", &["varchar"], 128, "varchar(128)"),
        ("ours_fee", &["bigint"], 0, "bigint"),
        ("theirs_fee", &["bigint"], 0, "bigint"),
        ("detail", &["varchar"], 255, "varchar(255)"),
        ("explained_by", &["varchar"], 64, "varchar(64)"),
        ("note", &["varchar"], 500, "varchar(500)"),
        ("at", &["datetime"], 0, "datetime"),
    ],
    unique: &[("bill_difference_subject", "bill_id, kind, subject")],
    remedy: BACKUP,
};

pub const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("at", &["datetime"], 0, "datetime"),
        ("user", &["varchar"], 64, "varchar(64)"),
        ("role", &["varchar"], 16, "varchar(16)"),
        ("action", &["varchar"], 32, "varchar(32)"),
        ("order_id", &["varchar"], 128, "varchar(128)"),
        ("subject", &["varchar"], 128, "varchar(128)"),
        ("detail", &["varchar"], 500, "varchar(500)"),
        ("address", &["varchar"], 45, "varchar(45)"),
    ],
    unique: &[],
    remedy: BACKUP,
};

pub const CONSOLE_SESSION: Table = Table {
    name: "console_session",
    columns: &[
        ("token_hash", &["char", "varchar"], 64, "char(64)"),
        ("user", &["varchar"], 64, "varchar(64)"),
        ("place", &["varchar"], 128, "varchar(128)"),
        ("created_at", &["datetime"], 0, "datetime"),
        ("expires_at", &["datetime"], 0, "datetime"),
    ],
    unique: &[],
    remedy: CONSOLE,
};

pub const CONSOLE_TOTP: Table = Table {
    name: "console_totp",
    columns: &[("user", &["varchar"], 64, "varchar(64)"), ("step", &["bigint"], 0, "bigint")],
    unique: &[],
    remedy: CONSOLE,
};

pub const ALARM: Table = Table {
    name: "alarm",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("entry", &["bigint"], 0, "bigint"),
        ("kind", &["varchar"], 24, "varchar(24)"),
        ("order_id", &["varchar"], 128, "varchar(128)"),
        ("account", &["varchar"], 32, "varchar(32)"),
        ("detail", &["varchar"], 255, "varchar(255)"),
        ("at", &["datetime"], 0, "datetime"),
        ("answered_at", &["datetime"], 0, "datetime"),
        ("answered_by", &["varchar"], 64, "varchar(64)"),
        ("note", &["varchar"], 500, "varchar(500)"),
        ("resolved_at", &["datetime"], 0, "datetime"),
        ("resolved_by", &["varchar"], 32, "varchar(32)"),
        ("open", &["tinyint", "smallint", "int"], 0, "tinyint"),
    ],
    unique: &[("alarm_entry", "entry, kind")],
    remedy: BACKUP,
};

pub const OUTBOX: Table = Table {
    name: "outbox",
    columns: &[
        ("position", &["bigint"], 0, "bigint"),
        ("event_id", &["varchar"], 40, "varchar(40)"),
        ("type", &["varchar"], 32, "varchar(32)"),
        ("order_id", &["varchar"], 45, "varchar(45)"),
        ("merchant_id", &["bigint"], 0, "bigint"),
        ("account", &["varchar"], 32, "varchar(32)"),
        ("data", &["mediumtext", "longtext"], 0, "mediumtext"),
        ("at", &["datetime"], 0, "datetime"),
    ],
    unique: &[("outbox_event_id", "event_id")],
    remedy: BACKUP,
};

pub const DELIVERY: Table = Table {
    name: "webhook_delivery",
    columns: &[
        ("id", &["bigint"], 0, "bigint"),
        ("endpoint", &["varchar"], 32, "varchar(32)"),
        ("position", &["bigint"], 0, "bigint"),
        ("order_id", &["varchar"], 45, "varchar(45)"),
        ("tries", &["int", "bigint"], 0, "int"),
        ("due_at", &["datetime"], 0, "datetime"),
        ("created_at", &["datetime"], 0, "datetime"),
        ("tried_at", &["datetime"], 0, "datetime"),
        ("delivered_at", &["datetime"], 0, "datetime"),
        ("given_up_at", &["datetime"], 0, "datetime"),
        ("status", &["int", "bigint"], 0, "int"),
        ("answer", TEXT, 0, "text"),
    ],
    unique: &[("webhook_delivery_event", "endpoint, position")],
    remedy: BACKUP,
};

pub const PAUSE: Table = Table {
    name: "webhook_pause",
    columns: &[("endpoint", &["varchar"], 32, "varchar(32)"), ("paused_at", &["datetime"], 0, "datetime")],
    unique: &[],
    remedy: BACKUP,
};

/// A unique key of several columns of which some may be NULL ([`super::keys`]).
pub struct Key {
    pub table: &'static str,
    /// The index over its columns, and these.
    pub index: (&'static str, &'static str),
    /// The unique index on a server, and the column that it is over.
    pub joined: (&'static str, &'static str),
    /// How many characters that column holds.
    pub characters: u32,
    /// What must stand in its definition.
    pub definition: &'static str,
}

pub const KEYS: [Key; 6] = [
    Key {
        table: "deal",
        index: ("deal_idempotency_key", "merchant_id, idempotency_key"),
        joined: ("deal_seller_key", "seller_key"),
        characters: 85,
        definition: "varchar(85) GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', idempotency_key)) VIRTUAL",
    },
    Key {
        table: "deal",
        index: ("deal_signed_nonce", "merchant_id, signed_nonce"),
        joined: ("deal_seller_nonce", "seller_nonce"),
        characters: 85,
        definition: "varchar(85) GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', signed_nonce)) VIRTUAL",
    },
    Key {
        table: "deal",
        index: ("deal_checkout_way", "checkout_id, trade_type"),
        joined: ("deal_checkout_key", "checkout_key"),
        characters: 54,
        definition: "varchar(54) GENERATED ALWAYS AS (CONCAT(checkout_id, _ascii':', trade_type)) VIRTUAL",
    },
    Key {
        table: "refund",
        index: ("refund_idempotency_key", "order_id, idempotency_key"),
        joined: ("refund_deal_key", "deal_key"),
        characters: 301,
        definition: "varchar(301) GENERATED ALWAYS AS (CONCAT(order_id, _ascii':', idempotency_key)) VIRTUAL",
    },
    Key {
        table: "checkout",
        index: ("checkout_idempotency_key", "merchant_id, idempotency_key"),
        joined: ("checkout_seller_key", "seller_key"),
        characters: 85,
        definition: "varchar(85) GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', idempotency_key)) VIRTUAL",
    },
    Key {
        table: "checkout",
        index: ("checkout_signed_nonce", "merchant_id, signed_nonce"),
        joined: ("checkout_seller_nonce", "seller_nonce"),
        characters: 85,
        definition: "varchar(85) GENERATED ALWAYS AS (CONCAT(merchant_id, _ascii':', signed_nonce)) VIRTUAL",
    },
];

/// Those of a table.
pub fn keys_of(table: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}

impl Key {
    /// What the index that keeps rows apart is called, and what it is over.
    pub fn unique(&self, is_mysql: bool) -> (&'static str, &'static str) {
        if is_mysql { self.joined } else { self.index }
    }

    /// As information_schema tells the column's type, collation and expression.
    pub fn told(&self) -> String {
        self.definition.replace("GENERATED ALWAYS AS (", "ascii_bin ").replace(") VIRTUAL", "")
    }
}
