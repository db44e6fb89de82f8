"""A process is known by number and creation time, also from files of earlier versions; its children end with it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from home.process import Process

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
{STUBBORN}
"""


@pytest.fixture
def parent() -> Iterator["subprocess.Popen[str]"]:
    """A process that ignores SIGTERM, as its child does; its first line is the child's number."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_process_is_gone_when_its_number_belongs_to_another() -> None:
    me = Process.current()
    assert me.runs
    assert not me.is_gone
    assert replace(me, created=me.created - 60).is_gone
    elsewhere = replace(me, host="another-host", created=0.0)
    assert not elsewhere.runs
    assert not elsewhere.is_gone


def test_a_clock_that_was_adjusted_a_little_makes_no_stranger() -> None:
    me = Process.current()
    assert replace(me, created=me.created + 1).runs


def test_a_process_that_nobody_has_collected_yet_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        known = Process.of(process.pid)
        process.communicate()
    assert known.is_gone
    with pytest.raises(ProcessLookupError, match=str(known.pid)):
        Process.of(known.pid)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        known = Process.of(process.pid)
        assert process.stdin is not None
        process.stdin.close()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert known.is_gone


def started_by_earlier_versions() -> dict[str, Any]:
    """What the code before `created` saved for this process."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return {"host": Process.current().host, "pid": os.getpid(), "started": f"{boot}/{fields[19]}"}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_what_earlier_versions_saved_is_understood() -> None:
    facts = started_by_earlier_versions()
    assert Process.from_facts(facts).runs
    boot, ticks = facts["started"].split("/")
    for other in (f"another-boot/{ticks}", f"{boot}/{int(ticks) + 1_000}", "", "whenever"):
        assert Process.from_facts(facts | {"started": other}).is_gone


def test_the_words_of_ps_are_understood() -> None:
    environment = os.environ | {"LC_ALL": "C"}
    command = ["ps", "-o", "lstart=", "-p", str(os.getpid())]
    started = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()
    facts = {"host": Process.current().host, "pid": os.getpid(), "started": started}
    assert Process.from_facts(facts).runs


def test_facts_of_nothing_are_refused() -> None:
    with pytest.raises(KeyError):
        Process.from_facts({"host": "a", "pid": 1})


def test_a_stubborn_process_is_killed_with_everything_it_started(parent: "subprocess.Popen[str]") -> None:
    assert parent.stdout is not None
    child = Process.of(int(parent.stdout.readline()))
    assert parent.stdout.readline() == "ready\n"
    known = Process.of(parent.pid)
    assert known.stop(drain_seconds=0.3, kill_seconds=10)
    assert known.is_gone
    assert child.is_gone
    assert known.stop(drain_seconds=0, kill_seconds=0)


def test_a_stranger_is_never_stopped(parent: "subprocess.Popen[str]") -> None:
    known = Process.of(parent.pid)
    assert replace(known, created=known.created - 60).stop(drain_seconds=0, kill_seconds=0)
    assert replace(known, host="another-host").stop(drain_seconds=0, kill_seconds=0)
    assert known.runs


def test_the_environment_of_a_process(parent: "subprocess.Popen[str]") -> None:
    known = Process.of(parent.pid)
    assert known.environment()["PATH"] == os.environ["PATH"]
    assert replace(known, created=1.0).environment() == {}
