#!/bin/sh
# Make a small Debian root file system with Python, for machines that cannot pull one: infra/base-image.sh OUT.tar
#
# Needs root, mmdebstrap and a working apt. Package sources and connection settings are read from this machine's apt
# and removed again: the image holds no address of a mirror, no proxy and no certificate of this machine.
set -eu

out=${1:?usage: infra/base-image.sh OUT.tar}

# A root file system is thousands of small files: in memory it takes half the time. Use /tmp if memory is too small.
free_kib=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ "${free_kib:-0}" -gt 1500000 ]; then TMPDIR=/dev/shm; else TMPDIR=/tmp; fi
export TMPDIR
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | grep " $codename" | sort -u >"$work/sources.list" || true
if [ ! -s "$work/sources.list" ]; then
    echo "no package lists of Debian $codename are known: run 'apt-get update' first" >&2
    exit 1
fi
apt-config dump --format '%f "%v";%n' Acquire::http Acquire::https Acquire::Retries >"$work/acquire.conf" || true

mmdebstrap --quiet --mode=root --variant=essential \
    --include=python3,python3-venv,ca-certificates,passwd,mawk,libstdc++6,libgomp1 \
    --aptopt="$work/acquire.conf" \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list* "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/log/*' \
    --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap' \
    "$codename" "$work/root.tar" "$work/sources.list"
mv "$work/root.tar" "$out"
