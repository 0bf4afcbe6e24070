//! Makes the test program export Envoy's functions, so that the library finds them.

fn main() {
    let names = "envoy_dynamic_module_callback_*";
    println!("cargo::rustc-link-arg-tests=-Wl,--export-dynamic-symbol={names}");
    println!("cargo::rerun-if-changed=build.rs");
}
