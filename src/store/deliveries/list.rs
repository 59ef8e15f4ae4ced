//! A report: deliveries to one endpoint, as its operator looks through them.

use sqlx::Error;

use crate::deal::{DeliveryList, EndpointName, ListedDelivery, Timestamp};
use crate::store::columns::column;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

use super::of_order::{COLUMNS, Row};

impl Store {
    /// So many deliveries to an endpoint: of a list, in its order.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn deliveries_to(&self, endpoint: &EndpointName, list: DeliveryList, limit: u32) -> Result<Vec<ListedDelivery>, StoreError> {
        Ok(self.engine().report(DeliveriesTo { endpoint: endpoint.clone(), list, limit }).await?)
    }
}

struct DeliveriesTo {
    endpoint: EndpointName,
    list: DeliveryList,
    limit: u32,
}

/// The question for a list. The places are found first, so that no event is read that is not shown.
pub fn select(list: DeliveryList, is_mysql: bool) -> String {
    let (index, condition, order) = match list {
        DeliveryList::Latest { .. } => ("webhook_delivery_event", "position < ?", "position DESC"),
        DeliveryList::Waiting => ("webhook_delivery_due_at", "due_at >= ?", "due_at, id"),
        DeliveryList::GivenUp => ("webhook_delivery_given_up_at", "given_up_at >= ?", "given_up_at DESC, id DESC"),
    };
    let (index, order_of_all) = (by_index(index, is_mysql), order.replace("position", "delivery.position").replace("id", "delivery.id"));
    format!(
        "SELECT delivery.position AS position, event.order_id AS order_id, {COLUMNS} FROM \
         (SELECT * FROM webhook_delivery {index} WHERE endpoint = ? AND {condition} ORDER BY {order} LIMIT ?) delivery \
         JOIN outbox event ON event.position = delivery.position ORDER BY {order_of_all}"
    )
}

fn texts(is_mysql: bool) -> [String; 3] {
    [DeliveryList::Latest { before: None }, DeliveryList::Waiting, DeliveryList::GivenUp].map(|list| select(list, is_mysql))
}

impl Query for DeliveriesTo {
    type Answer = Vec<ListedDelivery>;
    const NAME: &'static str = "deliveries to endpoint";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<ListedDelivery>, Error> {
        let [latest, waiting, given_up] = by_engine!(conn, [String; 3], texts);
        let (text, from) = match self.list {
            DeliveryList::Latest { before } => (latest, before.unwrap_or(i64::MAX).into()),
            DeliveryList::Waiting => (waiting, column(Timestamp::UNIX_EPOCH).into()),
            DeliveryList::GivenUp => (given_up, column(Timestamp::UNIX_EPOCH).into()),
        };
        let rows: Vec<PlacedRow> = conn.rows(text, Values::of([self.endpoint.as_str().into(), from, self.limit.into()])).await?;
        Ok(rows.into_iter().filter_map(PlacedRow::into_delivery).collect())
    }
}

#[derive(sqlx::FromRow)]
struct PlacedRow {
    position: i64,
    order_id: Option<String>,
    #[sqlx(flatten)]
    row: Row,
}

impl PlacedRow {
    /// `None`: no version of this program has written it.
    fn into_delivery(self) -> Option<ListedDelivery> {
        let order_id = self.order_id.and_then(|order_id| order_id.parse().ok());
        Some(ListedDelivery { position: self.position, order_id, delivery: self.row.into_delivery()? })
    }
}
