"""Places: one identity for all spellings of a country, a region and a city.

Countries are ISO 3166-1 codes. A text that is not understood is never taken for a place: `countries` returns None for
it, so that no limit excludes anybody for a spelling.
"""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from matching.text.plain_text import plain

FOLDER = Path(__file__).parent / "vocabulary"
MISSING = frozenset((
    "", "?", "??", "unknown", "n/a", "na", "none", "null", "nil", "tbd", "tba", "tbc", "not specified", "unspecified",
    "not stated", "not applicable", "no location", "any location", "other", "others", "various", "multiple",
    "multiple locations", "keine angabe", "undisclosed", "confidential", "x", "xx", "xxx", "not available",
))  # fmt: skip
_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
_LATAM = "MX GT HN SV NI CR PA CU DO PR CO VE EC PE BO PY UY AR CL BR"
AREAS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("eu", "european union", "eu countries"), frozenset(_EU.split())),
    **dict.fromkeys(("eea", "european economic area"), frozenset(f"{_EU} IS LI NO".split())),
    **dict.fromkeys(("dach", "d a ch"), frozenset(("DE", "AT", "CH"))),
    **dict.fromkeys(("nordics", "nordic countries", "scandinavia"), frozenset(("DK", "FI", "IS", "NO", "SE"))),
    "benelux": frozenset(("BE", "NL", "LU")),
    **dict.fromkeys(("baltics", "baltic states"), frozenset(("EE", "LV", "LT"))),
    **dict.fromkeys(("latam", "latin america"), frozenset(_LATAM.split())),
}
_CONTINENTS = {
    "europe": (1,), "north america": (2,), "south america": (3,), "asia": (4,), "africa": (5,), "oceania": (6,),
    "americas": (2, 3), "apac": (4, 6), "asia pacific": (4, 6), "emea": (1, 5),
}  # fmt: skip
_MIDDLE_EAST = frozenset(
    ["AE", "BH", "EG", "IL", "IQ", "IR", "JO", "KW", "LB", "OM", "PS", "QA", "SA", "SY", "TR", "YE"]
)
EVERYWHERE = frozenset(
    ("anywhere", "worldwide", "global", "globally", "international", "everywhere", "the world", "all countries")
)
_BESIDE = re.compile(
    r"\b(?:fully|100|remote(?:ly)?|work from home|wfh|only|within|inside|in|from|based|residents?|the|time ?zones?|"
    r"hybrid|on ?site)\b|%"
)
_SEPARATOR = re.compile(r"[,;/|()\[\]+&\n]|\s-\s|\s[\u2013\u2014]\s|\b(?:or|and|oder|und|ou|et|o|y)\b")


def name_key(name: str) -> str:
    """Return the form in which names of places are compared: without case, accents and punctuation.

    >>> name_key("Düsseldorf"), name_key("U.S.A."), name_key("  S\u00e3o   Paulo ")
    ('dusseldorf', 'usa', 'sao paulo')
    """
    return _name_key(name)


@lru_cache(maxsize=2**15)
def _name_key(name: str) -> str:
    letters = unicodedata.normalize("NFKD", plain(name).casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    # Compared composed again: scripts with vowel signs lose nothing.
    return " ".join(re.sub(r"[.'\u2019\u02bc`\u00b4]", "", unicodedata.normalize("NFC", bare)).split()).strip(" ,;-")


def country(name: str | None) -> str | None:
    """Return the code of the one country that a text names; None for several, none, or a text that is not understood.

    >>> country("Deutschland"), country("U.S.A."), country("Germany or Austria"), country("Atlantis")
    ('DE', 'US', None, None)
    """
    found = countries(name)
    return next(iter(found)) if found is not None and len(found) == 1 else None


def countries(name: str | None) -> frozenset[str] | None:
    """Return the codes of the countries that a text names; empty if it is missing, None if it is not understood.

    >>> sorted(countries("Remote (Germany, Austria)")), countries("N/A"), countries("Atlantis")
    (['AT', 'DE'], frozenset(), None)
    >>> len(countries("EU")), len(countries("Anywhere")) > 200
    (27, True)
    """
    return _countries(name or "")


@lru_cache(maxsize=2**15)
def _countries(name: str) -> frozenset[str] | None:
    simple = name_key(name)
    if simple in MISSING:
        return frozenset()
    if (whole := _area(simple)) is not None:
        return whole
    parts = [name_key(_BESIDE.sub(" ", part)) for part in _SEPARATOR.split(simple)]
    named = [found for part in parts if part and (found := _area(part)) is not None]
    return frozenset().union(*named) if named else None


def _area(simple: str) -> frozenset[str] | None:
    """Countries of one country's or area's name."""
    code = _codes().get(simple) or _codes().get(simple.removeprefix("the "))
    if code:
        return frozenset((code,))
    if simple in EVERYWHERE:
        return frozenset(_continents())
    if simple in _CONTINENTS:
        inside = frozenset(one for one, number in _continents().items() if number in _CONTINENTS[simple])
        return inside | _MIDDLE_EAST if simple == "emea" else inside
    return AREAS.get(simple)


def continent(name: str | None) -> float:
    """Return the number of a country's continent, from 1; 0 if the country is missing or unknown.

    >>> continent("Germany"), continent("peru"), continent("Atlantis")
    (1.0, 3.0, 0.0)
    """
    code = country(name)
    return float(_continents()[code]) if code else 0.0


def city(name: str | None) -> str:
    """Return the name by which a city is compared; empty if it is missing.

    >>> city("München"), city("Muenchen"), city("Bengaluru"), city("Unknown")
    ('munich', 'munich', 'bangalore', '')
    """
    return _known(name, "cities.tsv")


def cities(names: str | None) -> tuple[str, ...]:
    """Return the cities of a text that may name several.

    >>> cities("Berlin; München or remote")
    ('berlin', 'munich')
    """
    if not names or name_key(names) in MISSING or not _SEPARATOR.search(names):
        return (city(names),) if city(names) else ()
    parts = (city(_BESIDE.sub(" ", part.casefold())) for part in _SEPARATOR.split(names))
    return (*dict.fromkeys(part for part in parts if part),)


def region(name: str | None) -> str:
    """Return the name by which a region is compared; empty if it is missing.

    >>> region("TX"), region("Bayern"), region("N/A")
    ('texas', 'bavaria', '')
    """
    return _known(name, "regions.tsv")


def _known(name: str | None, file: str) -> str:
    simple = name_key(name or "")
    return "" if simple in MISSING else _names(file).get(simple, simple)


@cache
def _names(file: str) -> dict[str, str]:
    lines = _lines(file)
    return {name_key(other): line[0] for line in lines for other in line[-1].split("|") if other} | {
        line[0]: line[0] for line in lines
    }


@cache
def _codes() -> dict[str, str]:
    """Codes by every name. A code and an English name go before a name in another language."""
    lines = _lines("countries.tsv")
    found = {name_key(code): code for code, *_ in lines}
    for code, _, english, _ in lines:
        found.setdefault(name_key(english), code)
    for code, _, _, others in lines:
        for other in others.split("|"):
            found.setdefault(name_key(other), code)
    found.pop("", None)
    return found


@cache
def _continents() -> dict[str, int]:
    return {code: int(number) for code, number, *_ in _lines("countries.tsv")}


def _lines(file: str) -> list[list[str]]:
    text = (FOLDER / file).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
