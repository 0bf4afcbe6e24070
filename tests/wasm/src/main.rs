//! Writes the JavaScript bindings of a wasm build: `wasm-bindings node MODULE FOLDER` for tests in
//! Node, or `wasm-bindings page MODULE FOLDER` for a script in a web page.
//!
//! `wasm-bindgen-test-runner` also writes these bindings before it starts Node. But it is slow to
//! compile, because it also contains an HTTP server, a command line and support for browsers.

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let [_, host, module, folder] = arguments.as_slice() else {
        eprintln!("usage: wasm-bindings node|page MODULE FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let host = match host.as_str() {
        "page" => bindgen
            .no_modules(true)
            .map(|bindgen| bindgen.out_name("page").typescript(false))
            .map(|bindgen| bindgen.remove_name_section(true).remove_producers_section(true)),
        _ => bindgen.nodejs(true).map(|bindgen| {
            let bindgen = bindgen.out_name("tests").export_wasm(true);
            bindgen.emit_start(false)
        }),
    };
    let written = host.and_then(|bindgen| bindgen.input_path(module).generate(folder));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error:?}");
            ExitCode::FAILURE
        }
    }
}
