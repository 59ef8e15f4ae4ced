//! How the client certificate of an account does, for all pages that tell of it.

use chrono::TimeDelta;

use crate::deal::Timestamp;
use crate::gateway::CertificateStanding;

/// One that is good for less is told of.
const SOON: TimeDelta = TimeDelta::days(30);

/// How it does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// None is demanded.
    NotDemanded,
    /// There is none.
    Missing,
    /// It was good until then.
    Expired(Timestamp),
    /// It is good until then, and the files hold another one that cannot be used.
    AnotherNotTaken(Timestamp),
    /// It is good until then, which is soon.
    ExpiresSoon(Timestamp),
    /// It is good until then.
    Good(Timestamp),
}

impl Certificate {
    /// As it stands, at this time.
    pub fn at(now: Timestamp, standing: CertificateStanding) -> Self {
        match standing {
            CertificateStanding::NotDemanded => Self::NotDemanded,
            CertificateStanding::Missing => Self::Missing,
            CertificateStanding::Shown { until, .. } if until < now => Self::Expired(until),
            CertificateStanding::Shown { until, another_not_taken: true } => Self::AnotherNotTaken(until),
            CertificateStanding::Shown { until, .. } if until - now < SOON => Self::ExpiresSoon(until),
            CertificateStanding::Shown { until, .. } => Self::Good(until),
        }
    }
}
