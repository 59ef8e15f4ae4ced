//! Which deliveries are shown, as the address says.

use crate::console::parts;
use crate::deal::DeliveryList;

/// Which deliveries are shown.
#[derive(Debug)]
pub struct Wish {
    /// To which endpoint.
    pub endpoint: Option<String>,
    /// Which of them.
    pub list: DeliveryList,
}

/// The lists, by their words.
pub const LISTS: [(&str, DeliveryList); 3] =
    [("latest", DeliveryList::Latest { before: None }), ("waiting", DeliveryList::Waiting), ("given_up", DeliveryList::GivenUp)];

impl Wish {
    /// What stands in a query.
    pub fn of(query: &str) -> Self {
        let mut wish = Self { endpoint: None, list: DeliveryList::Latest { before: None } };
        let mut before = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "endpoint" => wish.endpoint = Some(value.into_owned()),
                "show" => wish.list = LISTS.into_iter().find(|(word, _)| *word == value).map_or(wish.list, |(_, list)| list),
                "before" => before = value.parse().ok(),
                _ => {}
            }
        }
        if let DeliveryList::Latest { .. } = wish.list {
            wish.list = DeliveryList::Latest { before };
        }
        wish
    }

    /// The address of a list of this endpoint's.
    pub fn address(&self, list: &str) -> String {
        let endpoint = self.endpoint.as_deref().unwrap_or_default();
        parts::address("/webhooks", [("endpoint", endpoint), ("show", list)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_does_not_say_rightly_is_the_latest() {
        let list = |query: &str| Wish::of(query).list;
        assert_eq!(list(""), DeliveryList::Latest { before: None });
        assert_eq!(list("show=waiting&before=7"), DeliveryList::Waiting);
        assert_eq!(list("before=7&show=latest"), DeliveryList::Latest { before: Some(7) });
        assert_eq!(list("show=<script>&before=x"), DeliveryList::Latest { before: None });
        assert_eq!(Wish::of("endpoint=shop").address("waiting"), "/webhooks?endpoint=shop&show=waiting");
    }
}
