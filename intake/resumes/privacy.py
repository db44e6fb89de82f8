"""What never goes into a text that is scored or logged: mail, telephone, links, street and personal details."""

import re
from collections.abc import Iterable

from intake.resumes.periods import ranges
from intake.resumes.words import WORDS, any_of, folded

# Every repetition is bounded: the time for a text grows with its length and no faster.
_MAIL = r"(?<![\w.+-])[\w.+-]{1,64}\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
_ENDS = "com|org|net|io|dev|me|de|fr|es|it|nl|pl|uk|eu|ch|at|in|co|ua|us|ca|info|xyz|tech|app"
_SITES = "linkedin|github|gitlab|twitter|x|stackoverflow|xing|medium|behance|dribbble|kaggle"
_LINK = (
    r"(?:https?://|www\.)[^\s|,;]+"
    rf"|(?<![\w@.-])(?:[\w-]{{1,63}}\.){{1,5}}(?:{_ENDS})(?:/[^\s|,;]*)"
    rf"|(?<![\w@.])(?:{_SITES})\.com(?:/[^\s|,;]*)?"
)
_PHONE = r"(?<![\w.])\+?(?:\(\+?\d{1,4}\)|\d{1,4})(?:[\s./()-]{0,3}\(?\d{2,5}\)?){2,6}(?!\w)"
_CAPITAL = r"(?<![\w'.-])[A-Z\u00c0-\u00dd][\w'.-]{0,30}"
_STREET = (
    rf"\b\d{{1,5}}[a-z]?,?[ ](?:{_CAPITAL}[ ]){{1,3}}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Square|Terrace|Place)\b\.?"
    # "ring" ends streets, but also Engineering, Monitoring, Spring and String.
    rf"|\b{_CAPITAL}(?:[ ]{_CAPITAL}){{0,2}}[ ]?"
    r"(?:stra(?:\u00df|ss)e|str\.|weg|platz|allee|gasse|damm|(?<![eopt])ring)[ ]\d{1,3}[ ]?[a-z]?\b"
    r"|\b\d{1,4}\s?(?:bis|ter)?,?\s(?:rue|avenue|boulevard|place|all\u00e9e|chemin|impasse|quai)\s[^\n,|]{3,40}"
    r"|\b(?:[Cc]alle|[Cc]/|[Aa]venida|[Aa]vda\.?|[Pp]laza|[Pp]aseo|[Vv]ia|[Vv]iale|[Pp]iazza)\s[^\n,|]{3,30},?\s\d{1,4}\b"
)
_PERSONAL = re.compile(rf"(?i:{_MAIL}|{_LINK})|{_PHONE}|{_STREET}")
_DETAILS = re.compile(rf"^[\s\u2022]*(?:{any_of(WORDS['labels']['personal'])})(?!\w)[\s:\t].*$", re.MULTILINE)
_SEPARATORS = re.compile(r"[ \t]*[|\u00b7\u2022,](?:[ \t]*[|\u00b7\u2022,])+[ \t]*")
_MAX_DETAIL = 80
_DIGITS = re.compile(r"\d")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}")


def personal_spans(text: str) -> list[tuple[int, int]]:
    """Return the characters of mail addresses, telephone numbers, links, streets and lines of personal details.

    >>> text = "Ada | ada@example.com | +49 30 1234567 | github.com/ada | 2015 - 2019"
    >>> without(text, personal_spans(text))
    'Ada | 2015 - 2019'
    """
    details = [match.span() for match in _DETAILS.finditer(folded(text)) if len(match[0]) <= _MAX_DETAIL]
    return details + [match.span() for match in _PERSONAL.finditer(text) if _is_personal(match[0])]


def _is_personal(found: str) -> bool:
    """Whether something that looks like a telephone number is one, and no period or date."""
    if re.search(r"[^\W\d_]", found):
        return True
    return len(_DIGITS.findall(found)) >= 8 and not ranges(found) and not _DATE.fullmatch(found.strip())


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text without some of its characters, and without the spaces that are left over."""
    result, reached = [], 0
    for start, end in sorted(spans):
        result.append(text[reached : max(start, reached)])
        reached = max(end, reached)
    joined = _SEPARATORS.sub(" | ", "".join([*result, text[reached:]]))
    return re.sub(r"\s*\n[\s|]*", "\n", re.sub(r" {2,}", " ", joined)).strip(" |\n")
