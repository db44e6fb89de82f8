"""Words of a sentence."""

import pytest

from matching.text import skills


@pytest.mark.parametrize("text", ["Worked with Python and R.", "R.", "Languages: C, R."])
def test_a_text_may_end_with_a_letter_and_a_full_stop(text: str) -> None:
    skills.read(text)
