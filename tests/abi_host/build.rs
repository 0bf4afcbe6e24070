//! The test programs take the place of Envoy, so they contain the functions that Envoy offers to
//! dynamic modules. This script makes the linker export these functions. The library under test,
//! which the programs load, can then call them.

fn main() {
    let names = "envoy_dynamic_module_callback_*";
    println!("cargo::rustc-link-arg-tests=-Wl,--export-dynamic-symbol={names}");
    println!("cargo::rerun-if-changed=build.rs");
}
