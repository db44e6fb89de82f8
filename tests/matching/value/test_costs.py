"""The cost table: its defaults, its settings, and amounts that are refused."""

import pytest

from home.settings import Settings
from matching.errors import InputError
from matching.value.costs import Costs


def test_settings_and_cost_table_have_the_same_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Costs(**Settings().costs) == Costs()
    monkeypatch.setenv("TANDEM_VALUE_HIRE_USD", "12500")
    assert Costs(**Settings().costs).hire_usd == 12_500
    assert {row[0]: row[2] for row in Costs(look_usd=9).rows()}["a recruiter's look at one candidate"] == (
        "set by the user"
    )
    for wrong in (-1.0, float("nan")):
        with pytest.raises(InputError, match="interview_usd is"):
            Costs(interview_usd=wrong)
