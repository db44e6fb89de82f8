"""The truth of the marketplace: outcomes follow it, and no model beats the best achievable probability."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from matching.data.dataset import Dataset, Pairs
from matching.data.tables import CandidateProfile, Direction, JobProfile, frame
from matching.sources.marketplace import SOURCE
from matching.sources.marketplace.facts import candidate_facts, job_facts
from matching.sources.marketplace.lookups import TECHNOLOGY_CODES
from matching.sources.marketplace.randomness import keys, normals, uniforms
from matching.sources.marketplace.searches import rule_score
from matching.sources.marketplace.truth import HIDDEN_SD, MarketplaceTruth
from matching.sources.marketplace.utilities import PairFacts, UtilityWeights

PAIR = ["candidate_id", "job_id"]


class Log:
    """The default log, with each impression's pair and outcomes."""

    def __init__(self) -> None:
        self.dataset: Dataset = SOURCE.load(None, seed=11, progress=lambda _: None)
        mature = SOURCE.config.end.replace(tzinfo=SOURCE.config.start.tzinfo)
        events = self.dataset.events
        shown = events.filter(kind="impression").filter(pl.col("time") < mature - pl.duration(days=14))
        versions = self.dataset.candidates.with_row_index("row").select("candidate_id", "updated_at", "row")
        joined = shown.join(versions, on="candidate_id").filter(pl.col("updated_at") <= pl.col("time"))
        joined = joined.sort("updated_at").unique(PAIR, keep="last", maintain_order=True)
        for kind in ("outreach", "accept"):
            happened = events.filter(kind=kind).select(*PAIR, pl.lit(1).alias(kind))
            joined = joined.join(happened, on=PAIR, how="left", maintain_order="left")
        joined = joined.join(self.dataset.jobs.with_row_index("job_row").select("job_id", "job_row"), on="job_id")
        self.outreach = joined["outreach"].fill_null(0).to_numpy()
        self.accept = joined["accept"].fill_null(0).to_numpy()
        self.propensity = joined["propensity"].to_numpy()
        rows = (joined["row"].to_numpy().astype(np.int64), joined["job_row"].to_numpy().astype(np.int64))
        self.pairs = Pairs(self.dataset.candidates, self.dataset.jobs, *rows)
        assert self.dataset.truth is not None
        self.truth = {d: self.dataset.truth.probability(d, self.pairs) for d in Direction}
        self.best_achievable = {d: self.dataset.truth.best_achievable(d, self.pairs) for d in Direction}
        rng = np.random.default_rng(5)
        self.would = {d: rng.random(len(self.pairs)) < self.truth[d] for d in Direction}

    def pair_facts(self) -> PairFacts:
        sides = (candidate_facts(self.dataset.candidates), job_facts(self.dataset.jobs))
        return PairFacts(*sides, self.pairs.candidate_rows, self.pairs.job_rows)


@pytest.fixture(scope="module")
def log() -> Log:
    return Log()


def z_score(happened: NDArray[np.float64], probability: NDArray[np.float64]) -> float:
    spread = np.sqrt((probability * (1 - probability)).sum())
    return float((happened.sum() - probability.sum()) / spread)


def test_outreach_has_the_rate_of_propensity_times_truth(log: Log) -> None:
    expected = log.propensity * log.truth[Direction.COMPANY]

    assert abs(z_score(log.outreach, expected)) < 4
    for low, high in ((0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1)):
        part = (log.truth[Direction.COMPANY] > low) & (log.truth[Direction.COMPANY] <= high)
        assert abs(z_score(log.outreach[part], expected[part])) < 4, (low, high)


def test_accepts_have_the_rate_of_the_truth(log: Log) -> None:
    invited = log.outreach == 1
    truth = log.truth[Direction.CANDIDATE][invited]

    assert abs(z_score(log.accept[invited], truth)) < 4
    assert log.accept[~invited].sum() == 0
    for low, high in ((0, 0.3), (0.3, 0.6), (0.6, 1)):
        part = (truth > low) & (truth <= high)
        assert abs(z_score(log.accept[invited][part], truth[part])) < 4, (low, high)


def test_base_rates_are_those_of_a_real_marketplace(log: Log) -> None:
    per_examined = log.outreach.sum() / log.propensity.sum()

    assert 0.07 < per_examined < 0.13
    assert 0.35 < log.accept[log.outreach == 1].mean() < 0.48


@pytest.mark.parametrize("direction", list(Direction))
def test_the_best_achievable_is_the_average_over_hidden_preferences(log: Log, direction: Direction) -> None:
    copies, n_pairs = 3_000, 12
    chosen = np.linspace(0, len(log.pairs) - 1, n_pairs).astype(int)
    pairs = log.pairs.take(chosen)
    who = pairs.candidates[np.repeat(pairs.candidate_rows, copies)]
    what = pairs.jobs[np.repeat(pairs.job_rows, copies)]
    number = pl.int_range(pl.len()).cast(pl.String)
    strangers = Pairs(
        who.with_columns(candidate_id="stranger" + number),
        what.with_columns(job_id="post" + number),
        np.arange(len(who)),
        np.arange(len(what)),
    )
    assert log.dataset.truth is not None

    simulated = log.dataset.truth.probability(direction, strangers).reshape(n_pairs, copies)

    error = np.abs(simulated.mean(axis=1) - log.best_achievable[direction][chosen])
    assert (error < 4.5 * simulated.std(axis=1) / np.sqrt(copies)).all()
    assert (simulated.std(axis=1) > 0.3 * simulated.mean(axis=1) * (1 - simulated.mean(axis=1))).all()


@pytest.mark.parametrize("direction", list(Direction))
def test_the_best_achievable_is_calibrated_on_the_log(log: Log, direction: Direction) -> None:
    labelled = np.ones(len(log.pairs), dtype=bool) if direction is Direction.COMPANY else log.outreach == 1
    truth, best_achievable = log.truth[direction][labelled], log.best_achievable[direction][labelled]

    for part in np.array_split(np.argsort(best_achievable), 5):
        assert truth[part].mean() == pytest.approx(best_achievable[part].mean(), rel=0.12, abs=0.003)


def test_the_truth_beats_the_best_achievable_which_beats_the_rules(log: Log) -> None:
    candidates, jobs = candidate_facts(log.dataset.candidates), job_facts(log.dataset.jobs)
    rules = rule_score(candidates, jobs, log.pairs.candidate_rows, log.pairs.job_rows)

    for direction, margin in ((Direction.COMPANY, 0.02), (Direction.CANDIDATE, 0.04)):
        would = log.would[direction]
        truth, best_achievable, rule = (
            roc_auc_score(would, score) for score in (log.truth[direction], log.best_achievable[direction], rules)
        )
        assert truth > best_achievable + margin
        assert best_achievable > rule + 0.03


def test_trees_learn_more_than_logistic_regression_from_the_same_numbers(log: Log) -> None:
    facts = log.pair_facts()
    gap = np.nan_to_num(facts.candidate("log_salary") - facts.job("log_max_salary"))
    numbers = np.column_stack(
        [*facts.coverage(), facts.nice(), facts.role_match(), *facts.years_apart(), gap, facts.distance(),
         facts.job("policy"), facts.candidate("remote_wish")]
    )  # fmt: skip
    would = log.would[Direction.COMPANY]
    half = len(would) // 2
    models = (
        HistGradientBoostingClassifier(max_iter=120, random_state=0),
        LogisticRegression(max_iter=2_000),
    )

    trees, line = (
        roc_auc_score(would[half:], m.fit(numbers[:half], would[:half]).predict_proba(numbers[half:])[:, 1])
        for m in models
    )

    assert trees > line + 0.005
    assert trees < roc_auc_score(would[half:], log.best_achievable[Direction.COMPANY][half:]) + 0.003


def test_hidden_preferences_are_independent_of_each_other_and_of_the_profiles(log: Log) -> None:
    facts = log.pair_facts()

    hidden = {d: logit(log.truth[d]) - UtilityWeights().utility(d, facts) for d in Direction}

    assert abs(np.corrcoef(*hidden.values())[0, 1]) < 0.05
    for direction in Direction:
        assert hidden[direction].mean() == pytest.approx(0, abs=0.06)
        assert hidden[direction].std() == pytest.approx(HIDDEN_SD, rel=0.05)
        for other in Direction:
            assert abs(np.corrcoef(hidden[direction], log.best_achievable[other])[0, 1]) < 0.05


def test_the_truth_depends_on_the_seed_alone(log: Log) -> None:
    part = log.pairs.take(np.arange(200))

    same = MarketplaceTruth(11).probability(Direction.COMPANY, part)
    other = MarketplaceTruth(12)

    assert np.array_equal(same, log.truth[Direction.COMPANY][:200])
    assert not np.allclose(other.probability(Direction.COMPANY, part), same)
    assert np.array_equal(other.best_achievable(Direction.COMPANY, part), log.best_achievable[Direction.COMPANY][:200])


def test_the_truth_of_a_pair_does_not_depend_on_other_pairs(log: Log) -> None:
    pairs = log.pairs.take(np.array([4_321]))
    alone = Pairs(
        pairs.candidates[pairs.candidate_rows].with_columns(extra=pl.lit(1)),
        pairs.jobs[pairs.job_rows],
        np.array([0]),
        np.array([0]),
    )
    truth = MarketplaceTruth(11)

    for direction in Direction:
        assert truth.probability(direction, alone)[0] == log.truth[direction][4_321]


PYTHON_JOB = {
    "job_id": "post", "title": "Senior Backend Engineer", "must_have_skills": ["Python", "Kubernetes"],
    "min_experience_years": 3.0, "max_experience_years": 6.0, "city": "Berlin", "country": "Germany",
    "remote_policy": "hybrid", "min_salary_usd_per_year": 60_000.0, "max_salary_usd_per_year": 80_000.0,
}  # fmt: skip
PERSON = {
    "candidate_id": "person", "headline": "Senior Backend Developer", "skills": [{"name": "Python", "years": 4.0}],
    "experience_years": 4.0, "city": "Berlin", "country": "Germany", "remote_wish": "hybrid",
    "expected_salary_usd_per_year": 70_000.0,
}  # fmt: skip


def best_achievable(direction: Direction, *, person: dict[str, object] | None = None, **job: object) -> float:
    candidates = frame(CandidateProfile, [PERSON | (person or {})])
    jobs = frame(JobProfile, [PYTHON_JOB | job])
    pairs = Pairs(candidates, jobs, np.array([0]), np.array([0]))
    return float(MarketplaceTruth(1).best_achievable(direction, pairs)[0])


def test_a_skill_named_only_in_the_resume_counts() -> None:
    with_text = best_achievable(Direction.COMPANY, person={"resume": "Shipped production work with k8s, too."})

    assert with_text > 1.3 * best_achievable(Direction.COMPANY)


def test_a_part_of_a_word_is_no_skill() -> None:
    candidates = frame(
        CandidateProfile, [PERSON | {"resume": "Pythonic Javanese reactor goes restful. Node.js, C++/C#."}]
    )

    found = np.flatnonzero(candidate_facts(candidates).skill_quarters[0])

    assert set(found) == {TECHNOLOGY_CODES[name] for name in ("Python", "Node.js", "C++", "C#")}


def test_synonyms_are_the_same_skill() -> None:
    spelled = [{"name": "Python", "years": 4.0}, {"name": "k8s", "years": 2.0}]
    canonical = [{"name": "Python", "years": 4.0}, {"name": "Kubernetes", "years": 2.0}]

    assert best_achievable(Direction.COMPANY, person={"skills": spelled}) == best_achievable(
        Direction.COMPANY, person={"skills": canonical}
    )


@pytest.mark.parametrize(
    "worse",
    [
        {"skills": []},
        {"experience_years": 0.5},
        {"expected_salary_usd_per_year": 140_000.0},
        {"headline": "UX Designer"},
        {"city": "Austin", "country": "United States"},
    ],
)
def test_companies_prefer_a_fitting_candidate(worse: dict[str, object]) -> None:
    fits: dict[str, object] = {"skills": [{"name": name, "years": 3.0} for name in ("Python", "Kubernetes")]}

    assert best_achievable(Direction.COMPANY, person=fits | worse) < 0.9 * best_achievable(
        Direction.COMPANY, person=fits
    )


@pytest.mark.parametrize(
    ("person", "worse"),
    [
        ({}, {"max_salary_usd_per_year": 62_000.0}),
        ({"remote_wish": "remote"}, {"remote_policy": "onsite"}),
        ({"wish_roles": ["Backend Developer"]}, {"title": "QA Engineer"}),
        ({"wish_stack": ["Python"]}, {"must_have_skills": ["PHP"]}),
        ({"wish_industries": ["Fintech"]}, {"industry": "Gaming"}),
        ({"wish_company_sizes": ["11-50"]}, {"company_size": "1001+"}),
    ],
)
def test_candidates_prefer_a_job_as_wished(person: dict[str, object], worse: dict[str, object]) -> None:
    wished = {"industry": "Fintech", "company_size": "11-50"}
    offered = best_achievable(Direction.CANDIDATE, person=person, **wished)

    assert best_achievable(Direction.CANDIDATE, person=person, **(wished | worse)) < 0.93 * offered


def test_an_empty_profile_has_a_probability() -> None:
    blank = {"skills": [], "experience_years": None, "city": None, "country": None, "remote_wish": None,
             "expected_salary_usd_per_year": None, "headline": ""}  # fmt: skip
    job = dict.fromkeys(
        ("city", "country", "remote_policy", "min_experience_years", "max_experience_years", "min_salary_usd_per_year",
         "max_salary_usd_per_year")
    )  # fmt: skip

    for direction in Direction:
        assert 0 < best_achievable(direction, person=blank, title="", must_have_skills=[], **job) < 1


def test_random_numbers_are_uniform_and_normal() -> None:
    entities = keys(f"entity {number}" for number in range(20_000))

    flat, bell = uniforms(entities, 3, "stream", 3), normals(entities, 3, "stream", 3)

    assert flat.min() > 0
    assert flat.max() < 1
    assert np.allclose(flat.mean(axis=0), 0.5, atol=0.01)
    assert np.allclose(bell.std(axis=0), 1, atol=0.03)
    assert np.abs(np.corrcoef(bell.T) - np.eye(3)).max() < 0.03
    assert np.array_equal(flat[5:6], uniforms(entities[5:6], 3, "stream", 3))
    assert not np.allclose(flat, uniforms(entities, 3, "other", 3))
