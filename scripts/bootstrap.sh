#!/bin/sh
# Bring .venv in line with uv.lock; install uv into the project if the machine lacks it. Quick if nothing changed.
set -eu

UV_VERSION=0.13.9
cd "$(dirname "$0")/.."
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME
export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never

fail() {
    echo "error: $*" >&2
    exit 1
}

# The stamp contains the folder too: a virtual environment does not survive a move.
stamp=.venv/.tandem-stamp
state=$( { pwd; cat pyproject.toml uv.lock scripts/bootstrap.sh; } | cksum )
if [ -x .venv/bin/tandem ] && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
    exit 0
fi

python=
for name in python3 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        python=$(command -v "$name")
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed and none was found: install one and run make again"

uv=.tandem-tools/bin/uv
if command -v uv >/dev/null 2>&1 && [ "$(uv --version | cut -d ' ' -f 2)" = "$UV_VERSION" ]; then
    uv=uv
elif [ "$("$uv" --version 2>/dev/null | cut -d ' ' -f 2)" != "$UV_VERSION" ]; then
    echo "Installing uv $UV_VERSION into .tandem-tools ..."
    export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
    # A virtual environment takes seconds more, and is needed only where there is no pip, or one that cannot do this.
    if "$python" -m pip install --quiet --upgrade --target .tandem-tools/uv "uv==$UV_VERSION" 2>/dev/null; then
        installed=../uv/bin/uv
    else
        "$python" -c 'import venv, ensurepip' 2>/dev/null ||
            fail "$python has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv) and run make again"
        "$python" -m venv --clear .tandem-tools/venv
        .tandem-tools/venv/bin/python -m pip install --quiet "uv==$UV_VERSION" ||
            fail "uv $UV_VERSION could not be installed: see the lines above (is the package index reachable?)"
        installed=../venv/bin/uv
    fi
    # A folder with nothing but uv: on PATH, the other programs of a virtual environment would hide the machine's own.
    mkdir -p .tandem-tools/bin
    ln -sf "$installed" "$uv"
fi

if [ -x .venv/bin/python ]; then
    echo "Updating the packages in .venv ..."
else
    echo "Installing the packages into .venv (about 1.2 GB; a minute or less on a fast connection) ..."
    set -- --python "$python"
fi
rm -f "$stamp"
"$uv" sync --frozen --quiet "$@" ||
    fail "the packages could not be installed: see the lines above (is there 2 GB of disk space, and is the package index reachable?)"
echo "$state" > "$stamp"
