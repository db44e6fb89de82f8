"""Explanations in words: what both profiles say about each group of features, for the candidate and for the company.

A sentence states facts of the two profiles and nothing of the model; the effect beside it is the contribution's. What
somebody expects to earn, and when they were active, is given in numbers to them alone: the company reads that it
differs, not by how much.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from matching.data.tables import CandidateProfile, JobProfile
from matching.explaining.contributions import Contributions
from matching.text.skills import canonical, named_in, spellings
from matching.text.words import plain

Effect = Literal["raises", "lowers", "does not matter"]

MATTERS = 0.05  # on the scale of the contributions: a factor of 1.05 on the odds, or on the probability of a match
MOST_NAMES = 5
_POLICIES = {"onsite": "on site", "hybrid": "hybrid", "remote": "fully remote", "any": "anywhere"}
_SHORTEST_WORD = 3


@dataclass(frozen=True)
class Reason:
    """What one group of features does to a score.

    Attributes:
        group: name of the group.
        contribution: what it adds, on the scale of the score.
        effect: whether that raises or lowers the score.
        for_candidate: what the profiles say, to the candidate.
        for_company: the same, to the company.
    """

    group: str
    contribution: float
    effect: Effect
    for_candidate: str
    for_company: str


@dataclass(frozen=True)
class Voice:
    """Who is spoken to."""

    is_candidate: bool

    @property
    def owner(self) -> str:
        """What is the candidate's, within a sentence."""
        return "your" if self.is_candidate else "the candidate's"

    def says(self, verb: str, third_person: str | None = None) -> str:
        """Join the candidate and a verb within a sentence."""
        return f"you {verb}" if self.is_candidate else f"the candidate {third_person or verb + 's'}"


Fact = Callable[[CandidateProfile, JobProfile, Voice], str]


def reasons(told: Contributions, candidate: CandidateProfile, job: JobProfile) -> tuple[Reason, ...]:
    """Say for each group of features what the profiles hold and what it does to the score, the largest effect first."""
    found = []
    for group, value in sorted(told.groups.items(), key=lambda item: -abs(item[1])):
        fact = FACTS.get(group) or _named(group)
        sentences = (_capital(fact(candidate, job, Voice(is_candidate))) for is_candidate in (True, False))
        found.append(Reason(group, value, effect(value), *sentences))
    return tuple(found)


def effect(contribution: float) -> Effect:
    """Tell whether a contribution raises the score, lowers it, or is too small to matter."""
    if abs(contribution) < MATTERS:
        return "does not matter"
    return "raises" if contribution > 0 else "lowers"


def _skills(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    if not job.must_have_skills:
        return "The job names no required skills."
    must, nice = _different(job.must_have_skills), _different(job.nice_to_have_skills)
    listed = {canonical(skill.name) for skill in candidate.skills}
    told = named_in(candidate.resume, spellings([*must, *nice])) - listed
    missing = [name for name in must if canonical(name) not in listed | told]
    welcome = f" and {sum(canonical(name) in listed for name in nice)} of {len(nice)} welcome" if nice else ""
    required = "required skill" if len(must) == 1 else "required skills"
    count = sum(canonical(name) in listed for name in must)
    said = f"{voice.says('list')} {count} of the {len(must)} {required}{welcome}"
    in_resume = [name for name in must if canonical(name) in told]
    said += f"; the resume names {_names(in_resume)}" if in_resume else ""
    return f"{said}; missing: {_names(missing)}." if missing else f"{said}."


def _experience(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    years, low, high = candidate.experience_years, job.min_experience_years, job.max_experience_years
    if years is None:
        return f"{voice.owner} profile states no years of experience."
    if low is None and high is None:
        return "The job asks for no years of experience."
    said = f"{voice.owner} experience of {_years(years)} is"
    if low is not None and years < low:
        return f"{said} {_years(low - years)} short of the {_years(low)} that the job asks for."
    if high is not None and years > high:
        return f"{said} {_years(years - high)} above the {_years(high)} that the job asks for at most."
    return f"{said} within what the job asks for."


def _salary(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    expected, low, high = (
        candidate.expected_salary_usd_per_year,
        job.min_salary_usd_per_year,
        job.max_salary_usd_per_year,
    )
    if expected is None:
        return f"{voice.owner} profile states no expected salary."
    if low is None and high is None:
        return "The job states no salary band."
    if high is not None and high < expected:
        return f"The salary band ends {_money(expected - high, voice)}below {voice.owner} expectation."
    if low is not None and low > expected:
        return f"The salary band begins {_money(low - expected, voice)}above {voice.owner} expectation."
    if high is None:
        return f"The salary band begins below {voice.owner} expectation and states no upper end."
    return f"The salary band reaches {voice.owner} expectation and ends {_money(high - expected, voice)}above it."


def _place(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    if job.city is None and job.country is None:
        return "The job states no place."
    city = job.city or "an unnamed city"
    if job.city is not None and _same(job.city) in map(_same, candidate.wish_cities):
        return f"The job is in {city}, where {voice.says('want')} to work."
    if candidate.city is None and candidate.country is None:
        return f"The job is in {city}; {voice.owner} place is not stated."
    near = [(job.city, candidate.city, "city"), (job.region, candidate.region, "region")]
    near.append((job.country, candidate.country, "country"))
    shared = [kind for theirs, mine, kind in near if theirs and mine and _same(theirs) == _same(mine)]
    if "city" in shared and (None in (job.region, candidate.region) or "region" in shared):
        return f"The job is in {voice.owner} city."
    kinds = [kind for kind in shared if kind != "city"]
    if kinds:
        elsewhere = ", in another city" if job.city and candidate.city else ""
        return f"The job is in {voice.owner} {kinds[0]}{elsewhere}."
    return (
        f"The job is not in {voice.owner} country." if job.country and candidate.country else f"The job is in {city}."
    )


def _remote(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    policy, wish = job.remote_policy, candidate.remote_wish
    if policy is None:
        return "The job does not state where the work is done."
    said = f"The job is {_POLICIES[policy]}"
    if wish is None:
        return f"{said}; {voice.says('state')} no wish."
    if wish == "any":
        return f"{said}; {voice.says('want')} to work anywhere."
    if wish == policy:
        return f"{said}, as {voice.says('wish', 'wishes')}."
    return f"{said}; {voice.says('want')} to work {_POLICIES[wish]}."


def _role(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    mine = _tokens([candidate.headline, *candidate.wish_roles])
    shared = [word for word in _tokens([job.title]) if word in set(mine)]
    said = f"The job's title and {voice.owner} headline or wanted roles share"
    return f"{said} {_names(shared)}." if shared else f"{said} no word."


def _where(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    return f"{_place(candidate, job, voice)} {_remote(candidate, job, voice)}"


def _text(_candidate: CandidateProfile, _job: JobProfile, voice: Voice) -> str:
    return f"The words of {voice.owner} headline and resume beside those of the job's title and description."


def _wishes(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    said = []
    if candidate.wish_stack:
        offered = {canonical(name) for name in (*job.must_have_skills, *job.nice_to_have_skills)}
        wished = _different(candidate.wish_stack)
        met = [name for name in wished if canonical(name) in offered]
        named = f": {_names(met)}" if met else ""
        said.append(f"the job uses {len(met)} of the {len(wished)} technologies that {voice.says('want')}{named}")
    if candidate.wish_industries and job.industry:
        is_met = _same(job.industry) in map(_same, candidate.wish_industries)
        said.append(
            f"its industry, {job.industry}, is {'one' if is_met else 'none of those'} that {voice.says('want')}"
        )
    return "; ".join(said) + "." if said else f"{voice.says('state')} no wanted technologies or industries."


def _company(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    if job.company_size is None:
        return "The job does not state the size of the company."
    said = f"The company has {job.company_size} employees"
    if not candidate.wish_company_sizes:
        return f"{said}; {voice.says('state')} no wanted size."
    if job.company_size in candidate.wish_company_sizes:
        return f"{said}, a size that {voice.says('want')}."
    return f"{said}, not a size that {voice.says('want')}."


def _freshness(candidate: CandidateProfile, job: JobProfile, voice: Voice) -> str:
    if job.posted_at is None:
        return "The job does not state when it was posted."
    if candidate.last_active_at is None:
        return f"When {voice.says('were', 'was')} last active is not known."
    days = (candidate.last_active_at - job.posted_at).days
    if days < 0:
        return f"The job was posted after {voice.says('were', 'was')} last active."
    if not voice.is_candidate:
        return "The job was posted before the candidate was last active."
    age = "less than a day" if days == 0 else "1 day" if days == 1 else f"{days:,} days"
    return f"The job had been posted {age} before you were last active."


def _other(_candidate: CandidateProfile, _job: JobProfile, voice: Voice) -> str:
    return f"Other details of the job and of {voice.owner} profile."


def _named(group: str) -> Fact:
    """A fact about a group that only its problem knows: its name, and no value, which may be personal."""
    words = group.replace("_", " ")
    return lambda _candidate, _job, voice: f"What the job and {voice.owner} profile say about: {words}."


FACTS: dict[str, Fact] = {
    "skills": _skills,
    "experience": _experience,
    "salary": _salary,
    "place": _where,
    "remote": _remote,
    "role": _role,
    "text": _text,
    "wishes": _wishes,
    "company": _company,
    "freshness": _freshness,
    "other": _other,
}
"""What is said of each group of features; of any other group its name."""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _same(name: str) -> str:
    return name.strip().casefold()


def _different(names: Iterable[str]) -> list[str]:
    """Skills without doubles, as first written."""
    return list({canonical(name): name for name in reversed(list(names))}.values())[::-1]


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _tokens(texts: Sequence[str]) -> list[str]:
    """Different words of texts that are long enough to mean something, in their order."""
    words = " ".join(plain(pl.Series(texts, dtype=pl.String)).to_list()).split()
    return [word for word in dict.fromkeys(words) if len(word) >= _SHORTEST_WORD]


def _years(years: float) -> str:
    return f"{years:g} year" if years == 1 else f"{round(years, 1):g} years"


def _money(usd_per_year: float, voice: Voice) -> str:
    """Amount with a blank behind it; the company is not told what a person expects."""
    return f"{usd_per_year:,.0f} USD a year " if voice.is_candidate else ""
