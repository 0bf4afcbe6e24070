#!/usr/bin/env bash
# Runs the Compose demo on a machine without access to an image registry. By default, the script builds
# the images of prebuilt.yml from Debian (downloaded from this machine's apt mirror), this machine's
# Node.js and the given Envoy. With BUILD=1, it builds only the base images that the Dockerfile names.
# These images contain this machine's Rust and the packages that the build needs. If Docker is
# missing, the script installs it. If no Docker daemon is running, the script starts one. Afterwards
# it stops this daemon, and removes the images and the files that it made. Docker stays installed, and
# the Debian tree stays in .tools/.
#
#   scripts/compose-test.sh ENVOY        (as root, on Debian)
set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
envoy=$(realpath "$1")
scripts=$(realpath "$(dirname "$0")")
root=$(dirname "$scripts")
tree=$root/.tools/compose-debian

if [ "$(id -u)" -ne 0 ]; then
    echo "error: this script starts a Docker daemon and unpacks a Debian tree: run the script as root" >&2
    exit 1
fi

daemon=
state=
made=()
clean_up() {
    if [ ${#made[@]} -gt 0 ]; then
        docker image rm --force "${made[@]}" >/dev/null || true
    fi
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
    if [ -n "$state" ]; then
        for family in iptables ip6tables; do
            "$family-restore" <"$state/$family" || true
        done
        rm -rf "$state"
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_docker() {
    "$scripts/require.sh" dockerd docker docker-compose
    if docker info >/dev/null 2>&1; then
        return
    fi
    echo "Starting a Docker daemon"
    # The folder is not in .tools/, because the path of a socket is limited to 107 characters.
    state=$(mktemp -d /tmp/portcullis-docker.XXXXXX)
    export DOCKER_HOST=unix://$state/docker.sock
    save_firewall
    dockerd --bridge none --data-root "$state/data" --exec-root "$state/exec" --pidfile "$state/pid" \
        --host "$DOCKER_HOST" >"$state/log" 2>&1 &
    daemon=$!
    for _ in $(seq 60); do
        if docker info >/dev/null 2>&1; then
            return
        fi
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.5
    done
    echo "error: the Docker daemon does not start:" >&2
    tail -n 20 "$state/log" >&2
    exit 1
}

# Saves the firewall rules for clean_up, because Docker does not remove its own chains when it stops.
# A table is saved only if it exists. Listing a table creates it, so each table is listed first.
save_firewall() {
    local family
    for family in iptables ip6tables; do
        "$family" -t filter -S >/dev/null && "$family" -t nat -S >/dev/null || true
        "$family-save" >"$state/$family" || true
    done
}

# Unpacks a minimal Debian, which the next run uses again. Unpacking takes half a minute.
make_tree() {
    if [ -e "$tree/.complete" ]; then
        return
    fi
    "$scripts/require.sh" debootstrap
    local codename mirror
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $codename" \
        | head -n 1)
    echo "Unpacking Debian $codename"
    rm -rf "$tree"
    if ! debootstrap --variant=minbase --include=libstdc++6,gcc,libc6-dev,ca-certificates "$codename" "$tree" "$mirror" \
        >"$root/.tools/debootstrap.log" 2>&1; then
        tail -n 20 "$root/.tools/debootstrap.log" >&2
        exit 1
    fi
    touch "$tree/.complete"
}

# The names of the images that the demo needs from a registry.
image_names() {
    if [ -n "${BUILD:-}" ]; then
        sed -n 's/^FROM \([^ ]*:[^ ]*\) .*/\1/p' "$root/Dockerfile" | sort -u
    else
        sed -n 's/^ *image: *//p' "$root/envoy/compose/prebuilt.yml" | sort -u
    fi
}

# Makes each image that does not exist yet. Every image contains the programs of all services. The
# Rust image also contains this machine's toolchain.
make_images() {
    local name node
    node=$(node -p process.execPath)
    install -m 755 "$envoy" "$tree/usr/local/bin/envoy"
    install -m 755 "$node" "$tree/usr/local/bin/node"
    for library in $(ldd "$node" | awk '/=> \// { print $3 }'); do
        [ -e "$tree$library" ] || install -D -m 755 "$library" "$tree$library"
    done
    if [ -n "${BUILD:-}" ]; then
        add_packages
        made+=(portcullis-demo-envoy portcullis-demo-servers)
    fi
    for name in $(image_names); do
        if docker image inspect "$name" >/dev/null 2>&1; then
            continue
        fi
        echo "Making the image $name"
        case $name in
            rust:*) tar -c -C "$tree" . -C / "${rust[@]}" | docker import "${offline[@]}" - "$name" >/dev/null ;;
            *) tar -c -C "$tree" . | docker import "${offline[@]}" - "$name" >/dev/null ;;
        esac
        made+=("$name")
    done
}

# The Docker build has no network. So this function copies npm and the npm packages of two folders
# into the Debian tree. It also sets two arrays. `rust` lists the paths of Rust and of the downloaded
# crates on this machine. `offline` lists the options that make the build use these local copies.
offline=()
rust=()
add_packages() {
    local npm folder cargo toolchain
    npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
    mkdir -p "$tree/usr/local/lib/node_modules" "$tree/npm"
    cp -a "$npm" "$tree/usr/local/lib/node_modules/"
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
    for folder in scripts/link-module envoy/authorization-server; do
        rm -rf "$tree/packages"
        mkdir "$tree/packages"
        cp "$root/$folder/"package*.json "$tree/packages/"
        (cd "$tree/packages" && npm ci --no-audit --no-fund --cache "$tree/npm" >/dev/null)
    done
    rm -rf "$tree/packages"
    cargo fetch --locked --quiet --manifest-path "$root/Cargo.toml"
    cargo=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
    toolchain=$(rustc --print sysroot)
    rust=("--exclude=${toolchain#/}/share" "${toolchain#/}" "${cargo#/}/registry/cache" "${cargo#/}/registry/index")
    # The build runs the programs of this machine's toolchain. The Dockerfile calls rustup only to add
    # a target that is already installed, so a script that does nothing replaces rustup.
    printf '#!/bin/sh\n' >"$tree/usr/local/bin/rustup"
    chmod 755 "$tree/usr/local/bin/rustup"
    offline=(
        --change "ENV PATH=$toolchain/bin:/usr/local/bin:/usr/bin:/bin CARGO_HOME=$cargo CARGO_NET_OFFLINE=true"
        --change "ENV npm_config_cache=/npm npm_config_offline=true"
    )
}

start_docker
make_tree
make_images
node "$root/envoy/compose/main.mjs"
