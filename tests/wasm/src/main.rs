//! Writes the JavaScript bindings of a wasm test build: `wasm-bindings MODULE FOLDER`.
//!
//! `wasm-bindgen-test-runner` does the same before it starts Node, but its browsers, HTTP server
//! and command line make it slow to compile.

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
