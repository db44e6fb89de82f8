"""What long work looks like without a terminal: plain lines."""

import pytest
from rich.console import Console

from tandem import console
from tandem.console import bar, steps, table


def test_a_counted_step_is_kept_only_when_it_is_through(capsys: pytest.CaptureFixture[str]) -> None:
    with steps("simulating") as say:
        for week in range(1, 4):
            say(f"week {week} of 3")
        say("writing [1, 2]")
    lines = [line.split("s  ")[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["week 3 of 3", "writing [1, 2]"]


def test_a_bar_is_a_line_at_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("sending", 1_000) as update:
        for done in range(0, 1_001, 50):
            update(done)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "sending: 100 of 1,000 (10 %)"
    assert lines[-1] == "sending: 1,000 of 1,000 (100 %)"
    assert len(lines) == 10


def test_a_number_is_never_cut_in_two(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "out", Console(width=80, soft_wrap=True))
    columns = ["policy", *(f"a heading of words {number}" for number in range(7))]
    table(None, columns, [["truth, prices 2", *["+1,024.4±12.0"] * 4, "4.2%", "10%", "37%"]])
    assert capsys.readouterr().out.count("+1,024.4±12.0") == 4
