"""Hostile files are refused in one sentence, or read, within the limits; the next file is read as if nothing was."""

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from intake.documents import limits
from intake.documents.sandbox import Sandbox, shown
from matching.errors import UnreadableFile
from tests.intake import files, hostile

ROOT = Path(__file__).resolve().parents[3]
SENTENCE = re.compile(r"[\w.-]+ [^:\n]+: [^\n]+\.")


@pytest.mark.parametrize("name", hostile.REFUSED)
def test_a_hostile_file_is_refused_in_one_sentence(name: str, sandbox: Sandbox) -> None:
    make, expected = hostile.REFUSED[name]
    with pytest.raises(UnreadableFile) as caught:
        sandbox.read(make(), name)
    assert SENTENCE.fullmatch(str(caught.value))
    assert str(caught.value).startswith(f"{name} {expected}")


@pytest.mark.parametrize("name", hostile.SURVIVED)
def test_a_costly_file_is_read_or_refused_and_does_no_harm(name: str, sandbox: Sandbox) -> None:
    try:
        sandbox.read(hostile.SURVIVED[name](), name)
    except UnreadableFile as refused:
        assert SENTENCE.fullmatch(str(refused))  # noqa: PT017
    assert sandbox.read(b"# Ada", "ada.md").text == "Ada"


def test_a_file_gets_no_more_memory_than_allowed(tmp_path: Path) -> None:
    """With the libraries loaded, MiB that a child gets until the system refuses."""
    code = """
from intake.documents import worker
worker._limit()
kept = []
try:
    while True:
        kept.append(bytearray(1 << 20))
except MemoryError:
    print(len(kept))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert 128 < int(ended.stdout) < limits.MAX_MEMORY_BYTES >> 20


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file starts the process, which takes longer than the moment that this test allows."""
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.0)
    monkeypatch.setattr("intake.documents.sandbox._GRACE_SECONDS", 0.001)
    with Sandbox() as sandbox, pytest.raises(UnreadableFile, match=r"ada\.md takes longer than 2 s to read: save"):
        sandbox.read(b"# Ada", "ada.md")


def test_the_process_is_started_again_if_it_was_killed() -> None:
    with Sandbox() as sandbox:
        assert sandbox.read(b"# Ada", "ada.md").text == "Ada"
        assert sandbox._process is not None
        os.kill(sandbox._process.pid, signal.SIGKILL)
        assert sandbox.read(b"# Ada", "ada.md").text == "Ada"


def test_threads_share_a_sandbox(sandbox: Sandbox) -> None:
    def text(number: int) -> str:
        return sandbox.read(files.pdf(files.text(f"person {number}", 40, 40)), "cv.pdf").text

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(text, range(12))) == [f"person {number}" for number in range(12)]


def test_nothing_of_a_file_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox() as sandbox:
        for name in ("truncated.pdf", "endless-forms.pdf", "nested.docx"):
            make = hostile.SURVIVED.get(name) or hostile.REFUSED[name][0]
            with pytest.raises(UnreadableFile):
                sandbox.read(make(), name)
    assert capfd.readouterr() == ("", "")


def test_a_name_cannot_break_a_message() -> None:
    assert shown("../../etc/a\nb\x1b[31m.pdf") == "a b [31m.pdf"
    assert len(shown("x" * 500)) == 80
