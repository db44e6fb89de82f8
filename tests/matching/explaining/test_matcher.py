"""A matcher explains where the bundle allows it, and scores everywhere."""

import shutil
from pathlib import Path

import pytest

from matching import CandidateProfile, JobProfile, Matcher, Skill
from matching.explaining import contributions
from matching.model.manifest import MANIFEST, seal
from tests.matching import tiny_bundle

ADA = CandidateProfile(candidate_id="ada", headline="Go engineer", skills=[Skill(name="Go")])
BACKEND = JobProfile(job_id="backend", title="Go developer", must_have_skills=["Go"])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle.write(tmp_path_factory.mktemp("matcher") / "bundle")


def test_a_pair_has_its_probability_with_reasons(bundle: Path) -> None:
    match = Matcher(bundle).match(ADA, BACKEND)
    assert 0 < match.probability < 1
    assert match.reasons


def test_a_bundle_without_background_scores_without_reasons(bundle: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(bundle, tmp_path / "bare", ignore=shutil.ignore_patterns(MANIFEST, contributions.BACKGROUND))
    seal(bare, {"source": "marketplace"})
    match = Matcher(bare).match(ADA, BACKEND)
    assert (match.probability, match.reasons) == (Matcher(bundle).match(ADA, BACKEND).probability, ())


def test_a_model_with_too_many_groups_scores_without_reasons(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contributions, "MOST_GROUPS", 3)
    assert Matcher(bundle).match(ADA, BACKEND).reasons == ()
