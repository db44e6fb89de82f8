"""The public names of the package: a change here is a change for its users."""

import subprocess
import sys

import matching

NAMES = ["CandidateProfile", "JobProfile", "Match", "Matcher", "Reason", "Skill", "TandemError"]


def test_the_public_names_are_these() -> None:
    assert matching.__all__ == NAMES == sorted(NAMES)
    assert [getattr(matching, name).__name__ for name in NAMES] == NAMES


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import matching, sys; print([m for m in ('numpy', 'polars', 'onnxruntime', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
