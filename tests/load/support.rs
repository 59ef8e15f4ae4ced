//! What the torture and the cluster's proof use of the library that all tests share.

#[path = "../support/http.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
pub mod http;
#[path = "../support/mariadb.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
pub mod mariadb;
#[path = "../support/merchant.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
pub mod merchant;
#[path = "../support/ports.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
pub mod ports;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
pub mod process;
#[path = "../support/program.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
pub mod program;
#[path = "../support/random.rs"]
pub mod random;
