//! The examples at the end of each `--help`.

pub(super) const EXAMPLES: &str = "\
Examples:
  portcullis check envoy.yaml
  portcullis test policy.test.yaml
  echo \"$TOKEN\" | portcullis explain --config envoy.yaml --token -

Exit codes: 0 done, 1 findings, 2 usage.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  portcullis check policy.yaml
  portcullis check --strict envoy.yaml routes.yaml
  portcullis check --json envoy.yaml
  portcullis check policy.yaml --jwks okta=keys.json
  portcullis check --mcp http://mcp.internal:8080/mcp

Exit codes: 0 no errors, 1 errors (with --strict, also warnings), 2 usage.";

pub(super) const DECIDE_EXAMPLES: &str = r#"Example:
  echo '{"id":1,"method":"GET","path":"/orders","headers":[]}' | portcullis decide --config policy.yaml

Exit codes: 0 decided, 1 the configuration is refused, 2 usage."#;

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  echo \"$TOKEN\" | portcullis explain --config policy.yaml --jwks okta=keys.json --token -
  portcullis explain --config envoy.yaml --token token.txt --request GET /orders --header 'Host: api.example.com'

Exit codes: 0 accepted, 1 refused, 2 usage.";

pub(super) const CLIENT_SECRET_EXAMPLES: &str = "\
Example:
  portcullis client-secret";

pub(super) const TEST_EXAMPLES: &str = "\
Examples:
  portcullis test policy.test.yaml
  portcullis test --coverage --fail-under 80 tests/*.yaml
  portcullis test --junit results.xml policy.test.yaml

Exit codes: 0 all pass, 1 a test fails or coverage is too low, 2 usage.";

pub(super) const SCHEMA_EXAMPLES: &str = "\
Example:
  portcullis schema > portcullis.schema.json";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Example:
  portcullis completions bash | sudo tee /etc/bash_completion.d/portcullis >/dev/null";

pub(super) const MAN_EXAMPLES: &str = "\
Example:
  sudo portcullis man /usr/local/share/man/man1";

pub(super) const MIGRATE_EXAMPLES: &str = "\
Examples:
  portcullis migrate envoy.yaml > policy.yaml
  portcullis migrate --rewrite --module /etc/envoy/portcullis.wasm envoy.yaml > new.yaml
  portcullis migrate --rewrite --native /usr/lib/envoy/libportcullis-0.2.0.so envoy.yaml > new.yaml

Exit codes: 0 printed, 1 no jwt_authn filter, or a filter cannot be migrated, 2 usage.";
