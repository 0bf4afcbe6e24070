//! Test support: drivers for the scenarios, scripted servers, signers.
//!
//! - [`fake_host::FakeHost`] links the module natively and plays the proxy: it is fast, deterministic and easy
//!   to debug.
//! - [`envoy::Envoy`] runs the proxy-wasm module in the real Envoy over loopback sockets.
//! - [`envoy::NativeEnvoy`] runs the dynamic module there.
//!
//! A scenario is a function over any [`driver::Driver`]. [`on_every_driver!`] makes a test of it for each.

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
pub mod identity_providers;
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

/// Makes a test of each scenario for each driver: `in_process::…`, `in_envoy::…` and `in_native::…`.
///
/// A scenario is `fn name<D: Driver>()`. Without an Envoy or its module, a test says so and passes; in CI it fails.
/// `in_envoy PATH;` ahead of the scenarios names another module that Envoy needs for them.
#[macro_export]
macro_rules! on_every_driver {
    ($($scenario:ident),+ $(,)?) => {
        $crate::on_every_driver!(in_envoy $crate::envoy::module(); $($scenario),+);
        mod in_native {
            $(#[test] fn $scenario() {
                if $crate::envoy::is_installed(&$crate::envoy::library()) {
                    super::$scenario::<$crate::envoy::NativeEnvoy>();
                }
            })+
        }
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

/// Makes two tests of each scenario that is about the host of a proxy-wasm module: what it withholds, and what
/// it does for the module.
#[macro_export]
macro_rules! on_wasm_hosts {
    ($($scenario:ident),+ $(,)?) => {
        mod of_wasm {
            $crate::on_every_driver!(in_envoy $crate::envoy::module(); $($scenario),+);
            $(use super::$scenario;)+
        }
    };
}

/// Makes a test of each scenario in Envoy with each build. The fake host does not have what these are about.
#[macro_export]
macro_rules! on_both_builds {
    ($($scenario:ident),+ $(,)?) => {
        mod on_builds {
            mod in_envoy {
                $(#[test] fn $scenario() {
                    if $crate::envoy::is_installed(&$crate::envoy::module()) {
                        super::$scenario::<$crate::envoy::Envoy>();
                    }
                })+
            }
            mod in_native {
                $(#[test] fn $scenario() {
                    if $crate::envoy::is_installed(&$crate::envoy::library()) {
                        super::$scenario::<$crate::envoy::NativeEnvoy>();
                    }
                })+
            }
            $(use super::$scenario;)+
        }
    };
}

/// Makes a test of each scenario in Envoy only. The fake host does not have what these are about.
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
