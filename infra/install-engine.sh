#!/bin/sh
# Install what builds and runs the container on Debian or Ubuntu, without a daemon: infra/install-engine.sh (as root)
# With --tests, also install what the whole test suite needs: a browser, PostgreSQL's programs, and Python's venv module.
set -eu

missing=
want() { dpkg -s "$1" >/dev/null 2>&1 || missing="$missing $1"; }
have() { command -v "$1" >/dev/null 2>&1; }
install() {
    # Unquoted on purpose: one word for each package.
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
    missing=
}

for package in podman runc netavark aardvark-dns iptables catatonit mmdebstrap uidmap; do
    want "$package"
done
server=
if [ "${1:-}" = --tests ]; then
    have chromium || have chromium-browser || have google-chrome || want chromium
    python3 -c 'import venv, ensurepip' 2>/dev/null || want python3-venv
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || server=postgresql
fi
[ -n "$missing$server" ] || exit 0

echo "installing$missing $server"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
[ -z "$missing" ] || install
if [ -n "$server" ]; then
    # Only the programs: by default, installing the server also creates a cluster and starts it.
    missing=postgresql-common
    install
    sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    missing=$server
    install
fi
