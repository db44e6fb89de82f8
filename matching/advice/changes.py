"""Changes that a candidate or a company could make, each as the whole profile after the change.

Only what the owner can really change is offered: a skill to learn, a wish, an expectation, a requirement. Nothing is
removed from a resume, and no experience is invented. No profile holds a protected attribute, so no change can name one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from matching.arrays import Floats
from matching.data.tables import CandidateProfile, JobProfile
from matching.features.encoding import COMPANY_SIZES, REMOTE_POLICIES, REMOTE_WISHES
from matching.text import skills

Kind = Literal["skill", "salary", "remote", "city", "role", "company_size", "industry", "must_have", "experience"]

LEARNED_YEARS = 1.0
"""Years of use that are assumed for an advised skill."""
SKILLS, CITIES, ROLES, INDUSTRIES, MUST_HAVES = 12, 5, 4, 4, 12
SALARY_STEPS = (-0.15, -0.10, -0.05, 0.05, 0.10)
BAND_STEPS = (0.05, 0.10, 0.20)
YEARS_STEPS = (1.0, 2.0)
_LEVEL = re.compile(r"(?i)\b(junior|middle|mid-level|senior|sr|lead|principal|entry-level|staff|head)\b\.?|\(.*?\)")
_NAME_LIMIT, _YEARS_LIMIT = 120, 60.0


@dataclass(frozen=True)
class Change:
    """One change of a profile.

    Attributes:
        kind: what changes.
        words: the change in words.
        condition: what must be true for the change, in words.
        choice: changes with the same choice exclude each other, and only the best of them is advised.
        profile: the whole profile after the change.
    """

    kind: Kind
    words: str
    condition: str
    choice: str
    profile: CandidateProfile | JobProfile


def candidate_changes(candidate: CandidateProfile, jobs: pl.DataFrame, relevance: Floats) -> list[Change]:
    """Return what a candidate could change, in a fixed order.

    Args:
        candidate: the unchanged profile.
        jobs: the pool, rows of `JobProfile`.
        relevance: shape (n_jobs,), weight of each job for the choice of skills, cities and roles: the match
            probability of the unchanged profile.
    """
    changes = _new_skills(candidate, jobs, relevance) + _salaries(candidate) + _remote_wishes(candidate)
    return changes + _new_wishes(candidate, jobs, relevance)


def job_changes(job: JobProfile) -> list[Change]:
    """Return what a company could change about a job, in a fixed order.

    >>> job = JobProfile(job_id="j", title="Cook", remote_policy="hybrid", min_experience_years=2)
    >>> [change.words for change in job_changes(job)][2:]
    ['Requiring 1 year less experience', 'Requiring 2 years less experience']
    """
    return _must_haves(job) + _bands(job) + _remote_policies(job) + _experience(job)


def _edited(kind: Kind, words: str, condition: str, profile: Any, choice: str = "", **fields: Any) -> Change:
    after = type(profile).model_validate(profile.model_dump() | fields)
    return Change(kind, words, condition, choice or kind, after)


def _choice(kind: Kind, name: str) -> str:
    return f"{kind} {_plain(name)}"


def _new_skills(candidate: CandidateProfile, jobs: pl.DataFrame, relevance: Floats) -> list[Change]:
    text = f"{candidate.headline} {candidate.resume}"
    required = _weighed(jobs["must_have_skills"].to_list(), relevance)
    for name, weight in _weighed(jobs["nice_to_have_skills"].to_list(), 0.5 * relevance).items():
        required[name] = required.get(name, 0.0) + weight
    if len(candidate.skills) >= 200:
        return []
    held = [*(skill.name for skill in candidate.skills), *skills.held(text)]
    return [
        _edited(
            "skill",
            f"Adding {name}",
            f"only if you have it or learn it: counted with {LEARNED_YEARS:g} year of use",
            candidate,
            _choice("skill", name),
            skills=[*candidate.model_dump()["skills"], {"name": name, "years": LEARNED_YEARS}],
        )
        for name in _best_names(required, held, SKILLS)
    ]


def _salaries(candidate: CandidateProfile) -> list[Change]:
    now = candidate.expected_salary_usd_per_year
    if now is None:
        return []
    values = [(step, round(now * (1 + step), -2)) for step in SALARY_STEPS]
    return [
        _edited(
            "salary",
            f"{'Raising' if step > 0 else 'Lowering'} the expected salary by {abs(step):.0%}",
            "only if you would work for it",
            candidate,
            expected_salary_usd_per_year=value,
        )
        for step, value in values
        if 1_000 <= value <= 5_000_000
    ]


def _remote_wishes(candidate: CandidateProfile) -> list[Change]:
    words = {
        "onsite": "Asking for work on site",
        "hybrid": "Asking for hybrid work",
        "remote": "Asking for remote work",
        "any": "Accepting work anywhere",
    }
    return [
        _edited("remote", words[wish], "only if you want it", candidate, remote_wish=wish)
        for wish in REMOTE_WISHES
        if wish != candidate.remote_wish
    ]


def _new_wishes(candidate: CandidateProfile, jobs: pl.DataFrame, relevance: Floats) -> list[Change]:
    """Return changes that add a wished city, role, company size or industry, of those that the pool offers."""
    titles = [[_role(title)] for title in jobs["title"].to_list()]
    offers: list[tuple[Kind, str, str, list[list[str]], int, list[str]]] = [
        ("city", "wish_cities", "cities", _wrapped(jobs["city"]), CITIES, [candidate.city or ""]),
        ("role", "wish_roles", "roles", titles, ROLES, []),
        ("company_size", "wish_company_sizes", "company sizes", _wrapped(jobs["company_size"]), 5, []),
        ("industry", "wish_industries", "industries", _wrapped(jobs["industry"]), INDUSTRIES, []),
    ]
    changes = []
    for kind, field, wishes, offered, count, known in offers:
        wished = list(getattr(candidate, field))
        if len(wished) >= (len(COMPANY_SIZES) if kind == "company_size" else 200):
            continue
        for name in _best_names(_weighed(offered, relevance), [*wished, *known], count):
            unit = " people" if kind == "company_size" else ""
            after = {field: [*wished, name]}
            choice = _choice(kind, name)
            words = f"Adding {name}{unit} to the wanted {wishes}"
            changes.append(_edited(kind, words, "only if you want it", candidate, choice, **after))
    return changes


def _must_haves(job: JobProfile) -> list[Change]:
    changes = []
    for name in job.must_have_skills[:MUST_HAVES]:
        rest = [other for other in job.must_have_skills if other != name]
        condition = "only if the work can be done without it"
        nice = [*job.nice_to_have_skills, name][-200:]
        moved = {"must_have_skills": rest, "nice_to_have_skills": nice}
        choice = _choice("must_have", name)
        changes.append(_edited("must_have", f"Making {name} a nice-to-have", condition, job, choice, **moved))
        dropped = f"No longer requiring {name}"
        changes.append(_edited("must_have", dropped, condition, job, choice, must_have_skills=rest))
    return changes


def _bands(job: JobProfile) -> list[Change]:
    ends = ("min_salary_usd_per_year", "max_salary_usd_per_year")
    now = {end: getattr(job, end) for end in ends if getattr(job, end) is not None}
    if "max_salary_usd_per_year" not in now:
        return []
    steps = [(step, {end: round(value * (1 + step), -2) for end, value in now.items()}) for step in BAND_STEPS]
    return [
        _edited("salary", f"Raising the salary band by {step:.0%}", "only if you would pay it", job, **band)
        for step, band in steps
        if max(band.values()) <= 5_000_000
    ]


def _remote_policies(job: JobProfile) -> list[Change]:
    words = {"onsite": "work on site", "hybrid": "hybrid work", "remote": "remote work"}
    return [
        _edited("remote", f"Offering {words[policy]}", "only if the job allows it", job, remote_policy=policy)
        for policy in REMOTE_POLICIES
        if policy != job.remote_policy
    ]


def _experience(job: JobProfile) -> list[Change]:
    low, high = job.min_experience_years, job.max_experience_years
    changes = []
    for step in YEARS_STEPS:
        years = f"{step:g} year{'s' if step > 1 else ''}"
        condition = "only if such people can do the work"
        if low:
            fields = {"min_experience_years": max(low - step, 0.0)}
            changes.append(
                _edited("experience", f"Requiring {years} less experience", condition, job, "least", **fields)
            )
        if high is not None and high + step <= _YEARS_LIMIT:
            fields = {"max_experience_years": high + step}
            changes.append(
                _edited("experience", f"Accepting {years} more experience", condition, job, "most", **fields)
            )
    return changes


def _weighed(names: Iterable[Sequence[str]], weights: Floats) -> dict[str, float]:
    """Return the total weight of the rows with each name; the first spelling of a name is kept."""
    total: dict[str, float] = defaultdict(float)
    spelling: dict[str, str] = {}
    for row, weight in zip(names, weights.tolist(), strict=True):
        for name in row:
            total[spelling.setdefault(_plain(name), name)] += weight
    return dict(total)


def _best_names(weights: dict[str, float], known: Sequence[str], count: int) -> list[str]:
    """Return the names with the highest weights that are not known; equal weights are in alphabetical order."""
    have = {_plain(name) for name in known}
    new = [name for name in weights if _plain(name) and len(name) <= _NAME_LIMIT and _plain(name) not in have]
    return sorted(new, key=lambda name: (-weights[name], name))[:count]


def _plain(name: str) -> str:
    """Return one form for all spellings of a name: k8s is no new skill beside Kubernetes."""
    return skills.canonical(name)


def _role(title: str) -> str:
    """Return a title without seniority level and brackets."""
    return " ".join(_LEVEL.sub(" ", title).split()).strip(" ,-")


def _wrapped(values: pl.Series) -> list[list[str]]:
    return [[] if value is None else [value] for value in values.to_list()]
