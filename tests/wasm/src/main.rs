//! Writes the JavaScript bindings of a wasm test build: `wasm-bindings MODULE FOLDER`.
//!
//! It is what `wasm-bindgen-test-runner` does before it starts Node, without the browsers, the HTTP server and
//! the command line that make that program slow to compile.

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let [_, module, folder] = arguments.as_slice() else {
        eprintln!("usage: wasm-bindings MODULE FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let written = bindgen.nodejs(true).and_then(|bindgen| {
        bindgen
            .input_path(module)
            .out_name("tests")
            .export_wasm(true)
            .emit_start(false)
            .generate(folder)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error:?}");
            ExitCode::FAILURE
        }
    }
}
