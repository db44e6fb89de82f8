"""The years of experience that a post asks for, overall and of single skills."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matching.text.posts.needs import Demand
from matching.text.posts.sections import Section, section_at

MOST_YEARS = 30
"""Nobody asks for more; a longer time is the age of a company."""

_NUMBERS = {
    word: number
    for number, words in {
        1: "one ein eins einem einer un une uno una", 2: "two zwei deux dos", 3: "three drei trois tres",
        4: "four vier quatre cuatro", 5: "five fünf cinq cinco", 6: "six sechs seis", 7: "seven sieben sept siete",
        8: "eight acht huit ocho", 9: "nine neun neuf nueve", 10: "ten zehn dix diez", 12: "twelve zwölf douze doce",
        15: "fifteen fünfzehn quinze quince", 20: "twenty zwanzig vingt veinte",
    }.items()
    for word in words.split()
}  # fmt: skip
_NUMBER = rf"\d{{1,2}}(?:[.,]5)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}"
_DASH, _MORE = r"(?:-|\u2013|\u2014|to|bis|à|a|or|oder|ou|o)", r"\+|plus|or\s+more|oder\s+mehr|ou\s+plus"
_UNIT = re.compile(r"(?<![^\W\d_])(?:years?|yrs?|jahren?|ans|années|años)\b['\u2019]?")
_COUNT = re.compile(
    rf"(?<![\w.,/-])(?P<low>{_NUMBER})(?:\s?\(\w{{1,9}}\))?\s?(?:\+|plus)?(?:\s?{_DASH}\s?(?P<high>{_NUMBER}))?"
    rf"\s?(?P<more>{_MORE})?[\s-]{{0,2}}$"
)
_LONGEST_COUNT = 40
_EXPERIENCE = re.compile(
    r"experience|expertise|\bexp\b|erfahrung|expérience|experiencia|\bworking\b|\bworked\b|hands.on|professional|"
    r"in a similar|as an? |\bin the role\b|track record|background|knowledge|practice|industry|commercial|"
    r"\bof\b.{0,25}\b(?:development|engineering)"
)
_OTHER_YEARS = re.compile(
    r"years? old|years? ago|the (?:last|past|next)|in business|in den letzten|for over|for more than|since|history|"
    r"anniversary|degree|diploma|studium|study|studies|contract|fixed term|befristet|holiday|vacation|leave|per year|"
    r"a year\b|warranty|of service|of age|growth"
)
_AT_MOST = re.compile(
    r"(?:up to|at most|max(?:imum|\.)?(?: of)?|less than|bis zu|höchstens|jusqu['\u2019]à|hasta|máximo)\s*$"
)
_NOUN = (
    r"experience|exp|expertise|erfahrung|berufserfahrung|expérience|experiencia|knowledge|work|working|programming|"
    r"coding|hands-on|development"
)
_LINK = r"with|in|of|using|mit|von|avec|en|con|de|developing|programming|writing|working|building|like|such as|on|sur"
# Between the years and the skill that they are of.
_OF_SKILL = re.compile(
    rf"\W*(?:(?:of|in|with|using|von|mit|de|en|con)\s+|d['\u2019])?(?:(?:[\w/+-]+\s+){{0,3}}?(?:{_NOUN})\s*)?"
    rf"(?:(?:(?:{_LINK})\s+)|d['\u2019]){{0,3}}(?:(?:the|a|an|modern|either|both)\s+)?[\"(:]?\s*"
)
# "Java (5+ years)", "Java: 3 years", "Java - at least 2 yrs".
_AFTER_SKILL = re.compile(r"\s?[:(\u2013,-]\s?(?:at least |min(?:imum|\.)? |mind(?:estens|\.)? )?")
_LISTED = re.compile(r"\s*(?:[,/&+]|,?\s*(?:and|or|und|oder|et|ou|y|o)\b)\s*")
_REACH = 90


_TRADE = (" development", " engineering", " programming", " design", " administration", " management")


def is_trade(skill: str) -> bool:
    """Whether a skill is a line of work, as "web development", and no technology."""
    return skill.endswith(_TRADE)


@dataclass(frozen=True)
class AskedYears:
    """Years of experience that a post asks for.

    Attributes:
        low: at least so many; None if only an upper end is stated.
        high: at most so many; None if there is no upper end.
        skills: canonical names of the skills that the years are of; empty for experience as a whole.
        start: first character.
        end: character after the last.
    """

    low: float | None
    high: float | None
    skills: tuple[str, ...]
    start: int
    end: int


def asked_years(text: str, parts: Sequence[Section], asked: Sequence[Demand]) -> list[AskedYears]:
    """Return the years that a post asks for, in order.

    Args:
        text: visible text in lower case.
        parts: its sections.
        asked: the skills that it asks for, in order.
    """
    return list(_read(text, list(parts), asked))


def _read(text: str, parts: list[Section], asked: Sequence[Demand]) -> Iterator[AskedYears]:
    starts = [one.start for one in asked]
    for unit in _UNIT.finditer(text):
        match = _COUNT.search(text, max(unit.start() - _LONGEST_COUNT, 0), unit.start())
        if match is None or section_at(parts, match.start()).kind in ("benefit", "company"):
            continue
        before = text[max(match.start() - 40, 0) : match.start()].rpartition("\n")[2]
        after = text[unit.end() : unit.end() + _REACH].partition("\n")[0]
        skills = _skills(text, (match.start(), unit.end()), asked, starts)
        is_other = _OTHER_YEARS.search(before + text[match.start() : unit.end()] + after[:16])
        if is_other or not (skills or _EXPERIENCE.search(after) or _EXPERIENCE.search(before)):
            continue
        low, high = _band(match, before)
        if max(low or 0, high or 0) <= MOST_YEARS:
            yield AskedYears(low, high, skills, match.start(), unit.end())


def _band(match: re.Match[str], before: str) -> tuple[float | None, float | None]:
    low, high = _number(match["low"]), None if match["high"] is None else _number(match["high"])
    if high is not None and not match["more"]:
        return min(low, high), max(low, high)
    return (None, low) if _AT_MOST.search(before) else (low, None)


def _number(written: str) -> float:
    return float(_NUMBERS.get(written, 0) or written.replace(",", "."))


def _skills(text: str, span: tuple[int, int], asked: Sequence[Demand], starts: Sequence[int]) -> tuple[str, ...]:
    """The skills right after the years and those listed with them, or the one right before."""
    start, end = span
    place = bisect_left(starts, end)
    if place and _AFTER_SKILL.fullmatch(text, asked[place - 1].end, start):
        return () if is_trade(asked[place - 1].skill) else (asked[place - 1].skill,)
    if place == len(asked) or starts[place] - end > _REACH or not _OF_SKILL.fullmatch(text, end, starts[place]):
        return ()
    names = [asked[place].skill]
    while place + 1 < len(asked) and _LISTED.fullmatch(text, asked[place].end, asked[place + 1].start):
        place += 1
        names.append(asked[place].skill)
    # "7 years in software development" are years of work.
    return tuple(name for name in dict.fromkeys(names) if not is_trade(name))
