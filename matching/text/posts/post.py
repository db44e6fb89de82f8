"""A post: what its title and its description ask of a candidate."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import NamedTuple

from matching.text import skills
from matching.text.posts.needs import Demand, Need, demands, entries
from matching.text.posts.sections import Section, lowered, sections
from matching.text.posts.years import AskedYears, asked_years, is_trade
from matching.text.seniority import years_of_text, years_of_titles
from matching.text.skill_vocabulary import SkillVocabulary, built_in
from matching.text.skills import Mention
from matching.text.visible import Visible, visible

# At most four words: a line, or what follows a heading in its line.
_FIRST_ENTRY = re.compile(r"[ \t]*(?P<entry>[\w.+#/&-]*[\w+#](?:[ \t][\w.+#/&()-]*[\w+#)]){0,3})[.;](?=\s|\Z)")
_ENTRY = re.compile(r"(?m)^[^\w\n.]{0,8}(?P<entry>[\w.+#/&-]+(?:[ \t][\w.+#/&()-]+){0,3})[.;,]?[ \t]*$")


@dataclass(frozen=True)
class Post:
    """What a post asks. Places are characters of the description; skills of the title have none.

    Attributes:
        title_skills: canonical names of the skills in the title.
        demands: the skills in the description, each with its need and its place.
        years: the years of experience, overall and of skills.
        seniority_years: years that the seniority in title or description usually stands for; None without one.
        sections: the sections of the description.
    """

    title_skills: tuple[str, ...]
    demands: tuple[Demand, ...]
    years: tuple[AskedYears, ...]
    seniority_years: float | None
    sections: tuple[Section, ...]


class Asked(NamedTuple):
    """What a post asks, as features need it.

    Attributes:
        must: canonical names of the required skills, each once.
        nice: those of the skills that help, without the required ones.
        skill_years: years asked of a skill, by its canonical name.
        min_years: least years of experience; None if unknown.
        max_years: most years; None if unknown or without limit.
        seniority_years: see `Post`.
    """

    must: tuple[str, ...]
    nice: tuple[str, ...]
    skill_years: dict[str, float]
    min_years: float | None
    max_years: float | None
    seniority_years: float | None


def read(title: str, description: str, vocabulary: SkillVocabulary | None = None) -> Post:
    """Read a post.

    >>> post = read("Java developer", "<h3>Your profile</h3><ul><li>5+ years of Java</li><li>Kafka is a plus</li></ul>")
    >>> [(one.skill, one.need, one.start) for one in post.demands]
    [('java', 'must', 41), ('kafka', 'nice', 54)]
    >>> [(one.low, one.skills) for one in post.years]
    [(5.0, ('java',))]

    Args:
        title: title of the job.
        description: plain text or HTML.
        vocabulary: known skills; the built-in ones if None.
    """
    shown = visible(description)
    parts = sections(shown.text)
    lower = lowered(shown.text)
    asked = demands(lower, parts, _mentions(shown.text, lower, parts, vocabulary))
    years = asked_years(lower, parts, asked)
    of_title = years_of_titles([title])[0]
    seniority = years_of_text(shown.text) if isnan(of_title) else of_title
    return Post(
        title_skills=tuple(
            dict.fromkeys(one.skill for one in skills.read(title, vocabulary) if _is_skill_of_title(one))
        ),
        demands=tuple(_original(one, shown) for one in asked),
        years=tuple(replace(one, start=shown.original(one.start), end=shown.original(one.end)) for one in years),
        seniority_years=None if isnan(seniority) else seniority,
        sections=tuple(replace(one, start=shown.original(one.start), end=shown.original(one.end)) for one in parts),
    )


def asked(
    title: str,
    description: str,
    must_have: Sequence[str] = (),
    nice_to_have: Sequence[str] = (),
    vocabulary: SkillVocabulary | None = None,
) -> Asked:
    """Return what a post asks: lists that it gives win over its text.

    >>> asked("Go engineer", "3-5 years of experience. Ideally with Kafka.").must
    ('go',)
    >>> asked("Go engineer", "Rust required.", must_have=["Python"])[:2]
    (('python',), ())

    Args:
        title: title of the job.
        description: plain text or HTML.
        must_have: the list of required skills, if there is one.
        nice_to_have: the list of skills that help, if there is one.
        vocabulary: known skills; the built-in ones if None.
    """
    post = read(title, description, vocabulary)
    must, nice = _names(must_have, vocabulary), _names(nice_to_have, vocabulary)
    must = must or [*post.title_skills, *_with(post, "must")]
    nice = nice or _with(post, "nice")
    if nice_to_have and not must_have:
        must = [name for name in must if name not in nice]
    required = tuple(dict.fromkeys(must))
    low, high = overall(post.years)
    return Asked(
        must=required,
        nice=tuple(name for name in dict.fromkeys(nice) if name not in set(required)),
        skill_years=_of_skills(post.years),
        min_years=low,
        max_years=high,
        seniority_years=post.seniority_years,
    )


def _is_skill_of_title(one: Mention) -> bool:
    return one.stance == "held" and not is_trade(one.skill)


def _mentions(text: str, lower: str, parts: Sequence[Section], vocabulary: SkillVocabulary | None) -> list[Mention]:
    """The skills of a text. What stands alone in a line, or is alone a plus, is read as an entry of a list."""
    found = skills.read(text, vocabulary)
    named = [one.start for one in found]
    spans = [span for part in parts for span in _entries(text, part)]
    for start, end in dict.fromkeys([*spans, *entries(lower)]):
        place = bisect_left(named, start)
        if place == len(named) or named[place] >= end:
            found += _listed(text, start, end, vocabulary)
    return sorted(found, key=lambda one: one.start)


def _entries(text: str, part: Section) -> Iterator[tuple[int, int]]:
    if part.kind in ("must", "nice", "work"):
        if first := _FIRST_ENTRY.match(text, part.start, part.end):
            yield first.span("entry")
        for entry in _ENTRY.finditer(text, part.start, part.end):
            yield entry.span("entry")


def _listed(text: str, start: int, end: int, vocabulary: SkillVocabulary | None) -> list[Mention]:
    names = (vocabulary or built_in()).names
    known = [name for name in skills.listed(text[start:end], vocabulary) if name in names]
    return [Mention(name, start, end, "held") for name in known]


def _original(one: Demand, shown: Visible) -> Demand:
    return replace(one, start=shown.original(one.start), end=shown.original(one.end))


def _names(entries: Sequence[str], vocabulary: SkillVocabulary | None) -> list[str]:
    return [name for entry in entries for name in skills.listed(entry, vocabulary)]


def _with(post: Post, need: Need) -> list[str]:
    return [one.skill for one in post.demands if one.need == need and not is_trade(one.skill)]


def _of_skills(years: Sequence[AskedYears]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in years:
        for skill in one.skills if one.low is not None else ():
            found[skill] = max(one.low or 0.0, found.get(skill, 0.0))
    return found


def overall(years: Sequence[AskedYears]) -> tuple[float | None, float | None]:
    """The band of experience as a whole; without one, whoever has the years of a skill has as many in all."""
    whole = [one for one in years if not one.skills]
    lows = [one.low for one in (whole or years) if one.low is not None]
    highs = [one.high for one in whole if one.high is not None]
    low = max(lows, default=None)
    high = max(highs) if highs and len(highs) == len(whole) else None
    return low, high if high is None or low is None or high >= low else None
