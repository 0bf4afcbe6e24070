//! Makes the test program export the functions that Envoy offers to dynamic modules. The library
//! that the program loads calls them.

fn main() {
    let names = "envoy_dynamic_module_callback_*";
    println!("cargo::rustc-link-arg-tests=-Wl,--export-dynamic-symbol={names}");
    println!("cargo::rerun-if-changed=build.rs");
}
