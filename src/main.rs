//! The `wechat-pay` program. Everything is in the library.

use std::process::ExitCode;

/// Chosen by measurement under the load of `cargo bench --bench load`: a notification cost the service a sixth less than with
/// glibc's, in the same memory; mimalloc was as quick and took more. What is not used goes back to the system.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    wechat_pay::cli::run()
}
