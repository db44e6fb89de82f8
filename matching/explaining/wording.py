"""Wording: what two profiles say about a group of features, in one sentence for either side.

A sentence gives facts of the profiles and nothing about the model; the effect beside it comes from the contribution.
Only the candidate reads numbers about their own expected salary and last activity: the company reads that the salary
differs, not by how much.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from matching.data.tables import CandidateProfile, JobProfile
from matching.text import places
from matching.text.posts.post import asked
from matching.text.skill_vocabulary import built_in
from matching.text.skills import canonical, canonical_names, held
from matching.text.words import spaced_words

MOST_NAMES = 5
_POLICIES = {"onsite": "on site", "hybrid": "hybrid", "remote": "fully remote"}
_WISHES = {"onsite": "work on site", "hybrid": "hybrid work", "remote": "fully remote work"}
_SHORTEST_WORD = 3


@dataclass(frozen=True)
class Reader:
    """The side that a sentence addresses."""

    is_candidate: bool

    @property
    def possessive(self) -> str:
        """What belongs to the candidate: `your` or `the candidate's`."""
        return "your" if self.is_candidate else "the candidate's"

    def clause(self, verb: str, third_person: str | None = None) -> str:
        """Return the candidate as the subject of a verb.

        >>> CANDIDATE.clause("want"), COMPANY.clause("want"), COMPANY.clause("were", "was")
        ('you want', 'the candidate wants', 'the candidate was')
        """
        return f"you {verb}" if self.is_candidate else f"the candidate {third_person or verb + 's'}"


CANDIDATE, COMPANY = Reader(is_candidate=True), Reader(is_candidate=False)

Wording = Callable[[CandidateProfile, JobProfile, Reader], str]
"""Returns a sentence that may begin in lower case."""


def sentence(group: str, candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    """Return what two profiles say about a group of features; of a group without a wording, only its name.

    >>> candidate = CandidateProfile(candidate_id="c", headline="Cook", skills=[], expected_salary_usd_per_year=98_000)
    >>> job = JobProfile(job_id="j", title="Cook", max_salary_usd_per_year=90_000)
    >>> sentence("salary", candidate, job, CANDIDATE)
    'The salary band ends 8,000 USD a year below your expectation.'
    >>> sentence("salary", candidate, job, COMPANY)
    "The salary band ends below the candidate's expectation."
    """
    wording = WORDINGS.get(group) or _with_name(group)
    words = wording(candidate, job, reader)
    return words[:1].upper() + words[1:]


def _skills(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    must, nice = _asked(job)
    if not must:
        return "The job names no required skills."
    listed = set(canonical_names(skill.name for skill in candidate.skills))
    found = held(f"{candidate.headline}\n{candidate.resume}") - listed
    missing = [name for name in must if canonical(name) not in listed | found]
    words = f"{reader.clause('list')} {_share(must, listed, 'required')}"
    words += f" and {_share(nice, listed, 'nice-to-have')}" if nice else ""
    in_resume = [name for name in must if canonical(name) in found]
    words += f"; the resume names {_names(in_resume)}" if in_resume else ""
    return f"{words}; missing: {_names(missing)}." if missing else f"{words}."


def _experience(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    years, low, high = candidate.experience_years, job.min_experience_years, job.max_experience_years
    if years is None:
        return f"{reader.possessive} profile gives no years of experience."
    if low is None and high is None:
        return "The job requires no years of experience."
    subject = f"{reader.possessive} {_years(years)} of experience {'is' if years == 1 else 'are'}"
    if low is not None and years < low:
        return f"{subject} {_years(low - years)} short of the {_years(low)} that the job requires."
    if high is not None and years > high:
        return f"{subject} {_years(years - high)} above the job's maximum of {_years(high)}."
    return f"{subject} within the range that the job requires."


def _salary(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    expected, low, high = (
        candidate.expected_salary_usd_per_year,
        job.min_salary_usd_per_year,
        job.max_salary_usd_per_year,
    )
    if expected is None:
        return f"{reader.possessive} profile gives no expected salary."
    if low is None and high is None:
        return "The job gives no salary band."
    if high is not None and high < expected:
        return f"The salary band ends {_money(expected - high, reader)}below {reader.possessive} expectation."
    if low is not None and low > expected:
        return f"The salary band begins {_money(low - expected, reader)}above {reader.possessive} expectation."
    if high is None:
        return f"The salary band begins below {reader.possessive} expectation and has no upper end."
    return (
        f"The salary band reaches {reader.possessive} expectation and ends {_money(high - expected, reader)}above it."
    )


def _place(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    if job.city is None and job.country is None:
        return "The job gives no location."
    city = job.city or "an unspecified city"
    if {*places.cities(job.city)} & {one for name in candidate.wish_cities for one in places.cities(name)}:
        return f"The job is in {city}, where {reader.clause('want')} to work."
    if candidate.city is None and candidate.country is None:
        return f"The job is in {city}; {reader.possessive} profile gives no location."
    near: list[tuple[Callable[[str | None], str | None], str | None, str | None, str]]
    near = [(places.city, job.city, candidate.city, "city"), (places.region, job.region, candidate.region, "region")]
    near.append((places.country, job.country, candidate.country, "country"))
    shared = [kind for read, theirs, mine, kind in near if read(theirs) and read(theirs) == read(mine)]
    if "city" in shared and (None in (job.region, candidate.region) or "region" in shared):
        return f"The job is in {reader.possessive} city."
    kinds = [kind for kind in shared if kind != "city"]
    if kinds:
        elsewhere = ", in another city" if job.city and candidate.city else ""
        return f"The job is in {reader.possessive} {kinds[0]}{elsewhere}."
    is_abroad = job.country and candidate.country
    return f"The job is not in {reader.possessive} country." if is_abroad else f"The job is in {city}."


def _remote(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    policy, wish = job.remote_policy, candidate.remote_wish
    if policy is None:
        return "The job does not say where the work is done."
    words = f"The job is {_POLICIES[policy]}"
    if wish is None:
        return f"{words}; {reader.possessive} profile does not say where {reader.clause('want')} to work."
    if wish == "any":
        return f"{words}; {reader.clause('want')} to work anywhere."
    if wish == policy:
        return f"{words}, which is what {reader.clause('want')}."
    return f"{words}; {reader.clause('want')} {_WISHES[wish]}."


def _role(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    mine = _tokens([candidate.headline, *candidate.wish_roles])
    shared = [word for word in _tokens([job.title]) if word in set(mine)]
    in_common = f"have {_names(shared)}" if shared else "have no word"
    return f"The job's title and {reader.possessive} headline or wanted roles {in_common} in common."


def _place_and_remote(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    return f"{_place(candidate, job, reader)} {_remote(candidate, job, reader)}"


def _text(_candidate: CandidateProfile, _job: JobProfile, reader: Reader) -> str:
    return f"The words of {reader.possessive} headline and resume, compared with the job's title and description."


def _wishes(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    parts = []
    if candidate.wish_stack:
        offered = set(canonical_names([name for names in _asked(job) for name in names]))
        wished = _distinct(candidate.wish_stack)
        met = [name for name in wished if canonical(name) in offered]
        names = f": {_names(met)}" if met else ""
        parts.append(f"the job uses {len(met)} of the {len(wished)} technologies that {reader.clause('want')}{names}")
    if candidate.wish_industries and job.industry:
        is_met = _same(job.industry) in map(_same, candidate.wish_industries)
        parts.append(f"its industry, {job.industry}, is {'' if is_met else 'not '}one that {reader.clause('want')}")
    return (
        "; ".join(parts) + "." if parts else f"{reader.possessive} profile lists no wanted technologies or industries."
    )


def _company(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    if job.company_size is None:
        return "The job does not give the size of the company."
    words = f"The company has {job.company_size} employees"
    if not candidate.wish_company_sizes:
        return f"{words}; {reader.possessive} profile lists no wanted sizes."
    if job.company_size in candidate.wish_company_sizes:
        return f"{words}, a size that {reader.clause('want')}."
    return f"{words}, not a size that {reader.clause('want')}."


def _freshness(candidate: CandidateProfile, job: JobProfile, reader: Reader) -> str:
    if job.posted_at is None:
        return "The job does not say when it was posted."
    if candidate.last_active_at is None:
        return f"It is not known when {reader.clause('were', 'was')} last active."
    days = (candidate.last_active_at - job.posted_at).days
    if days < 0:
        return f"The job was posted after {reader.clause('were', 'was')} last active."
    if not reader.is_candidate:
        return "The job was posted before the candidate was last active."
    age = "less than a day" if days == 0 else "1 day" if days == 1 else f"{days:,} days"
    return f"The job had been posted {age} before you were last active."


def _other(_candidate: CandidateProfile, _job: JobProfile, reader: Reader) -> str:
    return f"Other details of the job and of {reader.possessive} profile."


def _with_name(group: str) -> Wording:
    """Name the group and none of its values, which may be personal."""
    words = group.replace("_", " ")
    return lambda _candidate, _job, reader: f"What the job and {reader.possessive} profile say about: {words}."


WORDINGS: dict[str, Wording] = {
    "skills": _skills,
    "experience": _experience,
    "salary": _salary,
    "place": _place_and_remote,
    "remote": _remote,
    "role": _role,
    "text": _text,
    "wishes": _wishes,
    "company": _company,
    "freshness": _freshness,
    "other": _other,
}
"""The wording of each group of features in the built-in feature set."""


def _asked(job: JobProfile) -> tuple[list[str], list[str]]:
    """Required and nice-to-have skills as the job's lists spell them or, without lists, as its text names them."""
    post = asked(job.title, job.description, job.must_have_skills, job.nice_to_have_skills)
    must, nice = _distinct(job.must_have_skills), _distinct(job.nice_to_have_skills)
    display = built_in().display
    return must or [display(name) for name in post.must], nice or [display(name) for name in post.nice]


def _share(names: Sequence[str], listed: set[str], kind: str) -> str:
    """How many of the skills are listed, such as `2 of the 3 required skills`."""
    count = sum(canonical(name) in listed for name in names)
    return f"{count} of the {len(names)} {kind} {'skill' if len(names) == 1 else 'skills'}"


def _same(name: str) -> str:
    return name.strip().casefold()


def _distinct(names: Iterable[str]) -> list[str]:
    """Skills without duplicates, each in its first spelling."""
    return list({canonical(name): name for name in reversed(list(names))}.values())[::-1]


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _tokens(texts: Sequence[str]) -> list[str]:
    """Distinct words that are long enough to carry meaning, in order."""
    words = " ".join(spaced_words(pl.Series(texts, dtype=pl.String)).to_list()).split()
    return [word for word in dict.fromkeys(words) if len(word) >= _SHORTEST_WORD]


def _years(years: float) -> str:
    return f"{years:g} year" if years == 1 else f"{round(years, 1):g} years"


def _money(usd_per_year: float, reader: Reader) -> str:
    """An amount followed by a space; empty for the company, which must not learn what a candidate expects."""
    return f"{usd_per_year:,.0f} USD a year " if reader.is_candidate else ""
