//! Operators try their policies with `portcullis decide`. For tokens of a real authorization
//! server, this command must make the same decisions as the module in Envoy.

use std::{fs, process};

use clap::Parser as _;
use portcullis_cli::{Arguments, Exit, run};
use serde_json::{Value, json};

use crate::{
    oidc_provider::{self, OidcProvider},
    tokens::{Case, Expected, cases},
    world::configuration,
};

#[test]
fn the_program_decides_as_the_module_does() {
    if !oidc_provider::is_installed() {
        return;
    }
    let server = OidcProvider::start();
    let cases = cases(&server);
    let decisions = decide(&server, &cases);
    assert_eq!(decisions.len(), cases.len());
    for (case, decision) in cases.iter().zip(&decisions) {
        let name = &case.name;
        assert_eq!(decision["id"], json!(name), "in order");
        match &case.expected {
            Expected::Client(client) => {
                assert_eq!(decision["decision"], "allow", "{name}: {decision}");
                assert_eq!(decision["status"], 200, "{name}");
                let forwarded = &decision["forwarded_headers"];
                assert_eq!(values(forwarded, "x-client"), [*client], "{name}");
                assert_eq!(values(forwarded, "x-tenant"), ["acme"], "{name}");
                assert_eq!(decision["removed_headers"], json!(["authorization"]));
            }
            Expected::Refused(status, reason, challenge) => {
                assert_eq!(decision["decision"], "deny", "{name}: {decision}");
                assert_eq!(decision["status"], *status, "{name}");
                assert_eq!(decision["reason"], *reason, "{name}");
                let answered = &decision["response_headers"];
                assert_eq!(values(answered, "www-authenticate"), [*challenge], "{name}");
            }
        }
    }
}

/// The decisions of `portcullis decide` for all cases.
fn decide(server: &OidcProvider, cases: &[Case]) -> Vec<Value> {
    let folder = support::folders::temporary().join(format!("e2e-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (config, jwks) = (folder.join("config.json"), folder.join("jwks.json"));
    fs::write(&config, configuration(server).to_string()).unwrap();
    fs::write(&jwks, server.jwks()).unwrap();
    let jwks = format!("login={}", jwks.display());
    let config = config.display().to_string();
    let arguments = ["portcullis", "decide", "--config", &config, "--jwks", &jwks];
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let lines: Vec<_> = cases.iter().map(line).collect();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let input = lines.join("\n");
    let exit = run(arguments, &mut input.as_bytes(), &mut output, &mut errors);
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(exit, Exit::Done, "{}", String::from_utf8_lossy(&errors));
    let lines = output.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn line(case: &Case) -> String {
    json!({
        "id": case.name,
        "method": "GET",
        "path": case.path,
        "authority": "api.example.com",
        "headers": [["Authorization", format!("Bearer {}", case.token)]],
    })
    .to_string()
}

fn values<'a>(headers: &'a Value, name: &str) -> Vec<&'a str> {
    let lines = headers.as_array().unwrap().iter();
    lines
        .filter(|line| line[0] == name)
        .map(|line| line[1].as_str().unwrap())
        .collect()
}
