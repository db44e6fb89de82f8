"""Salaries in requests: currency and period, the rates in the answer, warnings, and refusals."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from matching.data.tables import CandidateProfile, JobProfile
from matching.text import pay_rates
from serving.contract.errors import ApiError
from serving.contract.requests import RankCandidatesRequest, RankJobsRequest, parse
from serving.contract.salaries import Conversion, warnings
from tests.serving.calling import Client

CANDIDATE: dict[str, Any] = {"candidate_id": "ada", "headline": "Python engineer", "skills": [{"name": "Python"}]}
JOB: dict[str, Any] = {"job_id": "post", "title": "Python developer", "must_have_skills": ["Python"]}


def rank_jobs(client: Client, candidate: dict[str, Any], *jobs: dict[str, Any]) -> Any:
    return client.post("/v1/rank/jobs", {"candidate": CANDIDATE | candidate, "jobs": [JOB | job for job in jobs]})


def refused(client: Client, candidate: dict[str, Any], job: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = rank_jobs(client, candidate, job or {})
    assert answer.status_code == 422, answer.text
    details: list[dict[str, Any]] = answer.json()["error"]["details"]
    assert len(details) == 1
    return details[0]


def test_a_salary_in_another_currency_and_period_is_usd_per_year(client: Client) -> None:
    floor = {"min_salary": 5_500, "salary_currency": "EUR", "salary_period": "month"}
    answer = rank_jobs(client, floor, {"max_salary_usd_per_year": 73_000}).json()
    assert answer["excluded"] == {"salary_floor": 1}
    answer = rank_jobs(client, floor, {"max_salary_usd_per_year": 74_000}).json()
    assert answer["ranked_from"] == 1
    assert answer["salary_rates"] == {
        "date": "2026-10-30",
        "source": "European Central Bank, euro foreign exchange reference rates",
        "usd_per_unit": {"EUR": 1.1172},
        "times_per_year": {"month": 12.0},
    }
    assert answer["warnings"] == []


def test_the_same_salary_in_either_form_scores_the_same(client: Client) -> None:
    hourly = {"expected_salary": 60, "salary_period": "hour"}
    answers = [rank_jobs(client, form, {}) for form in (hourly, {"expected_salary_usd_per_year": 124_800})]
    first, second = (answer.json()["results"][0]["match_probability"] for answer in answers)
    assert first == second


def test_profiles_without_such_salaries_are_answered_without_rates(client: Client) -> None:
    answer = rank_jobs(client, {"expected_salary_usd_per_year": 90_000}, {}).json()
    assert (answer["salary_rates"], answer["warnings"]) == (None, [])


def test_an_unknown_currency_is_refused_with_the_known_ones(client: Client) -> None:
    detail = refused(client, {"expected_salary": 5_000, "salary_currency": "XTS"})
    assert detail["field"] == "candidate.salary_currency"
    assert detail["limit"].startswith("AUD, BRL, CAD, ")
    assert "XTS" not in str(detail)


def test_an_unknown_period_is_refused_with_the_known_ones(client: Client) -> None:
    detail = refused(client, {"expected_salary": 5_000, "salary_period": "fortnight"})
    assert (detail["field"], detail["limit"]) == (
        "candidate.salary_period",
        "'hour', 'day', 'week', 'month' or 'year'",
    )


@pytest.mark.parametrize(
    ("candidate", "problem"),
    [
        ({"salary_currency": "EUR"}, "salary_currency and salary_period need expected_salary or min_salary"),
        (
            {"salary_currency": "EUR", "expected_salary_usd_per_year": 90_000},
            "salary_currency and salary_period need expected_salary or min_salary",
        ),
        (
            {"expected_salary": 80_000, "expected_salary_usd_per_year": 90_000},
            "Provide at most one of expected_salary and expected_salary_usd_per_year",
        ),
        (
            {"expected_salary": 80_000, "salary_period": "month", "salary_currency": "GBP"},
            "expected_salary must be 1,000 to 5,000,000 USD per year: check salary_currency and salary_period",
        ),
    ],
)
def test_contradictions_are_refused(client: Client, candidate: dict[str, Any], problem: str) -> None:
    detail = refused(client, candidate | ({"expected_salary": 500_000} if "GBP" in candidate.values() else {}))
    assert (detail["field"], detail["problem"]) == ("candidate", problem)


def test_a_band_must_be_in_order_after_conversion(client: Client) -> None:
    detail = refused(client, {}, {"min_salary": 90_000, "salary_currency": "EUR", "max_salary_usd_per_year": 95_000})
    assert (detail["field"], detail["problem"]) == ("jobs[0]", "min_salary must not be above max_salary")


def test_a_yearly_salary_that_looks_monthly_is_warned_about(client: Client) -> None:
    answer = rank_jobs(
        client, {"min_salary_usd_per_year": 60_000}, {}, {"job_id": "b", "max_salary_usd_per_year": 5_000}
    )
    assert answer.json()["warnings"] == [
        {
            "field": "jobs[1].max_salary_usd_per_year",
            "problem": "looks like a monthly amount: send it as max_salary with salary_period, or check its currency",
        }
    ]


def test_a_yearly_salary_that_is_too_low_for_any_year_is_refused_with_advice(client: Client) -> None:
    detail = refused(client, {"min_salary_usd_per_year": 60})
    assert detail["field"] == "candidate.min_salary_usd_per_year"
    assert detail["problem"].endswith("goes into the field without _usd_per_year, with salary_period")


def test_requests_hold_the_profiles_of_the_tables() -> None:
    body = (
        b'{"candidate": {"candidate_id": "a", "headline": "", "skills": [], "min_salary": 100, "salary_period": "day"}}'
    )
    request = parse(body, RankJobsRequest)
    assert type(request.candidate) is CandidateProfile
    assert request.candidate.min_salary_usd_per_year == 26_000
    assert type(parse(b'{"job": {"job_id": "a", "title": ""}}', RankCandidatesRequest).job) is JobProfile
    assert warnings(request) == []


def test_rates_of_ones_own_are_used_and_reported() -> None:
    rates = replace(pay_rates.built_in(), per_euro=MappingProxyType({"EUR": 1.0, "USD": 1.0, "UAH": 50.0}))
    conversion = Conversion(rates)
    candidate = '"candidate": {"candidate_id": "a", "headline": "", "skills": [], "min_salary": 100000, '
    body = "{" + candidate + '"salary_currency": "%s", "salary_period": "month"}}'
    request = parse((body % "UAH").encode(), RankJobsRequest, conversion)
    assert request.candidate is not None
    assert request.candidate.min_salary_usd_per_year == 24_000
    used = conversion.used()
    assert used is not None
    assert used.usd_per_unit == {"UAH": 0.02}
    with pytest.raises(ApiError):
        parse((body % "GBP").encode(), RankJobsRequest, conversion)


def test_the_service_reads_the_rates_beside_its_bundle(bundle: Path, tmp_path: Path) -> None:
    from home.settings import Settings
    from serving.answers.loading import _pay_rates

    text = pay_rates.BUILT_IN_FILE.read_text(encoding="utf-8")
    own, deployed = tmp_path / "own.toml", tmp_path / "release" / pay_rates.BUILT_IN_FILE.name
    own.write_text(text.replace("GBP = 0.8338", "GBP = 0.5"), encoding="utf-8")
    assert _pay_rates(Settings(), bundle) == pay_rates.built_in()
    assert _pay_rates(Settings(pay_rates=own), bundle).per_euro["GBP"] == 0.5
    deployed.parent.mkdir()
    deployed.write_text(text.replace("GBP = 0.8338", "GBP = 0.25"), encoding="utf-8")
    assert _pay_rates(Settings(pay_rates=own), deployed.parent / "bundle").per_euro["GBP"] == 0.25
