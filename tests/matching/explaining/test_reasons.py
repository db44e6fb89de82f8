"""Each group of features is one reason, the largest contribution first, with a sentence for either side."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from matching.data.tables import CandidateProfile, JobProfile
from matching.explaining.contributions import Contributions
from matching.explaining.reasons import reasons
from matching.explaining.wording import WORDINGS
from tests.matching.explaining.profiles import ADA, POST


def test_the_largest_contribution_comes_first_and_a_small_one_does_not_matter() -> None:
    values = {"skills": 0.04, "salary": -0.9, "place": 0.3, "remote": 0.0}
    explained = Contributions("company", "log odds", 0.0, values, -0.56, 0.36)
    found = reasons(explained, CandidateProfile.model_validate(ADA), JobProfile.model_validate(POST))
    assert [(one.group, one.effect, one.contribution) for one in found] == [
        ("salary", "lowers", -0.9),
        ("place", "raises", 0.3),
        ("skills", "does not matter", 0.04),
        ("remote", "does not matter", 0.0),
    ]


MAYBE = {
    "candidate": st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in ADA.items()}),
    "job": st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in POST.items()}),
}


@given(MAYBE["candidate"], MAYBE["job"])
def test_any_pair_has_a_sentence_for_every_group_and_the_company_reads_no_amount(
    candidate: dict[str, Any], job: dict[str, Any]
) -> None:
    needed = {"candidate_id": "c", "headline": "", "skills": []}, {"job_id": "j", "title": ""}
    profile = CandidateProfile.model_validate(needed[0] | candidate)
    explained = Contributions("match", "log", 0.0, dict.fromkeys(WORDINGS, 0.1), 0.8, 0.5)
    for reason in reasons(explained, profile, JobProfile.model_validate(needed[1] | job)):
        for sentence in (reason.for_candidate, reason.for_company):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert "None" not in sentence
        assert "USD" not in reason.for_company
