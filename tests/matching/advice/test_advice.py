"""Advice stays true to the profile and raises the true matches by what it promised, as the simulator shows."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matching.advice.advice import MAX_POOL, Advice, Counterparts, advise, measure_spreads, read_profiles, true_gains
from matching.advice.changes import LEARNED_YEARS, candidate_changes, job_changes
from matching.advice.gains import DEFAULT, Guess, Spread, Spreads
from matching.data.splits import split
from matching.data.tables import CandidateProfile, JobProfile, ProtectedAttributes, Skill
from matching.errors import ModelError
from matching.model.match_model import MatchModel
from matching.training import fit
from tests.matching.small_market import SMALL, small_market

pytestmark = pytest.mark.slow

UNTUNED_SEED = 23
PEOPLE, POOL, CHOSEN = 40, 60, 3
ADA = CandidateProfile(
    candidate_id="ada",
    headline="Backend engineer",
    resume="Also wrote Terraform modules.",
    skills=[Skill(name="Python", years=8), Skill(name="Go", years=None)],
    experience_years=8,
    city="Austin",
    remote_wish="hybrid",
    wish_cities=["Denver"],
    expected_salary_usd_per_year=100_000,
)
BACKEND = JobProfile(
    job_id="backend",
    title="Senior Backend Engineer (Python)",
    must_have_skills=["Python", "Rust"],
    nice_to_have_skills=["terraform", "Kafka"],
    city="Berlin",
    remote_policy="onsite",
    min_experience_years=1.0,
    max_experience_years=59.0,
    min_salary_usd_per_year=90_000,
    max_salary_usd_per_year=120_000,
    company_size="11-50",
    industry="Fintech",
)


def table(*profiles: CandidateProfile | JobProfile) -> pl.DataFrame:
    from matching.data.tables import polars_schema

    rows = [profile.model_dump() for profile in profiles]
    return pl.DataFrame(rows, schema=polars_schema(type(profiles[0])), orient="row")


@dataclass(frozen=True)
class Followed:
    """Advice for one side with the true gains of its best changes."""

    advice: list[Advice]
    gains: list[np.ndarray]

    def first(self) -> tuple[np.ndarray, np.ndarray]:
        """The promised and the true gain of the first change of each profile."""
        pairs = [(one.best[0].gain.matches, gain[0]) for one, gain in zip(self.advice, self.gains, strict=True)]
        promised, true = np.array(pairs).T
        return promised, true

    def contained(self) -> float:
        """The share of the true gains in their intervals."""
        inside = [
            best.gain.low <= value <= best.gain.high
            for one, gain in zip(self.advice, self.gains, strict=True)
            for best, value in zip(one.best, gain, strict=True)
        ]
        return float(np.mean(inside))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Followed]:
    """A market with a seed that nothing was tuned on: spreads of half the profiles, advice for others."""
    dataset = small_market(UNTUNED_SEED)
    assert dataset.truth is not None
    parts = split(dataset, maturity=timedelta(days=14), seed=7)
    fitted = fit.fit(parts.train, parts.calibration, seed=7, problem=SMALL)
    folder = tmp_path_factory.mktemp("advice")
    check = fitted.transform(parts.holdout.pairs.take(np.arange(5)))
    fit.write(fitted, folder, source="marketplace", facts={}, check=check)
    model = MatchModel.load(folder)
    candidates, jobs = (_newest(frame, parts.cuts.train_end) for frame in (dataset.candidates, dataset.jobs))
    measured, fresh = ([frame[np.arange(half, frame.height, 2)] for frame in (candidates, jobs)] for half in (0, 1))
    measure_spreads(model, *measured, dataset.truth, seed=1, people=50, pool=POOL).write(folder)
    spreads, rng = Spreads.load(folder), np.random.default_rng(5)
    answers = {}
    for side, mine, others in (("candidate", *fresh), ("job", *fresh[::-1])):
        answers[side] = Followed([], [])
        for profile in read_profiles(mine[rng.choice(mine.height, PEOPLE, replace=False)]):
            seen = others[rng.choice(others.height, POOL, replace=False)]
            pool = Counterparts.of(
                seen, model.encode_jobs(seen) if side == "candidate" else model.encode_candidates(seen)
            )
            advice = advise(model, profile, pool, spreads, top_k=CHOSEN)
            gains = true_gains(dataset.truth, profile, [best.change for best in advice.best], seen)[1:]
            answers[side].advice.append(advice)
            answers[side].gains.append(gains)
    return answers


def _newest(profiles: pl.DataFrame, until: object) -> pl.DataFrame:
    key = "candidate_id" if "candidate_id" in profiles.columns else "job_id"
    before = profiles.filter(pl.col("updated_at") < until).sort(key, "updated_at")
    return before.unique(key, keep="last", maintain_order=True)


@pytest.mark.parametrize("side", ["candidate", "job"])
def test_following_the_first_advice_raises_the_true_matches_as_promised(
    side: str, followed: dict[str, Followed]
) -> None:
    promised, true = followed[side].first()
    assert (promised > 0).all()
    error = 2.6 * np.std(true - promised) / np.sqrt(len(true))
    assert true.mean() > error, "following the advice helps"
    assert true.mean() / promised.mean() == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize("side", ["candidate", "job"])
def test_intervals_contain_about_the_nominal_share_of_true_gains(side: str, followed: dict[str, Followed]) -> None:
    assert 0.68 <= followed[side].contained() <= 0.95


def test_advice_gives_gain_interval_and_condition_in_words(followed: dict[str, Followed]) -> None:
    best = followed["candidate"].advice[0].best[0]
    gain = best.gain
    assert f"{gain.matches:+.2f} expected matches ({gain.low:.2f} to {gain.high:.2f})" in best.words
    assert "among 60 open jobs; only if you" in best.words
    assert gain.low < gain.matches < gain.high


def test_of_changes_that_exclude_each_other_one_is_advised(followed: dict[str, Followed]) -> None:
    for one in (*followed["candidate"].advice, *followed["job"].advice):
        choices = [best.change.choice for best in one.best]
        assert len(choices) == len(set(choices))
        gains = [best.gain.matches for best in one.best]
        assert gains == sorted(gains, reverse=True)


def test_a_change_keeps_everything_else_in_the_profile() -> None:
    """No skill is removed, no experience invented, no text rewritten; every change has a condition."""
    for change in candidate_changes(ADA, table(BACKEND), np.ones(1)):
        after = change.profile
        assert isinstance(after, CandidateProfile)
        assert after.skills[:2] == ADA.skills
        fixed = {"headline", "resume", "experience_years", "city", "region", "country", "candidate_id"}
        assert {name: getattr(after, name) for name in fixed} == {name: getattr(ADA, name) for name in fixed}
        assert change.condition.startswith("only if")
    assert not set(ProtectedAttributes.model_fields) & (set(CandidateProfile.model_fields) - {"candidate_id"})


def test_only_skills_that_jobs_require_and_the_candidate_lacks_are_advised() -> None:
    skills = [c.profile for c in candidate_changes(ADA, table(BACKEND), np.ones(1)) if c.kind == "skill"]
    added = [profile.skills[-1] for profile in skills if isinstance(profile, CandidateProfile)]
    assert added == [Skill(name="Rust", years=LEARNED_YEARS), Skill(name="Kafka", years=LEARNED_YEARS)]


def test_wishes_come_from_the_pool_and_are_new() -> None:
    changes = candidate_changes(ADA, table(BACKEND), np.ones(1))
    words = {change.words for change in changes if change.kind not in ("skill", "salary", "remote")}
    assert words == {
        "Adding Berlin to the wanted cities",
        "Adding Backend Engineer to the wanted roles",
        "Adding 11-50 people to the wanted company sizes",
        "Adding Fintech to the wanted industries",
    }


def test_changes_of_a_job_keep_the_rules_of_its_table() -> None:
    changes = job_changes(BACKEND)
    assert {change.kind for change in changes} == {"must_have", "salary", "remote", "experience"}
    by_words = {change.words: change.profile for change in changes}
    moved = by_words["Making Rust a nice-to-have"]
    assert isinstance(moved, JobProfile)
    assert moved.must_have_skills == ["Python"]
    assert moved.nice_to_have_skills == ["terraform", "Kafka", "Rust"]
    assert "Accepting 2 years more experience" not in by_words, "60 years is the limit"
    lowest = by_words["Requiring 2 years less experience"]
    assert isinstance(lowest, JobProfile)
    assert lowest.min_experience_years == 0


def test_an_empty_profile_has_changes_of_remote_work_only() -> None:
    nobody = CandidateProfile(candidate_id="x", headline="", skills=[])
    bare = JobProfile(job_id="j", title="")
    assert {change.kind for change in candidate_changes(nobody, table(bare), np.ones(1))} == {"remote"}
    assert {change.kind for change in job_changes(bare)} == {"remote"}


def test_a_list_that_is_full_is_not_extended() -> None:
    skills, roles = ([f"{what} {number}" for number in range(200)] for what in ("skill", "role"))
    full = ADA.model_copy(update={"skills": [Skill(name=name) for name in skills], "wish_roles": roles})
    kinds = {change.kind for change in candidate_changes(full, table(BACKEND), np.ones(1))}
    assert not {"skill", "role"} & kinds
    assert {"city", "company_size", "industry"} <= kinds


def test_a_large_pool_is_compared_at_even_distances() -> None:
    many = pl.DataFrame({"n": np.arange(3 * MAX_POOL)})
    pool = Counterparts.of(many, None)  # nothing is scored
    assert pool.rows.tolist() == list(range(0, 3 * MAX_POOL, 3))


def test_the_largest_promise_avoids_the_winners_curse() -> None:
    """With guesses that are mostly noise, the largest guess is far too high and the largest promise is not."""
    generator = np.random.default_rng(3)
    noise, before = generator.normal(0, 1, (2_000, 20)), np.full((2_000, 20), 5.0)
    truth = generator.normal(0, 0.3, (2_000, 20))
    guess = Guess((truth + noise).ravel(), np.abs(truth + noise).ravel(), before.ravel())
    spread = Spread.fit(guess, truth.ravel())
    middle, low, high = (ends.reshape(2_000, 20) for ends in spread.promise(guess))
    best = middle.argmax(axis=1)
    everyone = np.arange(2_000)
    assert (truth + noise)[everyone, best].mean() > 3 * truth[everyone, best].mean()
    assert middle[everyone, best].mean() == pytest.approx(truth[everyone, best].mean(), abs=0.03)
    inside = (low <= truth) & (truth <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.02)


def test_a_promise_never_contradicts_its_guess() -> None:
    gain = np.linspace(0.1, 1.0, 400)
    guess = Guess(gain, gain / 5, np.full(400, 2.0))
    assert Spread.fit(guess, 1.5 - gain).slope == 0
    assert Spread.fit(guess, gain).slope == pytest.approx(1.0, abs=0.05)
    assert all(spread.slope >= 0 for spread in DEFAULT.kinds.values())


def test_spreads_are_written_and_read_as_json(tmp_path: Path) -> None:
    assert Spreads.load(tmp_path) is DEFAULT
    own = Spreads({"candidate skill": Spread(0.5, 0.1, (1.0, 2.0, 3.0), 1.5)}, "truth")
    own.write(tmp_path)
    assert Spreads.load(tmp_path) == own
    (tmp_path / "advice.json").write_text('{"format": 9}')
    with pytest.raises(ModelError, match="format 9"):
        Spreads.load(tmp_path)


def test_another_spelling_of_a_listed_skill_is_not_advised() -> None:
    person = ADA.model_copy(update={"skills": [Skill(name="k8s", years=6)], "resume": "golang"})
    post = BACKEND.model_copy(update={"must_have_skills": ["Kubernetes", "Go"], "nice_to_have_skills": []})
    assert not [one for one in candidate_changes(person, table(post), np.ones(1)) if one.kind == "skill"]
