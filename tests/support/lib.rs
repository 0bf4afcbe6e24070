//! Test support: one scenario suite, two drivers.
//!
//! - [`fake_host::FakeHost`] links the module natively and plays the proxy: fast, deterministic,
//!   debuggable.
//! - [`envoy::Envoy`] runs the real module in the real Envoy over loopback sockets.
//!
//! A scenario is a function over any [`driver::Driver`]; [`on_both_drivers!`] makes the tests.

#[cfg(not(target_arch = "wasm32"))]
pub mod authorization_server;
#[cfg(not(target_arch = "wasm32"))]
pub mod crowd;
#[cfg(not(target_arch = "wasm32"))]
pub mod driver;
pub mod engine;
#[cfg(not(target_arch = "wasm32"))]
pub mod envoy;
pub mod examples;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake_host;
pub mod folders;
#[cfg(not(target_arch = "wasm32"))]
pub mod http;
#[cfg(not(target_arch = "wasm32"))]
pub mod http2;
#[cfg(not(target_arch = "wasm32"))]
pub mod load;
pub mod objects;
#[cfg(not(target_arch = "wasm32"))]
pub mod server;
pub mod signer;
pub mod times;
#[cfg(not(target_arch = "wasm32"))]
pub mod upstream;
#[cfg(not(target_arch = "wasm32"))]
pub mod workers;
pub mod x509;

/// Makes two tests of each scenario, `in_process::…` and `in_envoy::…`.
///
/// A scenario is `fn name<D: Driver>()`. Without an Envoy the second one says so and passes, except
/// in CI, where it fails. Before the scenarios may stand another module than the product's, as
/// `in_envoy PATH;`.
#[macro_export]
macro_rules! on_both_drivers {
    ($($scenario:ident),+ $(,)?) => {
        $crate::on_both_drivers!(in_envoy $crate::envoy::module(); $($scenario),+);
    };
    (in_envoy $module:expr; $($scenario:ident),+ $(,)?) => {
        mod in_process {
            $(#[test] fn $scenario() {
                super::$scenario::<$crate::fake_host::FakeHost>();
            })+
        }
        mod in_envoy {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$module) {
                    super::$scenario::<$crate::envoy::Envoy>();
                }
            })+
        }
    };
}

/// Makes a test of each scenario in Envoy alone: what it is about, the fake host does not have.
#[macro_export]
macro_rules! in_envoy {
    ($($scenario:ident),+ $(,)?) => {
        mod in_envoy_alone {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$crate::envoy::module()) {
                    super::$scenario();
                }
            })+
        }
    };
}
