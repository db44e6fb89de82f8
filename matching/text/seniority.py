"""The seniority in a title or a text, as the years of experience it usually stands for.

The current role decides: not a former one, not a wish, not whom somebody teaches or reports to, not a degree.
"""

import re
from collections.abc import Iterator, Sequence
from math import isnan

from matching.text.plain_text import plain

YEARS: dict[str, float] = {
    "intern": 0.0, "trainee": 0.0, "student": 0.0, "apprentice": 0.0, "werkstudent": 0.0, "werkstudentin": 0.0,
    "praktikant": 0.0, "praktikantin": 0.0, "azubi": 0.0, "stagiaire": 0.0, "alternant": 0.0, "alternance": 0.0,
    "becario": 0.0, "becaria": 0.0, "graduate": 0.5, "berufseinsteiger": 0.5, "junior": 1.0, "jr": 1.0, "entry": 1.0,
    "débutant": 1.0, "middle": 3.0, "mid": 3.0, "intermediate": 3.0, "confirmé": 4.0, "confirmée": 4.0, "senior": 6.0,
    "sr": 6.0, "staff": 9.0, "lead": 10.0, "principal": 10.0, "head": 10.0, "leiter": 10.0, "leiterin": 10.0,
    "director": 12.0, "directeur": 12.0, "directrice": 12.0, "vp": 14.0, "chief": 14.0,
}  # fmt: skip
_NAN = float("nan")
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(
    r"[,;|()\[\]\u2022\u00b7]|\s[-\u2013\u2014/]\s|\b(?:now|currently|aktuell|heute|actuellement|ahora)\b|"
    r"\b(?:and|und|et|y)\b(?=\s+former)"
)
# Of "ex-Google engineer" only the first word is past.
_FORMER = re.compile(
    r"\bex-\w+|\b(?:former(?:ly)?|previous(?:ly)?|past|retired|ehemalig\w*|früher\w*|ancien(?:ne)?|antigu[oa])\b.*"
)
_WISHED = re.compile(
    r"\b(?:aspiring|future|seeking|looking for|interested in|towards?|angehend\w*|à la recherche|en busca|"
    r"(?:report(?:s|ing)?|assistant|secretary|advisor|adviser|deputy) to(?: the)?)\b.*"
)
# Whoever works with students, interns or juniors is none.
_OF_OTHERS = frozenset((
    "supervisor", "supervisors", "advisor", "adviser", "counsellor", "counselor", "coordinator", "recruiter",
    "recruiting", "recruitment", "teacher", "tutor", "mentor", "coach", "services", "service", "affairs",
    "success", "support", "housing", "loan", "loans", "admissions", "program", "programme", "programs",
    "relations", "placement", "experience", "engagement", "life", "council", "union", "accommodation", "manager",
))  # fmt: skip
_TAUGHT = frozenset(("intern", "trainee", "student", "graduate", "apprentice"))
_EDUCATION = frozenset(["of", "from", "in", "at", "der", "des", "de", "del", "d", "cum"])
_TECHNICAL = frozenset((
    "engineer", "engineering", "developer", "scientist", "designer", "architect", "researcher", "sre",
    "programmer", "analyst", "software", "data", "product", "machine", "ml", "security", "platform", "backend",
    "frontend", "site", "technical", "devops", "ios", "android", "ux", "ui", "fullstack", "full",
))  # fmt: skip
_EITHER = re.compile(r"(?:-?\s?level)?\W*(?:/|-|\u2013|\bor\b|\bto\b|\boder\b|\bbis\b|\bou\b|\bo\b|\bthrough\b)\W*")
_SOUGHT = re.compile(
    r"\b(?:looking for|seeking|searching for|hiring|recruiting|in need of|join us as|to join|wir suchen|suchen wir|"
    r"suchen|recherchons|recrutons|buscamos)\s+(?:for\s+)?(?:an?|our|the|eine[nr]?|un|une|unos)?\s*(?P<role>[^.\n]{3,60})"
)
_SIZES = frozenset(["school", "east", "eastern", "market", "office", "west", "atlantic", "size", "term", "day"])
_NOT_BEFORE = {
    "graduate": _EDUCATION,
    "lead": frozenset(("generation", "gen", "time", "times", "nurturing", "qualification")),
    "head": frozenset(("hunter", "hunting", "count")),
    "middle": _SIZES,
    "mid": _SIZES,
    "chief": frozenset(("of",)),
}
MAX_TITLE = 500


def years_of_titles(titles: Sequence[str]) -> list[float]:
    """Years of experience that each title suggests; NaN for a title without a seniority.

    >>> years_of_titles(["Senior Go developer", "Nurse", "Former intern, now principal engineer"])
    [6.0, nan, 10.0]
    >>> years_of_titles(["PhD student supervisor", "Backend engineer, graduate of MIT", "Junior/senior developer"])
    [nan, nan, 3.5]
    """
    return [_years(plain(title)[:MAX_TITLE].casefold()) for title in titles]


def years_of_text(text: str) -> float:
    """Years of experience that the role stands for which a post's text is looking for; NaN without one.

    >>> years_of_text("We are Acme. We are looking for a senior data engineer.")
    6.0
    """
    found = (_years(plain(match["role"])) for match in _SOUGHT.finditer(text.lower()))
    return next((years for years in found if not isnan(years)), _NAN)


def _years(title: str) -> float:
    """Years of the current parts of a title; the first part with a seniority decides."""
    found = (_of_part(part) for part in _current(title))
    return next((years for years in found if not isnan(years)), _NAN)


def _current(title: str) -> Iterator[str]:
    """The parts of a title that say what somebody is now."""
    for part in _PART.split(title):
        yield _WISHED.sub("", _FORMER.sub("", part))


def _of_part(part: str) -> float:
    words = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(part)]
    levels = [place for place, (word, _, _) in enumerate(words) if word in YEARS and _is_level(words, place)]
    if not levels:
        return _NAN
    years = [YEARS[words[place][0]] for place in levels]
    first, second = levels[0], levels[min(1, len(levels) - 1)]
    # "Junior/senior", "mid to senior": either is welcome.
    if second > first and _EITHER.fullmatch(part, words[first][2], words[second][1]):
        return (years[0] + years[1]) / 2
    return max(years)


def _is_level(words: list[tuple[str, int, int]], place: int) -> bool:
    """Whether a word states the level of the role itself."""
    word = words[place][0]
    after = [other for other, _, _ in words[place + 1 : place + 4]]
    following = after[0] if after else ""
    if word in _TAUGHT and _OF_OTHERS.intersection(after[:2]):
        return False
    if word == "staff":
        return bool(_TECHNICAL.intersection(after))
    if word == "entry":
        return following == "level"
    return following not in _NOT_BEFORE.get(word, ())
