#!/usr/bin/env bash
# Runs the Compose demo on a machine without access to an image registry. The script builds the
# images itself, under the names in docker-compose.yml, from Debian (downloaded from this machine's
# apt mirror), this machine's Node.js and the given Envoy. If no Docker daemon answers, the script
# installs and starts one. Afterwards it removes everything that it made, except Debian's files in
# .tools/.
#
#   scripts/compose-test.sh ENVOY        (as root, on Debian)
set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
envoy=$(realpath "$1")
scripts=$(realpath "$(dirname "$0")")
root=$(dirname "$scripts")
tree=$root/.tools/compose-rootfs
composition=$root/envoy/compose/docker-compose.yml

if [ "$(id -u)" -ne 0 ]; then
    echo "error: this starts a Docker daemon and unpacks a Debian tree: run it as root" >&2
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

# Saves the rules of the firewall, because Docker does not remove its own chains when it ends. Only
# existing tables can be saved, so each table is listed first, which creates it.
save_firewall() {
    local family
    for family in iptables ip6tables; do
        "$family" -t filter -S >/dev/null && "$family" -t nat -S >/dev/null || true
        "$family-save" >"$state/$family" || true
    done
}

# Unpacks a minimal Debian. The folder is kept for the next run, because unpacking takes half a
# minute.
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
    if ! debootstrap --variant=minbase --include=libstdc++6 "$codename" "$tree" "$mirror" \
        >"$root/.tools/debootstrap.log" 2>&1; then
        tail -n 20 "$root/.tools/debootstrap.log" >&2
        exit 1
    fi
    touch "$tree/.complete"
}

# Makes one image that has the programs of every service, and tags it with the names of all
# services.
make_images() {
    local name node
    node=$(node -p process.execPath)
    install -m 755 "$envoy" "$tree/usr/local/bin/envoy"
    install -m 755 "$node" "$tree/usr/local/bin/node"
    for library in $(ldd "$node" | awk '/=> \// { print $3 }'); do
        [ -e "$tree$library" ] || install -D -m 755 "$library" "$tree$library"
    done
    for name in $(sed -n 's/^ *image: *//p' "$composition" | sort -u); do
        if docker image inspect "$name" >/dev/null 2>&1; then
            continue
        fi
        echo "Making the image $name"
        tar -C "$tree" -c . | docker import - "$name" >/dev/null
        made+=("$name")
    done
}

start_docker
make_tree
make_images
node "$root/envoy/compose/main.mjs"
