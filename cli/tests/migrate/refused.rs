//! Configurations that `migrate` refuses, and the reasons that it reports.

use std::fs;

use super::{ENVOY, embedded, file, migrate};

pub(super) const PROVIDER: &str =
    "providers: { idp: { issuer: a, local_jwks: { filename: keys.json } } }";

/// Runs `migrate` and returns its messages. Checks that it prints nothing on standard output, and
/// that it ends with the exit code `code`.
pub(super) fn messages(file: &std::path::Path, arguments: &[&str], code: i32) -> String {
    let output = migrate(file, arguments);
    let messages = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{messages}");
    assert!(output.stdout.is_empty(), "prints nothing: {messages}");
    messages
}

#[test]
fn names_everything_that_cannot_be_migrated() {
    let filter = |more: &str| format!("{PROVIDER}\n{more}");
    for (name, configuration, place, reason) in [
        (
            "unknown",
            filter("frobnicate: 1"),
            "frobnicate",
            "unknown field; correct or delete the field",
        ),
        (
            "file",
            "providers: { a: { local_jwks: { filename: /no/such } } }".to_owned(),
            "providers.a.local_jwks.filename",
            r#"the file "/no/such" cannot be read"#,
        ),
        (
            "variable",
            "providers: { a: { local_jwks: { environment_variable: NO_SUCH_VARIABLE } } }".to_owned(),
            "providers.a.local_jwks.environment_variable",
            "the environment variable NO_SUCH_VARIABLE is not set",
        ),
        (
            "keys",
            "providers: { a: { local_jwks: { inline_string: PUBLIC-KEY } } }".to_owned(),
            "providers.a.local_jwks",
            "correct the keys",
        ),
        (
            "bytes",
            "providers: { a: { local_jwks: { inline_bytes: _w } } }".to_owned(),
            "providers.a.local_jwks.inline_bytes",
            "not text",
        ),
        (
            "template",
            filter("rules: [{ match: { path_match_policy: { name: a } } }]"),
            "rules[0].match.path_match_policy",
            "has no counterpart in Portcullis; write path_separated_prefix or safe_regex instead",
        ),
        (
            "type",
            "providers: { a: { issuer: [a] } }".to_owned(),
            "providers.a.issuer",
            "not a string",
        ),
        (
            "twice",
            filter("stat_prefix: a\nstatPrefix: b"),
            "stat_prefix",
            "in snake case and in camel case",
        ),
        (
            "refused",
            filter("rules: [{ match: { prefix: / }, requires: { provider_name: other } }]"),
            "typed_config",
            r#"the equivalent policy is refused: rules[0].requires.provider_name: unknown provider "other""#,
        ),
        (
            "no-name",
            filter("rules: [{ match: { prefix: / }, requires: { provider_name: '' } }]"),
            "typed_config",
            r#"rules[0].requires.provider_name: unknown provider """#,
        ),
        (
            "no-requirement",
            filter("rules: [{ match: { prefix: / }, requirement_name: '' }]"),
            "typed_config",
            "rules[0].requirement_name",
        ),
        (
            "no-audience",
            "providers: { a: { audiences: [''], local_jwks: { filename: keys.json } } }".to_owned(),
            "typed_config",
            "providers.a: tokens for any audience would be accepted",
        ),
        (
            "header",
            "providers: { a: { forward_payload_header: host, local_jwks: { filename: keys.json } } }"
                .to_owned(),
            "typed_config",
            "providers.a.forward_payload_header",
        ),
    ] {
        let said = messages(&embedded(&format!("refused-{name}"), &configuration), &[], 1);
        let (at, why) = said
            .split_once("http_filters[0].typed_config")
            .unwrap_or_default();
        assert!(at.contains("static_resources.listeners[0]"), "{said}");
        let place = if place == "typed_config" { ": " } else { place };
        assert!(why.contains(place) && why.contains(reason), "{name}: {said}");
    }
}

#[test]
fn does_not_guess_the_meaning_of_a_route() {
    let jwt = ENVOY.replace("FILTER", &format!("              {PROVIDER}"));
    let config =
        "\"@type\": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";
    let disabled = |name: &str| {
        format!("typed_per_filter_config: {{ {name}: {{ {config}, disabled: true }} }}")
    };
    let route = "routes: [{ match: { prefix: / }, direct_response: { status: 200 } }]";
    let unequal = format!(
        "routes: [{{ match: {{ prefix: / }}, route: {{ weighted_clusters: {{ clusters: [\
         {{ name: a, weight: 1, {} }}, {{ name: b, weight: 1 }}] }} }} }}]",
        disabled("envoy.filters.http.jwt_authn")
    );
    let requirement = format!(
        "{route}\n              typed_per_filter_config: {{ envoy.filters.http.jwt_authn: {{ {config}, \
         requirement_name: a }} }}"
    );
    let everywhere = format!(
        "{route}\n              {}",
        disabled("envoy.filters.http.jwt_authn")
    );
    let second = "          - name: second\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication\n          - name: envoy.filters.http.router\n";
    let router = "          - name: envoy.filters.http.router\n";
    for (name, document, reason) in [
        (
            "clusters",
            jwt.replace(route, &unequal),
            "clusters[1]: weighted clusters of one route require different tokens",
        ),
        (
            "one-of-two",
            jwt.replace(route, &everywhere).replace(router, second),
            "for one of several jwt_authn filters",
        ),
        (
            "enables",
            jwt.replace(route, &requirement).replace(
                "          - name: envoy.filters.http.jwt_authn\n",
                "          - name: envoy.filters.http.jwt_authn\n            disabled: true\n",
            ),
            "the jwt_authn filter is disabled by default",
        ),
    ] {
        let path = file(&format!("routes-{name}.yaml"), &document);
        let said = messages(&path, &[], 1);
        assert!(said.contains(reason), "{name}: {said}");
    }
}

#[test]
fn reports_overrides_that_no_rewrite_moved() {
    let output = migrate(&super::folder().join("documents/routes.yaml"), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains(
            r#"virtual_hosts[0].routes[0]: the module reads a route's requirement from the route's metadata; write metadata.filter_metadata.portcullis: {"requirement_name":"idp"}"#
        ),
        "{said}"
    );
}

#[test]
fn distinguishes_wrong_usage_from_findings() {
    let without = file("without.yaml", "static_resources: { listeners: [] }");
    let filter = embedded("usage", PROVIDER);
    for (path, arguments, code, reason) in [
        (&without, &[][..], 1, "no jwt_authn filter"),
        (
            &without,
            &["--rewrite", "--module", "m"],
            1,
            "no jwt_authn filter",
        ),
        (&"/no/such".into(), &[], 2, "/no/such"),
        (
            &file("broken.yaml", "a: ["),
            &[],
            2,
            "neither JSON nor YAML",
        ),
        (&file("twice.yaml", "a: 1\na: 2"), &[], 2, "occurs twice"),
        (
            &file("two.yaml", "a: 1\n---\nb: 2"),
            &[],
            2,
            "several YAML documents",
        ),
        (&filter, &["--rewrite"], 2, "--module"),
        (&filter, &["--module", "m"], 2, "--rewrite"),
    ] {
        let said = messages(path, arguments, code);
        assert!(said.contains(reason), "{said}");
    }
}

/// If nothing writes the metadata of `jwt_authn` any more, an RBAC filter that denies requests
/// based on this metadata would deny nothing.
#[test]
fn opens_nothing_that_rbac_refuses_by_metadata() {
    let metadata = "{ filter: envoy.filters.http.jwt_authn, path: [{ key: jwt }, { key: sub }], \
        value: { string_match: { exact: mallory } } }";
    let rules = |action: &str, principal: &str| {
        format!(
            "{{ action: {action}, policies: {{ p: {{ permissions: [{{ any: true }}], principals: [{principal}] }} }} }}"
        )
    };
    let direct = format!("{{ metadata: {metadata} }}");
    let negated = format!("{{ not_id: {{ metadata: {metadata} }} }}");
    let inverted = direct.replace("filter:", "invert: true, filter:");
    let matcher = inverted.replace("{ metadata:", "{ metadata_matcher:");
    let sourced = format!("{{ sourced_metadata: {matcher} }}");
    for (name, rules, opens) in [
        ("denied", rules("DENY", &direct), true),
        ("negated", rules("ALLOW", &negated), true),
        ("inverted", rules("ALLOW", &inverted), true),
        ("sourced", rules("ALLOW", &sourced), true),
        (
            "not-inverted",
            rules("ALLOW", &inverted.replace("true", "false")),
            false,
        ),
        ("allowed", rules("ALLOW", &direct), false),
    ] {
        let router = "          - name: envoy.filters.http.router";
        let rbac = format!(
            "          - name: rbac
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
              rules: {rules}
{router}"
        );
        let envoy = fs::read_to_string(embedded("rbac", PROVIDER)).unwrap();
        let file = file(&format!("rbac-{name}.yaml"), &envoy.replace(router, &rbac));
        let rewrite = ["--rewrite", "--module", "m"];
        if opens {
            let said = messages(&file, &rewrite, 1);
            assert!(said.contains("http_filters[1].typed_config: "), "{said}");
            assert!(said.contains("the denied requests would get in"), "{said}");
        } else {
            assert_eq!(migrate(&file, &rewrite).status.code(), Some(0), "{name}");
        }
        let output = migrate(&file, &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            said.contains("the denied requests would GET IN"),
            opens,
            "{said}"
        );
        assert!(said.contains("is no longer written"), "{said}");
    }
}

/// If the module got a name that routes already use for another filter, the routes' overrides for
/// that filter would apply to the module.
#[test]
fn uses_no_name_that_routes_refer_to() {
    let envoy = fs::read_to_string(embedded("names", PROVIDER)).unwrap();
    for taken in ["portcullis", "envoy.filters.http.wasm"] {
        let route = "direct_response: { status: 200 }";
        let disabled = format!(
            "{route}, typed_per_filter_config: {{ {taken}: {{ \"@type\": \
             type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true }} }}"
        );
        let file = file(
            &format!("names-{taken}.yaml"),
            &envoy.replace(route, &disabled),
        );
        let rewritten = super::printed(&migrate(&file, &["--rewrite", "--module", "m"]));
        assert!(rewritten.contains(&format!("{taken}:\n")), "{rewritten}");
        assert!(
            !rewritten.contains(&format!("- name: {taken}\n")),
            "{rewritten}"
        );
    }
}

/// A connection manager with one `jwt_authn` filter, which is called `name`.
pub(super) fn manager(name: &str, more: &str) -> String {
    format!(
        r#"- "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
  {more}
  http_filters:
  - name: {name}
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
      {PROVIDER}
      requirement_map: {{ strict: {{ provider_name: idp }} }}
"#
    )
}

pub(super) const PER_ROUTE: &str =
    r#""@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig"#;
const ANY_FILTER: &str = r#""@type": type.googleapis.com/envoy.config.route.v3.FilterConfig"#;

/// A route configuration with a single route that has these overrides.
pub(super) fn routes(overrides: &str) -> String {
    format!(
        "{{ virtual_hosts: [{{ name: a, domains: ['*'], routes: [{{ match: {{ prefix: / }}, \
         direct_response: {{ status: 200 }}, typed_per_filter_config: {overrides} }}] }}] }}"
    )
}

/// A route's metadata applies to every Portcullis filter in front of the route, and the route does
/// not say which filters those are.
#[test]
fn keeps_overrides_of_different_filters_apart() {
    let strict = format!("{{ {PER_ROUTE}, requirement_name: strict }}");
    let off = format!("{{ {PER_ROUTE}, disabled: true }}");
    let both = routes(&format!("{{ public: {strict}, internal: {off} }}"));
    let one = routes(&format!("{{ public: {off} }}"));
    let any = routes(&format!(
        "{{ envoy.filters.http.jwt_authn: {{ {ANY_FILTER}, disabled: true }}, public: {strict} }}"
    ));
    let shared = |routes: &str| {
        let (first, second) = (format!("route_config: &r {routes}"), "route_config: *r");
        let (first, second) = (manager("public", &first), manager("internal", second));
        format!("resources:\n{first}{second}")
    };
    let alone = |routes: &str| format!("resources: [{routes}]");
    for (name, document) in [
        ("both", shared(&both)),
        ("one", shared(&one)),
        ("alone", alone(&both)),
        ("any", alone(&any)),
    ] {
        let path = file(&format!("apart-{name}.yaml"), &document);
        let said = messages(&path, &["--rewrite", "--module", "m"], 1);
        assert!(
            said.contains("for one of several jwt_authn filters"),
            "{name}: {said}"
        );
    }
    let same = shared(&one).replace("name: internal", "name: public");
    let path = file("apart-same.yaml", &same);
    let rewritten = super::printed(&migrate(&path, &["--rewrite", "--module", "m"]));
    assert_eq!(
        rewritten.matches("disabled: true").count(),
        2,
        "{rewritten}"
    );
}

/// A file with a route table may lack the listener and the filter that use the table. So `migrate`
/// must not drop the table's overrides.
#[test]
fn loses_no_override_for_a_filter_of_another_file() {
    let strict = |name: &str| {
        routes(&format!(
            "{{ {name}: {{ {PER_ROUTE}, requirement_name: strict }} }}"
        ))
    };
    let manager = manager("public", "rds: { route_config_name: r }");
    let with = |name: &str| format!("resources:\n{manager}- {}\n", strict(name));
    let rewrite = ["--rewrite", "--module", "m"];
    let said = messages(&file("other-file.yaml", &with("elsewhere")), &rewrite, 1);
    assert!(
        said.contains("or for a filter that is not in this file"),
        "{said}"
    );
    let rewritten = super::printed(&migrate(&file("this-file.yaml", &with("public")), &rewrite));
    assert!(rewritten.contains("portcullis-rollout"), "{rewritten}");
}

/// `--filter` names the filter that a file of routes is for. Overrides for another filter are
/// refused.
#[test]
fn refuses_overrides_of_a_filter_that_was_not_named() {
    let off = |name: &str| routes(&format!("{{ {name}: {{ {PER_ROUTE}, disabled: true }} }}"));
    let path = file("said.yaml", &format!("resources: [{}]", off("jwt")));
    let rewrite = ["--rewrite", "--module", "m", "--filter", "jwt"];
    let rewritten = super::printed(&migrate(&path, &rewrite));
    assert!(rewritten.contains("portcullis-rollout/jwt:"), "{rewritten}");
    let other = ["--rewrite", "--module", "m", "--filter", "jwt2"];
    let said = messages(&path, &other, 1);
    assert!(said.contains("that no --filter names"), "{said}");
    let both = [&rewrite[..], &["--filter", "jwt2"]].concat();
    let said = messages(&path, &both, 1);
    assert!(said.contains("for one of several"), "{said}");
    let manager = manager("jwt", "rds: { route_config_name: r }");
    let path = file("said-filter.yaml", &format!("resources:\n{manager}"));
    let said = messages(&path, &rewrite, 2);
    assert!(said.contains("--filter is for a file of routes"), "{said}");
}

/// For a `jwt_authn` filter that is inside another filter, `migrate` adds a guard, which refuses
/// every request. A file of routes cannot switch off this guard if the routes have overrides.
#[test]
fn keeps_a_nested_filter_closed_to_routes_with_overrides() {
    let manager = manager("composite", "rds: { route_config_name: r }");
    let within = manager.replace("typed_config:\n", "typed_config:\n     action:\n");
    let routes = |say: &str| format!("resources: [{}]", routes(say));
    let over = routes(&format!(
        "{{ composite: {{ {PER_ROUTE}, disabled: true }} }}"
    ));
    let rewrite = ["--rewrite", "--module", "m", "--filter", "composite"];
    let guard = "portcullis-rollout-within/composite";
    for (name, document, arguments, has_guard) in [
        ("listener", format!("resources:\n{within}"), 3, true),
        ("over", over.clone(), 3, false),
        ("over-said", over, 5, false),
        ("nothing-said", routes("{}"), 5, true),
    ] {
        let path = file(&format!("within-{name}.yaml"), &document);
        let rewritten = super::printed(&migrate(&path, &rewrite[..arguments]));
        assert_eq!(rewritten.contains(guard), has_guard, "{name}: {rewritten}");
    }
}

/// Each of two filters has a guard, which refuses every request. A file of routes that configures
/// one filter does not switch off the other filter's guard, so `migrate` warns.
#[test]
fn warns_of_several_filters_in_a_chain_whose_routes_come_separately() {
    let manager = manager("jwt", "rds: { route_config_name: r }");
    let (head, chain) = manager.split_once("- name: jwt").unwrap();
    let two = format!("{head}- name: jwt{chain}  - name: jwt2{chain}");
    let path = file("several-guards.yaml", &format!("resources:\n{two}"));
    let output = migrate(&path, &["--rewrite", "--module", "m"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let guards = "portcullis-rollout/jwt, portcullis-rollout/jwt2";
    let danger = said.lines().find(|line| line.contains(guards));
    assert!(
        danger.is_some_and(|line| line.contains(": danger: ")),
        "{said}"
    );
}

/// The file has only routes. `migrate` cannot see which headers the filters in another file edit,
/// so it warns of every route that is matched by a header.
#[test]
fn warns_of_routes_alone_that_are_matched_by_headers() {
    let over = format!("{{ jwt: {{ {PER_ROUTE}, requirement_name: strict }} }}");
    let routes = routes(&over).replace(
        "prefix: / }",
        "prefix: /, headers: [{ name: x-user, present_match: true }] }",
    );
    let path = file("unsettled-alone.yaml", &format!("resources: [{routes}]"));
    let output = migrate(&path, &["--rewrite", "--module", "m"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains(": danger: resources[0].virtual_hosts[0].routes[0].match"),
        "{said}"
    );
    assert!(said.contains("NEVER CHECKED"), "{said}");
}

/// Envoy looks up a filter's `disabled` and its `config` separately. It looks for each first in the
/// route, then in the virtual host, then in the route configuration.
#[test]
fn keeps_filters_enabled_that_routes_enable_again() {
    let (off, on) = (
        format!("{{ {ANY_FILTER}, disabled: true }}"),
        format!("{{ {ANY_FILTER}, config: {{}} }}"),
    );
    let strict = format!("{{ {PER_ROUTE}, requirement_name: strict }}");
    let open = format!("{{ {PER_ROUTE}, disabled: true }}");
    let wrapped = format!("{{ {ANY_FILTER}, config: {strict} }}");
    let (disabled, requirement) = ("disabled: true", "requirement_name: strict");
    for (name, (all, host, route), expected) in [
        ("rules", ("", &off, &on), ""),
        ("own", ("", &off, &strict), requirement),
        ("wrapped", ("", &off, &wrapped), requirement),
        ("outermost", (strict.as_str(), &off, &on), requirement),
        ("off", ("", &strict, &off), disabled),
        ("open", ("", &open, &on), disabled),
        ("closed", (open.as_str(), &strict, &on), requirement),
    ] {
        let say = |config: &str| match config {
            "" => "{}".to_owned(),
            config => format!("{{ jwt: {config} }}"),
        };
        let routes = routes(&say(route))
            .replace(
                "name: a,",
                &format!("name: a, typed_per_filter_config: {},", say(host)),
            )
            .replacen(
                '{',
                &format!("{{ typed_per_filter_config: {},", say(all)),
                1,
            );
        let manager = manager("jwt", &format!("route_config: {routes}"));
        let path = file(
            &format!("enable-{name}.yaml"),
            &format!("resources:\n{manager}"),
        );
        let rewritten = super::printed(&migrate(&path, &["--rewrite", "--module", "m"]));
        let metadata = rewritten
            .split_once("filter_metadata:")
            .unwrap_or_default()
            .1;
        for found in [disabled, requirement] {
            assert_eq!(
                metadata.contains(found),
                found == expected,
                "{name}: {rewritten}"
            );
        }
        assert!(!rewritten.contains("FilterConfig"), "{name}: {rewritten}");
    }
}

#[test]
fn refuses_overrides_that_envoy_refuses() {
    for (name, config) in [
        ("nothing", PER_ROUTE.to_owned()),
        (
            "both",
            format!("{PER_ROUTE}, disabled: true, requirement_name: strict"),
        ),
        ("unnamed", format!("{PER_ROUTE}, requirement_name: ''")),
        ("empty", format!("{ANY_FILTER}, disabled: false")),
        (
            "other",
            format!("{ANY_FILTER}, config: {{ \"@type\": a/b }}"),
        ),
        ("typeless", "disabled: true".to_owned()),
    ] {
        let routes = routes(&format!("{{ jwt: {{ {config} }} }}"));
        let manager = manager("jwt", &format!("route_config: {routes}"));
        let path = file(
            &format!("override-{name}.yaml"),
            &format!("resources:\n{manager}"),
        );
        let said = messages(&path, &[], 1);
        assert!(
            said.contains("not an override that Envoy accepts"),
            "{name}: {said}"
        );
    }
}

/// A requirement may be empty in one filter, while another filter has no requirement with that name
/// and refuses the request.
#[test]
fn opens_no_route_by_a_requirement_of_another_filter() {
    let routes = routes(&format!(
        "{{ jwt: {{ {PER_ROUTE}, requirement_name: nothing }} }}"
    ));
    let lacking = manager("jwt", &format!("route_config: &r {routes}"));
    let empty = manager("jwt", "route_config: *r").replace("map: {", "map: { nothing: {},");
    let with = |first: &str| format!("resources:\n{first}{empty}");
    let said = messages(&file("empty-one.yaml", &with(&lacking)), &[], 1);
    assert!(said.contains("is empty in one jwt_authn filter"), "{said}");
    let both = with(&lacking.replace("map: {", "map: { nothing: {},"));
    let rewritten = super::printed(&migrate(
        &file("empty-both.yaml", &both),
        &["--rewrite", "--module", "m"],
    ));
    assert_eq!(
        rewritten.matches("disabled: true").count(),
        2,
        "{rewritten}"
    );
}

/// An override that applies to no route of the document would be lost, so `migrate` refuses it.
#[test]
fn loses_no_override() {
    let say =
        format!("typed_per_filter_config: {{ jwt: {{ {PER_ROUTE}, requirement_name: strict }} }}");
    let some = routes("{}").replacen('{', &format!("{{ vhds: {{}}, {say},"), 1);
    let cluster = format!("{{ specifier: {{ other: {{ {say} }} }} }}");
    let within = routes("{}").replace(
        "direct_response: { status: 200 }",
        &format!("route: {cluster}"),
    );
    for (name, document) in [
        ("vhds", format!("resources: [{{ vhds: {{}}, {say} }}]")),
        ("some", format!("resources: [{some}]")),
        (
            "none",
            format!("resources: [{{ virtual_hosts: [], {say} }}]"),
        ),
        (
            "within",
            format!(
                "resources:\n{}",
                manager("jwt", &format!("route_config: {within}"))
            ),
        ),
    ] {
        let path = file(&format!("lost-{name}.yaml"), &document);
        let said = messages(&path, &["--rewrite", "--module", "m"], 1);
        assert!(
            said.contains("override is for routes that are not in this file"),
            "{name}: {said}"
        );
    }
}

#[test]
fn leaves_no_filter_disabled_that_routes_of_another_file_enable() {
    let manager = manager("jwt", "rds: { route_config_name: r }")
        .replace("- name: jwt", "- name: jwt\n    disabled: true");
    let path = file("disabled-rds.yaml", &format!("resources:\n{manager}"));
    let said = messages(&path, &["--rewrite", "--module", "m"], 1);
    assert!(
        said.contains("rds: the jwt_authn filter is disabled by default"),
        "{said}"
    );
}

/// Envoy chooses the route again after the module has edited headers. The module would not check
/// the requirement of the second route.
#[test]
fn matches_no_routes_by_headers_that_the_module_edits() {
    let places = "claim_to_headers: [{ header_name: x-user, claim_name: sub }], \
        forward_payload_header: x-payload";
    let cookies = "from_cookies: [sid], from_headers: [{ name: x-token }], from_params: [t]";
    let over = format!("{{ jwt: {{ {PER_ROUTE}, requirement_name: strict }} }}");
    let header = |name: &str| format!("headers: [{{ name: '{name}', present_match: true }}]");
    let param = |name: &str| format!("query_parameters: [{{ name: {name}, present_match: true }}]");
    for (name, provider, matched, over, is_refused) in [
        ("claim", places, header("X-User"), over.as_str(), true),
        ("confusable", places, header("x_user"), &over, true),
        ("confusable-dot", places, header("x.user"), &over, true),
        ("payload", places, header("x-payload"), &over, true),
        (
            "marker",
            places,
            header("x-jwt-signature-verified"),
            &over,
            true,
        ),
        ("bearer", places, header("authorization"), &over, true),
        ("standard", places, param("access_token"), &over, true),
        ("standard-dot", places, param("access.token"), &over, true),
        (
            "standard-code",
            places,
            param("'access%2Etoken'"),
            &over,
            true,
        ),
        ("status", places, header("x-ver"), &over, true),
        ("path", places, header(":path"), &over, true),
        ("token", cookies, header("x-token"), &over, true),
        ("cookie", cookies, header("cookie"), &over, true),
        (
            "cookies",
            cookies,
            "cookies: [{ name: sid }]".to_owned(),
            &over,
            true,
        ),
        ("param", cookies, param("t"), &over, true),
        ("other", places, header("x-env"), &over, false),
        ("method", places, header(":method"), &over, false),
        ("unused", cookies, header("authorization"), &over, false),
        ("alone", places, header("x-user"), "{}", false),
    ] {
        let routes = routes(over).replace("prefix: / }", &format!("prefix: /, {matched} }}"));
        let document = manager("jwt", &format!("route_config: {routes}"))
            .replace("issuer: a,", &format!("issuer: a, {provider},"))
            .replace(
                "map: {",
                "map: { extracts: { extract_only_without_validation: \
                { verification_status_header: x-ver } },",
            );
        let path = file(
            &format!("unsettled-{name}.yaml"),
            &format!("resources:\n{document}"),
        );
        let output = migrate(&path, &["--rewrite", "--module", "m"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(i32::from(is_refused)),
            "{name}: {said}"
        );
        assert_eq!(
            said.contains("envoy/routes.yaml"),
            is_refused,
            "{name}: {said}"
        );
        let said = String::from_utf8(migrate(&path, &[]).stderr).unwrap();
        assert_eq!(said.contains("NEVER CHECKED"), is_refused, "{name}: {said}");
    }
}

/// A provider of `jwt_authn` may have an empty name, and rules may require it.
#[test]
fn keeps_rules_for_a_provider_with_an_empty_name() {
    let keys = "local_jwks: { filename: keys.json }";
    let filter = format!(
        "providers: {{ '': {{ issuer: a, {keys} }} }}\nrules: [{{ match: {{ prefix: / }}, \
         requires: {{ provider_name: '' }} }}]"
    );
    let printed = super::printed(&migrate(&embedded("empty-name", &filter), &[]));
    assert!(printed.contains("provider_name: provider"), "{printed}");
}

/// A Portcullis policy looks like a `jwt_authn` configuration that lacks its type. If `migrate` has
/// already rewritten a file, it must not mistake the policy in the file for such a configuration.
#[test]
fn says_that_a_file_already_has_portcullis() {
    let rewritten = migrate(
        &embedded("already", PROVIDER),
        &["--rewrite", "--module", "m"],
    );
    let path = file("already-again.yaml", &super::printed(&rewritten));
    for arguments in [&[][..], &["--rewrite", "--module", "m"]] {
        let said = messages(&path, arguments, 1);
        assert!(
            said.contains("http_filters[0].typed_config.config: this filter is already Portcullis"),
            "{said}"
        );
        assert!(said.contains("nothing to migrate"), "{said}");
    }
}

/// Instead of the filter, a file may contain something similar, such as a `jwt_authn` filter of an
/// older Envoy API.
#[test]
fn names_what_refers_to_the_filter() {
    for (name, document, expected) in [
        (
            "v2alpha",
            "http_filters: [{ name: envoy.filters.http.jwt_authn, typed_config: { '@type': \
             type.googleapis.com/envoy.config.filter.http.jwt_authn.v2alpha.JwtAuthentication } }]",
            "no jwt_authn filter, but http_filters[0].typed_config is a \
             envoy.config.filter.http.jwt_authn.v2alpha.JwtAuthentication",
        ),
        (
            "istio",
            "kind: RequestAuthentication\nspec: { jwtRules: [{ issuer: a }] }",
            "istioctl proxy-config listener",
        ),
    ] {
        let said = messages(&file(&format!("instead-{name}.yaml"), document), &[], 1);
        assert!(said.contains(expected), "{said}");
    }
}
