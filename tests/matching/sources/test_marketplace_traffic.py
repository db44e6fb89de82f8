"""Traffic after the log, and the drift scenarios in it."""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from matching.data.dataset import Dataset, Pairs
from matching.data.tables import CandidateProfile, Direction, JobProfile, frame
from matching.errors import InputError
from matching.sources.marketplace import SCENARIOS, SOURCE, Traffic, traffic
from matching.sources.marketplace.vocabulary import NEW_TECHNOLOGY

CONFIG, SEED, N_PAIRS = SOURCE.config, 7, 3_000
DRIFTS = [name for name in SCENARIOS if name != "none"]


def of(scenario: str, window: int = 0, n_pairs: int = N_PAIRS) -> Traffic:
    return traffic(CONFIG, seed=SEED, scenario=scenario, n_pairs=n_pairs, window=window)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return SOURCE.load(None, seed=SEED, progress=lambda _: None)


@pytest.fixture(scope="module")
def quiet() -> Traffic:
    return of("none")


@pytest.fixture(scope="module")
def drifted() -> dict[str, Traffic]:
    return {name: of(name) for name in DRIFTS}


def rows(window: Traffic) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per pair: the candidates and their jobs."""
    candidates = [profile for request in window.requests for profile in request.candidates]
    jobs = [request.job for request in window.requests for _ in request.candidates]
    return frame(CandidateProfile, candidates), frame(JobProfile, jobs)


def values(window: Traffic, name: str) -> NDArray[Any]:
    return np.concatenate([getattr(request, name) for request in window.requests])


def pairs(window: Traffic) -> Pairs:
    candidates, jobs = rows(window)
    return Pairs(candidates, jobs, np.arange(len(candidates)), np.arange(len(candidates)))


def test_requests_are_what_a_client_sends(quiet: Traffic) -> None:
    for request in quiet.requests[:40]:
        sent = json.loads(json.dumps({"job": request.job, "candidates": request.candidates}))
        JobProfile.model_validate(sent["job"])
        for profile in sent["candidates"]:
            CandidateProfile.model_validate(profile)


def test_a_window_has_the_requested_pairs_over_many_jobs(quiet: Traffic) -> None:
    sizes = [len(request.candidates) for request in quiet.requests]

    assert sum(sizes) == N_PAIRS
    assert max(sizes) == 10
    assert len({request.job["job_id"] for request in quiet.requests}) > 80
    assert [request.time for request in quiet.requests] == sorted(request.time for request in quiet.requests)
    for request in quiet.requests:
        assert len(request.outreach) == len(request.accept) == len(request.candidates) == len(request.company_truth)


@pytest.mark.parametrize("n_pairs", [1, 7, 250, 9_000])
def test_any_number_of_pairs(n_pairs: int) -> None:
    assert len(values(of("none", n_pairs=n_pairs), "outreach")) == n_pairs


def test_windows_follow_the_log_and_each_other(quiet: Traffic) -> None:
    later = of("none", window=1)

    assert quiet.requests[0].time >= CONFIG.end
    assert quiet.requests[-1].time < later.requests[0].time
    assert later.requests[-1].time < CONFIG.end + timedelta(weeks=2)


def test_the_same_arguments_give_the_same_traffic(quiet: Traffic) -> None:
    assert of("none") == quiet
    assert traffic(CONFIG, seed=8, n_pairs=N_PAIRS).requests != quiet.requests


def test_most_candidates_are_known_from_the_log_and_some_are_new(dataset: Dataset, quiet: Traffic) -> None:
    known = set(dataset.candidates["candidate_id"])
    share = np.mean([profile["candidate_id"] in known for profile in rows(of("none", window=2))[0].to_dicts()])

    assert 0.8 < share < 1.0
    assert {request.job["job_id"] for request in quiet.requests} & set(dataset.jobs["job_id"])


def test_known_candidates_send_the_profile_of_the_log(dataset: Dataset, quiet: Traffic) -> None:
    newest = {row["candidate_id"]: row for row in dataset.candidates.drop("updated_at").iter_rows(named=True)}
    same = [profile == newest.get(profile["candidate_id"]) for r in quiet.requests for profile in r.candidates]

    assert np.mean(same) > 0.9


def test_without_drift_traffic_looks_like_the_last_weeks_of_the_log(dataset: Dataset) -> None:
    recent = dataset.events.filter(pl.col("kind") == "impression", pl.col("time") >= CONFIG.end - timedelta(weeks=4))
    log_candidates = recent.join(dataset.candidates.unique("candidate_id", keep="last"), on="candidate_id")
    log_jobs = recent.join(dataset.jobs, on="job_id")
    windows = [rows(of("none", window=window)) for window in range(3)]
    sent = [pl.concat([window[side] for window in windows]) for side in (0, 1)]

    for side, log, name in [
        (0, log_candidates, "experience_years"),
        (0, log_candidates, "expected_salary_usd_per_year"),
        (1, log_jobs, "min_experience_years"),
        (1, log_jobs, "max_salary_usd_per_year"),
    ]:
        # Rows share jobs and candidates, so there are far fewer independent values than rows.
        assert ks_2samp(log[name].drop_nulls(), sent[side][name].drop_nulls()).statistic < 0.1, name
    assert abs((log_candidates["country"] == "Germany").mean() - (sent[0]["country"] == "Germany").mean()) < 0.05  # type: ignore[operator]


def test_without_drift_the_dataset_has_the_truth_of_traffic(dataset: Dataset, quiet: Traffic) -> None:
    assert dataset.truth is not None
    for direction, name in ((Direction.COMPANY, "company_truth"), (Direction.CANDIDATE, "candidate_truth")):
        assert np.array_equal(dataset.truth.probability(direction, pairs(quiet)), values(quiet, name))


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_outcomes_follow_the_truth_of_the_scenario(scenario: str) -> None:
    window = of(scenario)
    outreach, truth = values(window, "outreach"), values(window, "company_truth")
    invited = outreach.astype(bool)
    accept, chance = values(window, "accept"), values(window, "candidate_truth")

    assert abs(outreach.sum() - truth.sum()) < 4 * np.sqrt((truth * (1 - truth)).sum())
    assert all(answer is None for answer in accept[~invited])
    spread = np.sqrt((chance[invited] * (1 - chance[invited])).sum())
    assert abs(accept[invited].astype(float).sum() - chance[invited].sum()) < 4 * spread


@pytest.mark.parametrize("scenario", [name for name in DRIFTS if name != "seniority-mix"])
def test_a_scenario_changes_its_columns_and_nothing_else(
    quiet: Traffic, drifted: dict[str, Traffic], scenario: str
) -> None:
    declared = (SCENARIOS[scenario].candidate_columns, SCENARIOS[scenario].job_columns)

    for before, after, columns in zip(rows(quiet), rows(drifted[scenario]), declared, strict=True):
        moved = {name for name in before.columns if not before[name].equals(after[name])}
        assert moved == set(columns)


def test_seniority_mix_changes_candidates_and_no_job(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    before, after = rows(quiet), rows(drifted["seniority-mix"])

    assert after[0]["experience_years"].mean() < 0.75 * before[0]["experience_years"].mean()  # type: ignore[operator]
    known = {row["job_id"]: row for row in before[1].to_dicts()}
    assert all(known.get(row["job_id"], row) == row for row in after[1].to_dicts())


def test_salary_inflation_opens_a_gap(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    before, after = rows(quiet), rows(drifted["salary-inflation"])
    wish, band = "expected_salary_usd_per_year", "max_salary_usd_per_year"

    assert after[0][wish].mean() / before[0][wish].mean() == pytest.approx(1.35, abs=0.01)  # type: ignore[operator]
    assert after[1][band].mean() / before[1][band].mean() == pytest.approx(1.08, abs=0.01)  # type: ignore[operator]
    assert values(drifted["salary-inflation"], "candidate_truth").mean() < values(quiet, "candidate_truth").mean()


def test_the_new_stack_appears_and_spreads(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    def share(window: Traffic) -> float:
        has_it = [NEW_TECHNOLOGY in [s["name"] for s in profile["skills"]] for profile in rows(window)[0].to_dicts()]
        return float(np.mean(has_it))

    assert share(quiet) == 0
    assert 0.25 < share(drifted["new-stack"]) < 0.45 < share(of("new-stack", window=4))
    required = rows(drifted["new-stack"])[1].filter(pl.col("must_have_skills").list.contains(NEW_TECHNOLOGY))
    assert required["title"].str.contains(NEW_TECHNOLOGY).all()
    assert np.abs(values(drifted["new-stack"], "company_truth") - values(quiet, "company_truth")).mean() > 0.01


def test_remote_shift_moves_wishes_and_policies_apart(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    before, after = rows(quiet), rows(drifted["remote-shift"])

    assert (after[0]["remote_wish"] == "remote").mean() > 0.7 > (before[0]["remote_wish"] == "remote").mean() + 0.2  # type: ignore[operator]
    assert (after[1]["remote_policy"] == "onsite").mean() > (before[1]["remote_policy"] == "onsite").mean() + 0.3  # type: ignore[operator]


@pytest.mark.parametrize("scenario", ["unit-bug", "null-flood"])
def test_a_client_fault_changes_the_report_and_not_the_truth(
    quiet: Traffic, drifted: dict[str, Traffic], scenario: str
) -> None:
    for name in ("company_truth", "candidate_truth", "outreach", "accept"):
        assert np.array_equal(values(quiet, name), values(drifted[scenario], name))


def test_unit_bug_reports_a_twelfth(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    wish = "expected_salary_usd_per_year"
    ratio = rows(drifted["unit-bug"])[0][wish] / rows(quiet)[0][wish]

    assert set(ratio.drop_nulls().round(3).unique()) == {0.083, 1.0}
    assert rows(drifted["unit-bug"])[0][wish].min() >= 1_000  # type: ignore[operator]


def test_null_flood_loses_most_values(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    for name in SCENARIOS["null-flood"].candidate_columns:
        before, after = (rows(window)[0][name].is_null().mean() for window in (quiet, drifted["null-flood"]))
        assert after > before + 0.4, name  # type: ignore[operator]


def test_taste_shift_changes_outcomes_and_no_profile(quiet: Traffic, drifted: dict[str, Traffic]) -> None:
    shifted = drifted["taste-shift"]

    assert [(r.job, r.candidates) for r in shifted.requests] == [(r.job, r.candidates) for r in quiet.requests]
    for name in ("company_truth", "candidate_truth"):
        before, after = values(quiet, name), values(shifted, name)
        assert np.abs(after - before).mean() > 0.06, name
        assert np.corrcoef(before, after)[0, 1] < 0.75, name


def test_every_scenario_has_a_description() -> None:
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.description.endswith(".")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"scenario": "rain"}, "choose one of none"), ({"n_pairs": 0}, "n_pairs"), ({"window": -1}, "window")],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        traffic(CONFIG, seed=SEED, **options)
