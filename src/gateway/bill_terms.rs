//! Bill policy: what an operator may choose about holding WeChat's bills against the books.

use chrono::TimeDelta;

/// What an operator may choose about bills. The defaults are those of the configuration.
#[derive(Debug, Clone)]
pub struct BillTerms {
    /// When a day's bill is asked for, on the day behind it: so long after midnight in Beijing.
    pub at: TimeDelta,
    /// How the numbers of other systems' orders under the same merchant numbers begin.
    pub foreign_prefixes: Vec<String>,
}

impl Default for BillTerms {
    fn default() -> Self {
        Self { at: TimeDelta::minutes(10 * 60 + 30), foreign_prefixes: Vec::new() }
    }
}

impl BillTerms {
    /// Whether an order that is not known here is another system's, as its number says.
    pub fn is_foreign(&self, order_id: &str) -> bool {
        self.foreign_prefixes.iter().any(|prefix| order_id.starts_with(prefix.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_another_system_s_by_how_its_number_begins() {
        let terms = BillTerms { foreign_prefixes: vec!["ERP-".to_owned(), "9".to_owned()], ..BillTerms::default() };
        let orders = ["ERP-1", "9", "90001", "erp-1", "20261124062345522402465816291019", ""];
        assert_eq!(orders.map(|order| terms.is_foreign(order)), [true, true, true, false, false, false]);
        assert!(!BillTerms::default().is_foreign("ERP-1"), "without a rule all orders are ours");
    }
}
