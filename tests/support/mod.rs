//! Test support: one scenario suite, two drivers.
//!
//! - [`fake_host::FakeHost`] links the module natively and plays the proxy: fast, deterministic,
//!   debuggable.
//! - [`envoy::Envoy`] runs the real module in the real Envoy over loopback sockets.
//!
//! A scenario is a function over any [`driver::Driver`]; [`on_both_drivers!`] makes the tests.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(
    unreachable_pub,
    reason = "`pub` says what a part offers to the others"
)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code: a failure should end the test"
)]

pub mod authorization_server;
pub mod crowd;
pub mod driver;
pub mod envoy;
pub mod fake_host;
pub mod http;
pub mod http2;
pub mod load;
pub mod server;
pub mod upstream;
pub mod workers;
pub(crate) mod x509;

/// Makes two tests of each scenario, `in_process::…` and `in_envoy::…`.
///
/// A scenario is `fn name<D: Driver>()`. Without an Envoy the second one says so and passes, except
/// in CI, where it fails. Before the scenarios may stand another module than the product's, as
/// `in_envoy PATH;`.
#[allow(unused_macros, reason = "only scenarios need it")]
macro_rules! on_both_drivers {
    ($($scenario:ident),+ $(,)?) => {
        $crate::support::on_both_drivers!(in_envoy $crate::support::envoy::module(); $($scenario),+);
    };
    (in_envoy $module:expr; $($scenario:ident),+ $(,)?) => {
        mod in_process {
            $(#[test] fn $scenario() {
                super::$scenario::<$crate::support::fake_host::FakeHost>();
            })+
        }
        mod in_envoy {
            $(#[test] fn $scenario() {
                if $crate::support::envoy::is_installed(&$module) {
                    super::$scenario::<$crate::support::envoy::Envoy>();
                }
            })+
        }
    };
}
#[allow(unused_imports, reason = "only scenarios need it")]
pub(crate) use on_both_drivers;

/// Makes a test of each scenario in Envoy alone: what it is about, the fake host does not have.
#[allow(unused_macros, reason = "only scenarios need it")]
macro_rules! in_envoy {
    ($($scenario:ident),+ $(,)?) => {
        mod in_envoy_alone {
            $(#[test] fn $scenario() {
                if $crate::support::envoy::is_installed(&$crate::support::envoy::module()) {
                    super::$scenario();
                }
            })+
        }
    };
}
#[allow(unused_imports, reason = "only scenarios need it")]
pub(crate) use in_envoy;
