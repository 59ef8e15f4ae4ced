//! The names of our tables.

use std::str::FromStr;

use crate::store::engine::table_names::{InvalidTablePrefix, TableNames};

const TABLES: [&str; 16] = [
    "deal",
    "deal_event",
    "deal_migration",
    "refund",
    "outbox",
    "webhook_delivery",
    "webhook_pause",
    "checkout",
    "bill",
    "bill_file",
    "bill_part",
    "bill_difference",
    "audit",
    "console_session",
    "console_totp",
    "alarm",
];

/// A prefix of them.
impl FromStr for TableNames {
    type Err = InvalidTablePrefix;

    fn from_str(prefix: &str) -> Result<Self, InvalidTablePrefix> {
        Self::with_prefix(prefix, &TABLES)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{SqlSafeStr, SqlStr};

    use super::*;

    fn names(prefix: &str) -> TableNames {
        prefix.parse().unwrap()
    }

    fn in_sql(text: &'static str) -> String {
        names("think_").in_sql(text.into_sql_str(), true).as_str().to_owned()
    }

    #[test]
    fn every_table_of_ours_gets_the_prefix_wherever_it_stands() {
        for (text, expected) in [
            ("SELECT 1 FROM deal", "SELECT 1 FROM `think_deal`"),
            ("deal", "`think_deal`"),
            ("LEFT JOIN deal ON deal.id = counted.oldest", "LEFT JOIN `think_deal` ON `think_deal`.id = counted.oldest"),
            ("FROM deal k WHERE k.order_key = ?", "FROM `think_deal` k WHERE k.order_key = ?"),
            ("INSERT INTO deal_event (kind) VALUES (?)", "INSERT INTO `think_deal_event` (kind) VALUES (?)"),
            ("SELECT version\nFROM\tdeal_migration;", "SELECT version\nFROM\t`think_deal_migration`;"),
            ("SELECT `deal`.`id` FROM `deal`,`deal_event`", "SELECT `think_deal`.`id` FROM `think_deal`,`think_deal_event`"),
            ("EXISTS(SELECT 1 FROM deal)", "EXISTS(SELECT 1 FROM `think_deal`)"),
        ] {
            assert_eq!(in_sql(text), expected);
        }
    }

    #[test]
    fn names_of_indexes_values_and_comments_stay() {
        for (text, expected) in [
            ("CREATE UNIQUE INDEX deal_order_key ON deal (order_key)", "CREATE UNIQUE INDEX deal_order_key ON `think_deal` (order_key)"),
            ("FROM deal FORCE INDEX (deal_order_key)", "FROM `think_deal` FORCE INDEX (deal_order_key)"),
            ("SELECT 'deal', 'a deal''s', \"deal\" FROM deal", "SELECT 'deal', 'a deal''s', \"deal\" FROM `think_deal`"),
            ("-- A deal isn't one.\nALTER TABLE deal ADD", "-- A deal isn't one.\nALTER TABLE `think_deal` ADD"),
            (
                "RIGHT(t, 5) = '_deal' OR deals = old_deal OR $deal = `my deal`",
                "RIGHT(t, 5) = '_deal' OR deals = old_deal OR $deal = `my deal`",
            ),
            ("SELECT '未付 deal' 未deal, 'deal", "SELECT '未付 deal' 未deal, 'deal"),
        ] {
            assert_eq!(in_sql(text), expected);
        }
    }

    #[test]
    fn a_text_is_renamed_once_and_without_a_prefix_never() {
        const TEXT: &str = "SELECT 1 FROM deal";
        let at = |sql: SqlStr| sql.as_str().as_ptr();
        let prefixed = names("think_");
        assert_eq!(at(prefixed.in_sql(TEXT.into_sql_str(), true)), at(prefixed.clone().in_sql(TEXT.into_sql_str(), true)));
        assert_eq!(at(prefixed.in_sql("COMMIT".into_sql_str(), true)), "COMMIT".as_ptr());
        assert_eq!(at(TableNames::default().in_sql(TEXT.into_sql_str(), true)), TEXT.as_ptr());
        // What is sent once is not kept.
        let sql = prefixed.in_sql("SELECT 1 FROM deal WHERE id IN (1)".into_sql_str(), false);
        assert_eq!(sql.as_str(), "SELECT 1 FROM `think_deal` WHERE id IN (1)");
        assert_eq!(prefixed.kept(), 1);
    }

    #[test]
    fn operators_read_the_names_without_quotes() {
        let told = names("think_").told("the table deal needs: CREATE UNIQUE INDEX deal_order_key ON deal (order_key)");
        assert_eq!(told, "the table think_deal needs: CREATE UNIQUE INDEX deal_order_key ON think_deal (order_key)");
        assert_eq!(TableNames::default().told("column deal.id"), "column deal.id");
    }

    #[test]
    fn what_could_end_a_name_is_no_prefix() {
        for prefix in ["", "think_", "1e2", "_", "A_9", "twentytwentytwenty20"] {
            assert_eq!(names(prefix).prefix(), prefix);
        }
        for prefix in ["a`", "a.", "a-", " ", "a b", "a'", "付", "é", "a;", "a\n", "twentyonetwentyonetwe"] {
            assert_eq!(prefix.parse::<TableNames>().unwrap_err(), InvalidTablePrefix, "{prefix:?}");
        }
    }
}
