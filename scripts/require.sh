#!/usr/bin/env bash
# Makes sure that the named tools are installed. On Debian, installs the packages of missing tools,
# with sudo if the user is not root. On other systems, or if Rust is missing, prints what to install.
set -euo pipefail

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Installs Debian packages. The first argument is the tool that needs them.
install_for() {
    local tool=$1
    shift
    local root=()
    if ! command -v apt-get >/dev/null; then
        fail "$tool is missing. Install it (on Debian: $*) and run make again."
    fi
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null \
            || fail "$tool is missing, and this user cannot install it. Run as root: apt-get install $*"
        root=(sudo)
    fi
    echo "Installing $* for $tool"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

node_major() {
    node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'
}

for tool in "$@"; do
    case $tool in
        cargo)
            command -v cargo >/dev/null && command -v rustup >/dev/null \
                || fail "Rust is missing. Install rustup from https://rustup.rs and run make again."
            ;;
        cc) command -v cc >/dev/null || install_for "the C linker" gcc libc6-dev ;;
        node)
            command -v node >/dev/null || install_for Node.js nodejs
            [ "$(node_major)" -ge 20 ] \
                || fail "Node.js $(node --version) is too old. Install 20 or later from https://nodejs.org"
            ;;
        dockerd) command -v dockerd >/dev/null || install_for Docker docker.io iptables ;;
        docker) command -v docker >/dev/null || install_for Docker docker-cli ;;
        docker-compose)
            docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null \
                || install_for "Docker Compose" docker-compose
            ;;
        npm) command -v npm >/dev/null || install_for npm npm ;;
        pip)
            command -v python3 >/dev/null || install_for python3 python3
            python3 -m pip --version >/dev/null 2>&1 || install_for pip python3-pip
            ;;
        taskset) command -v taskset >/dev/null || install_for taskset util-linux ;;
        *) command -v "$tool" >/dev/null || install_for "$tool" "$tool" ;;
    esac
done
