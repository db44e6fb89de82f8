#!/bin/sh
# Install what builds and runs the container on Debian or Ubuntu, without a daemon: infra/install-engine.sh (as root)
set -eu

packages="podman runc netavark aardvark-dns iptables catatonit mmdebstrap"
missing=
for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Unquoted on purpose: one word for each package.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing
