# Builds Portcullis with nothing but Docker. The result is an image of Envoy that has the module in
# /etc/envoy/portcullis.wasm:
#
#   docker build --tag envoy-portcullis .
#
# Other targets: `module` is an image whose only file is /plugin.wasm; Istio and Envoy Gateway can pull
# it. `demo` has the two servers of the demo, which envoy/compose/docker-compose.yml starts.

FROM rust:1.95-slim-bookworm AS compiled
WORKDIR /portcullis
RUN rustup target add wasm32-unknown-unknown
COPY . .
RUN scripts/without-paths.sh build --locked --release --package portcullis-wasm --target wasm32-unknown-unknown

FROM node:22-slim AS linked
WORKDIR /portcullis
COPY scripts/link-module .
RUN npm ci --no-audit --no-fund
COPY --from=compiled /portcullis/target/wasm32-unknown-unknown/release/portcullis_wasm.wasm .
RUN node main.mjs portcullis_wasm.wasm portcullis.wasm

FROM scratch AS module
COPY --from=linked /portcullis/portcullis.wasm /plugin.wasm

FROM node:22-slim AS demo
WORKDIR /srv
COPY envoy/authorization-server authorization-server
RUN cd authorization-server && npm ci --no-audit --no-fund
COPY envoy/demo/upstream.mjs .
USER 1000:1000

FROM envoyproxy/envoy:v1.40.0 AS envoy
COPY --from=linked /portcullis/portcullis.wasm /etc/envoy/portcullis.wasm
