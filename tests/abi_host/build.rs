//! Makes the linker export, from the test programs, the functions that Envoy offers to dynamic
//! modules. The library under test, which the test programs load, calls these functions.

fn main() {
    let names = "envoy_dynamic_module_callback_*";
    println!("cargo::rustc-link-arg-tests=-Wl,--export-dynamic-symbol={names}");
    println!("cargo::rerun-if-changed=build.rs");
}
