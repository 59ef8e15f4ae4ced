//! The section `metrics`: the listener for Prometheus.

use std::net::SocketAddr;

use serde::Deserialize;

use super::checks::address;
use super::error::ConfigError;
use super::table::{Shown, plain};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMetrics {
    listen: String,
}

impl RawMetrics {
    pub fn validate(&self) -> Result<Option<SocketAddr>, ConfigError> {
        match self.listen.as_str() {
            "" => Ok(None),
            listen => address("metrics.listen", listen).map(Some),
        }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![("metrics.listen", plain(&self.listen))]
    }
}
