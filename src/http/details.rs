//! A deal's details, as each answer about it tells them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::Details;

/// What the merchant said of the deal.
#[derive(Serialize, ToSchema)]
pub struct ToldDetails {
    /// What the payer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// The merchant's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reference: Option<String>,
    /// Where the payer's page leads once it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    return_url: Option<String>,
    /// Where it leads a payer who gives up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancel_url: Option<String>,
}

impl From<&Details> for ToldDetails {
    fn from(details: &Details) -> Self {
        Self {
            description: details.description.as_ref().map(ToString::to_string),
            reference: details.reference.as_ref().map(ToString::to_string),
            return_url: details.return_url.as_deref().map(str::to_owned),
            cancel_url: details.cancel_url.as_deref().map(str::to_owned),
        }
    }
}
