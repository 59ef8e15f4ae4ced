//! What only the console wants, one file a use case.

mod audit;
mod sessions;
