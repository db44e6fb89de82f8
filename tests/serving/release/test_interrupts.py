"""Holding Ctrl-C back."""

import os
import signal
import sys
import threading

import pytest

from matching.errors import EngineError
from serving.release import interrupts
from serving.release.commands import run


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_comes_after_the_block() -> None:
    done = []

    def work() -> None:
        with interrupts.held():
            press()
            done.append(interrupts.are_held())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [True]
    assert not interrupts.are_held()


def test_an_error_of_the_block_comes_before_it() -> None:
    def work() -> None:
        with interrupts.held():
            press()
            raise EngineError("no service")

    with pytest.raises(EngineError):
        work()
    assert not interrupts.are_held()


def test_another_thread_holds_nothing_back() -> None:
    seen = []

    def work() -> None:
        with interrupts.held():
            seen.append(interrupts.are_held())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_a_program_run_meanwhile_is_out_of_reach_of_the_terminal() -> None:
    own_group = [sys.executable, "-c", "import os; print(os.getpgid(0) == os.getpid())"]
    assert run(own_group, doing="looking", timeout_seconds=30) == "False"
    with interrupts.held():
        assert run(own_group, doing="looking", timeout_seconds=30) == "True"
