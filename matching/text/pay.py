"""Pay: the salaries, rates and wages that a text or a field states.

An amount of money is pay only with evidence: a period ("$60/hr"), a word of pay before it ("Gehalt: 60.000"), or the
form of a salary band ("90-110k €"). Revenue, budgets, prices, bonuses and equity are amounts of money and no pay.
"""

import re
import tomllib
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from matching.text import pay_rates
from matching.text.pay_rates import PayRates, Period

Basis = Literal["gross", "net"]
Sureness = Literal["stated", "likely", "unsure"]
PLAUSIBLE_USD_PER_YEAR = (1_000.0, 5_000_000.0)
"""Limits of `matching.data.tables.UsdPerYear`; what lies outside is a price, or a company's money."""
MAX_AMOUNTS = 1_000
"""In one text; a longer list of amounts is a table, or made to keep the reader busy."""
MONTHLY_USD, DAILY_USD, HOURLY_USD = 12_000.0, 1_000.0, 200.0
"""A lower yearly amount is more likely a monthly, a daily or an hourly one."""


@dataclass(frozen=True)
class Pay:
    """One pay as it is written.

    Attributes:
        low: lower end of the band, in units of the currency per period; None if only an upper end is stated.
        high: upper end; equal to `low` for a single amount, None if only a lower end is stated.
        currency: ISO 4217 code; None if it is not written.
        period: what the amounts are paid for; None if it neither is written nor follows from the size.
        basis: `gross` or `net` if stated.
        start: first character in the text.
        end: character after the last.
        sure: `stated` if currency and period are written, `likely` if one follows from the form or size, else `unsure`.

    >>> read("We pay 5.500 € brutto/Monat.")
    [Pay(low=5500.0, high=5500.0, currency='EUR', period='month', basis='gross', start=7, end=27, sure='stated')]
    """

    low: float | None
    high: float | None
    currency: str | None
    period: Period | None
    basis: Basis | None
    start: int
    end: int
    sure: Sureness

    def usd_per_year(self, rates: PayRates) -> tuple[float | None, float | None]:
        """Both ends in USD per year; None for an open end, and where currency, rate or period is unknown."""
        if self.currency is None or self.currency not in rates.per_euro or self.period is None:
            return None, None
        ends = (self.low, self.high)
        low, high = (None if end is None else rates.usd_per_year(end, self.currency, self.period) for end in ends)
        return low, high


_WORDS = tomllib.loads(Path(__file__).with_name("pay_words.toml").read_text(encoding="utf-8"))
_SIGNS: dict[str, str] = _WORDS["signs"]
_NAMES: dict[str, str] = _WORDS["names_before"] | _WORDS["names_after"]
_MULTIPLIERS: dict[str, float] = _WORDS["multipliers"]
_PERIODS: dict[Period, list[str]] = _WORDS["periods"]
_EVIDENCE: dict[str, list[str]] = _WORDS["evidence"]
_CODES: list[str] = _WORDS["codes"]
_CODE = "|".join(_CODES)


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for whole words; an apostrophe may be curved, and a star is any ending."""
    return "|".join(map(_pattern, sorted(words, key=len, reverse=True)))


def _pattern(word: str) -> str:
    written = re.escape(word.removesuffix("*")).replace("'", "['\u2019]").replace(r"\ ", r"\s")
    # Scripts without spaces have no words that begin or end.
    if word[0] > "\u3000":
        return written
    start = r"\b" if word[0].isalnum() else ""
    end = r"\w*" if word.endswith("*") else r"(?!\w)" if word[-1].isalnum() else ""
    return f"{start}{written}{end}"


_SIGN = "|".join(map(re.escape, _SIGNS))
# "Rs500", but not "rsync"; "500EUR".
_NAME_BEFORE = "|".join(rf"\b{re.escape(name)}(?![^\W\d_])" for name in _WORDS["names_before"])
_NAME_AFTER = "|".join(rf"{re.escape(name)}(?!\w)" for name in sorted(_NAMES, key=len, reverse=True))
_BEFORE = rf"{_SIGN}|\b(?:{_CODE})\b|(?i:{_NAME_BEFORE})"
_AFTER = rf"{_SIGN}|(?:{_CODE})\b|(?i:{_NAME_AFTER})"
_SPACE = "[ \u00a0\u202f\u2009]"
# Thousands by point, comma or apostrophe; by spaces; as in India; without separators.
_NUMBER = (
    r"\d{1,3}(?:[.,'\u2019]\d{3})+(?:[.,]\d{1,2})?(?!\d)"
    rf"|\d{{1,3}}(?:{_SPACE}\d{{3}})+(?:[.,]\d{{1,2}})?(?!\d)"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)"
    r"|\d{1,9}(?:[.,]\d{1,2})?(?!\d)"
)
_MULTIPLIER = (
    r"(?i:k(?=[€£$]|eur\b|usd\b|chf\b|gbp\b)|k(?![^\W\d_])|(?:tsd|tys|тыс|mio|mln)\b\.?|t(?=€|eur\b)"
    r"|(?:tausend|thousand|mille|millionen|millions|million|billion|lakhs?|lacs?|lpa|crore|cr|bn)\b)"
    r"|mil\b|[Mm](?![^\W\d_])|B\b|L(?=\s?(?:PA|p\.?a))|万|만"
)
_DASH = r"-{1,2}|[\u2010\u2011\u2013\u2014~\u301c\uff5e]|\b(?:to|bis|zu|à|a|and|und|et|y|e|do|until|hasta|al)\b"


def _amount(name: str) -> str:
    before, after = rf"(?:(?P<b{name}>{_BEFORE}){_SPACE}{{0,2}})?", rf"(?:{_SPACE}{{0,2}}(?P<a{name}>{_AFTER}))?"
    scale = rf"(?:{_SPACE}{{0,2}}(?P<m{name}>{_MULTIPLIER}))?(?:,(?:-{{1,2}}|\u2013))?"
    return rf"{before}(?P<n{name}>{_NUMBER}){scale}{after}"


# An amount is no part of a word, a path, a version, a time or a percentage. Scripts without spaces may go on.
_LETTER = r"0-9A-Za-z\u00aa-\u024f\u0370-\u052f_"
_MONEY = re.compile(
    rf"(?<![{_LETTER}.,:/#@+^-]){_amount('1')}"
    rf"(?:(?:\s?(?:/|\bper|\ban?)\s?[A-Za-z]{{1,5}}\.?)?\s{{0,3}}(?:{_DASH})\s{{0,3}}{_amount('2')})?"
    rf"(?P<plus>\+)?(?![{_LETTER}%\u2030]|[.,:/]\d|\s?%)"
)


def _words(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(_any_of(words), re.IGNORECASE)


_PERIOD = re.compile("|".join(f"(?P<{name}>{_any_of(words)})" for name, words in _PERIODS.items()), re.IGNORECASE)
_GROSS, _NET = _words(_WORDS["basis"]["gross"]), _words(_WORDS["basis"]["net"])
_PAY_WORD, _OTHER_MONEY = _words(_EVIDENCE["pay"]), _words(_EVIDENCE["other"])
_OTHER_AFTER = re.compile(rf"^[^.]{{0,30}}?(?:{_any_of(_EVIDENCE['other_after'])})", re.IGNORECASE)
_UP_TO, _FROM = (re.compile(rf"(?:{_any_of(_EVIDENCE[side])})\s*:?\s*$", re.IGNORECASE) for side in ("up_to", "from"))
_UNDISCLOSED = re.compile(rf"(?:\W|{_any_of(_EVIDENCE['undisclosed'])}|\b0+(?:[.,]0+)?(?!\w))+", re.IGNORECASE)
_BASE_AFTER = re.compile(r"\s*(?:base|salary|brutto|gross)\b", re.IGNORECASE)
_CODE_AFTER, _CODE_BEFORE = re.compile(rf"\s*\(?({_CODE})\b"), re.compile(rf"\b({_CODE})\)?\s*[:=]?\s*$")
_INDIAN = re.compile(r"\d\s?(?:lpa|lakhs?|lacs?|cr|crore|l)\b", re.IGNORECASE)
_BULLETS = " \t\u2022*-\u2013>|"
_HEAD, _TAIL, _NEAR, _FIELD = 70, 48, 30, 200
_HEAD_CUT = re.compile(r"[;!?]|\.(?=\s)|\d+(?:[.,]\d+)*(?![^\W\d_])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_TAIL_CUT = re.compile(r"[,;\n+\d!?]|\.(?=\s|$)|\b(?:and|plus|for|with|und|mit|et|avec|y|con|zzgl|including|incl)\b")
_NEXT_CUT = re.compile(r"[,;\n+!?()]|\.(?=\s|$)|\b(?:and|plus|und|et|y)\b")


def read(text: str, *, dollar: str = "USD") -> list[Pay]:
    """Return every pay that a running text states, in its order.

    Args:
        text: running text.
        dollar: the currency of a bare "$".

    >>> [(pay.low, pay.high, pay.currency, pay.period) for pay in read("Salary: 90-110k €, $60/hr for contractors")]
    [(90000.0, 110000.0, 'EUR', 'year'), (60.0, 60.0, 'USD', 'hour')]
    >>> read("A team of 60-80, $50M ARR, 20% off, a 401k and a $5,000 sign-on bonus")
    []
    """
    return list(_found(text, is_field=False, dollar=dollar))


def read_field(text: str, *, dollar: str = "USD") -> Pay | None:
    """Return the first pay in a field that holds nothing else; None if it discloses none.

    >>> read_field("12-18 LPA").currency, read_field("55000").low, read_field("Competitive, DOE"), read_field("0")
    ('INR', 55000.0, None, None)
    """
    return next(_found(text, is_field=True, dollar=dollar), None)


def is_undisclosed(text: str) -> bool:
    """Whether a field says that pay is not disclosed: empty, 0, "competitive", "nach Vereinbarung".

    >>> is_undisclosed("Competitive salary"), is_undisclosed("0"), is_undisclosed("60k")
    (True, True, False)
    """
    return not text.strip() or (len(text) < _FIELD and _UNDISCLOSED.fullmatch(text.strip()) is not None)


def likely_period(usd_per_year: float) -> Period | None:
    """Return what a yearly amount was probably meant for if it is too low to be one.

    >>> likely_period(60), likely_period(450), likely_period(5_000), likely_period(60_000)
    ('hour', 'day', 'month', None)
    """
    if usd_per_year >= MONTHLY_USD:
        return None
    return "month" if usd_per_year >= DAILY_USD else "day" if usd_per_year >= HOURLY_USD else "hour"


def _found(text: str, *, is_field: bool, dollar: str) -> Iterator[Pay]:
    pay_words = [word.end() for word in _PAY_WORD.finditer(text)]
    signed = 0
    for match in _MONEY.finditer(text):
        before = bisect(pay_words, match.start())
        is_near_pay = before > 0 and match.start() - pay_words[before - 1] < _HEAD
        if is_field or is_near_pay or _has_sign(match):
            signed += 1
            if signed > MAX_AMOUNTS:
                return
            pay = _pay(text, match, is_field=is_field, dollar=dollar)
            if pay is not None:
                yield pay


@dataclass(frozen=True)
class _Around:
    """What stands before and after an amount, as far as it belongs to it."""

    head: str
    tail: str
    next: str

    @property
    def words(self) -> str:
        return f"{self.head} | {self.tail}"


def _around(text: str, start: int, end: int) -> _Around:
    head = text[max(0, start - _HEAD) : start]
    lines = head.rstrip(_BULLETS + ":\n").rpartition("\n")
    # A heading of its own line speaks for the amount in the next one.
    head = head[len(lines[0]) :] if lines[1] else head
    cuts = [cut.end() for cut in _HEAD_CUT.finditer(head) if not _YEAR.fullmatch(cut.group())]
    head = head[max(cuts, default=0) :]
    tail, follows = text[end : end + _TAIL], text[end : end + _TAIL]
    cut = _TAIL_CUT.search(tail)
    tail = tail[: cut.start()] if cut else tail
    cut = _NEXT_CUT.search(follows)
    return _Around(head, tail, follows[: cut.start()] if cut else follows)


def _pay(text: str, match: re.Match[str], *, is_field: bool, dollar: str) -> Pay | None:
    """Return the pay that an amount of money is, or None."""
    around = _around(text, match.start(), match.end())
    currency = _currency(match, around, dollar)
    low, high = _ends(match, around.head)
    if _is_other_money(around) or (currency is None and not _is_bare_pay(match, around, is_field=is_field)):
        return None
    tail_period, head_period = _last_period(around.tail, first=True), _last_period(around.head)
    period = tail_period or head_period
    if period is None and "lpa" in match.group().casefold():
        period = "year"
    basis: Basis | None = "net" if _NET.search(around.words) else "gross" if _GROSS.search(around.words) else None
    has_evidence = is_field or period is not None or _PAY_WORD.search(around.words) or _is_band(match)
    if not has_evidence and not _is_alone(text, match):
        return None
    end = match.end() + _length_of_tail(around.tail)
    written = Pay(low, high, currency, period, basis, match.start(), end, "stated")
    return _plausible(written, sign_is_shared=_has_shared_sign(match))


def _has_sign(match: re.Match[str]) -> bool:
    return any(match[group] for group in ("b1", "a1", "b2", "a2", "m1", "m2"))


def _currency(match: re.Match[str], around: _Around, dollar: str) -> str | None:
    for group in ("b1", "a1", "b2", "a2"):
        if found := match[group]:
            symbol = _SIGNS.get(found)
            if symbol is not None:
                return dollar if found == "$" else symbol
            return found.upper() if found.upper() in _CODES else _NAMES[found.casefold()]
    if _INDIAN.search(match.group()):
        return "INR"
    code = _CODE_AFTER.match(around.tail) or _CODE_BEFORE.search(around.head)
    return code[1] if code else None


def _ends(match: re.Match[str], head: str) -> tuple[float | None, float | None]:
    """Both ends in units of the currency."""
    low, low_scale = _value(match["n1"]), _scale(match["m1"])
    if match["n2"] is None:
        value = low * (low_scale or 1.0)
        if _UP_TO.search(head):
            return None, value
        return value, None if _FROM.search(head) or match["plus"] else value
    high, high_scale = _value(match["n2"]), _scale(match["m2"])
    scale = high_scale or low_scale or 1.0
    ends = low * (low_scale or (scale if low < 1_000 else 1.0)), high * (high_scale or (scale if high < 1_000 else 1.0))
    # "60-80,000": the thousands of the lower end are left out.
    if ends[0] < 1_000 <= ends[1] and ends[1] / max(ends[0], 1.0) > 100:
        ends = ends[0] * 1_000, ends[1]
    return min(ends), max(ends)


def _scale(written: str | None) -> float | None:
    return _MULTIPLIERS[written.casefold().rstrip(".")] if written else None


def _value(written: str) -> float:
    """Read a number in any convention: one separator before three digits stands for thousands.

    >>> [_value(written) for written in ("5.500", "1,5", "110'000", "1.234,50", "12,00,000", "85 000.00")]
    [5500.0, 1.5, 110000.0, 1234.5, 1200000.0, 85000.0]
    """
    compact = re.sub(r"[\s'\u2019]", "", written)
    whole, fraction = compact, ""
    if decimals := re.fullmatch(r"(.*\d)[.,](\d{1,2})", compact):
        whole, fraction = decimals.groups()
    return float(f"{re.sub('[.,]', '', whole)}.{fraction or 0}")


def _is_other_money(around: _Around) -> bool:
    """Whether the amount is a bonus, a price or the company's money: what stands nearest decides."""
    other = _OTHER_AFTER.search(around.next)
    pay_word = _PAY_WORD.search(around.next)
    if other and (pay_word is None or other.start() < pay_word.start()):
        return True
    others = [found.end() for found in _OTHER_MONEY.finditer(around.head)]
    pays = [found.end() for found in _PAY_WORD.finditer(around.head)]
    return bool(others) and max(others) > max(pays, default=-1)


def _is_bare_pay(match: re.Match[str], around: _Around, *, is_field: bool) -> bool:
    """Whether an amount without currency is pay: a field of its own, or a word of pay right before a salary's form."""
    number = match["n2"] or match["n1"]
    if (is_field and around.head.strip(" :~") == "") or "lpa" in match.group().casefold():
        return True
    if match["n1"] == "401":
        return False
    has_form = match["m1"] or match["m2"] or len(re.sub(r"\D", "", number)) >= 5
    has_form = has_form or re.fullmatch(r"\d{1,3}[.,'\u2019]\d{3}", number)
    if match["m1"] and _BASE_AFTER.match(around.tail):
        return True
    return bool(_PAY_WORD.search(around.head[-_NEAR:]) and (has_form or _last_period(around.tail, first=True)))


def _is_band(match: re.Match[str]) -> bool:
    """Whether this is a salary band: two amounts, and thousands."""
    number = re.sub(r"\D", "", match["n2"] or "")
    return match["n2"] is not None and (bool(match["m2"] or match["m1"]) or len(number) >= 5)


def _is_alone(text: str, match: re.Match[str]) -> bool:
    """Whether the amount is all of its line."""
    before = text[max(0, match.start() - 20) : match.start()].rpartition("\n")[2]
    after = text[match.end() : match.end() + 20].partition("\n")[0]
    return not before.strip(" \t*•-\u2013>|") and not after.strip(" \t.|")


def _has_shared_sign(match: re.Match[str]) -> bool:
    """Whether the sign of the currency stands for another one, too."""
    return not {"¥", "\uffe5"}.isdisjoint((match["b1"], match["a1"], match["b2"], match["a2"]))


def _last_period(words: str, *, first: bool = False) -> Period | None:
    found = list(_PERIOD.finditer(words))
    if not found:
        return None
    name = (found[0] if first else found[-1]).lastgroup
    return next((period for period in _PERIODS if period == name), None)


def _length_of_tail(tail: str) -> int:
    """How much of the tail is the period, "gross" or "net"."""
    found = [match.end() for words in (_PERIOD, _GROSS, _NET) for match in words.finditer(tail)]
    return max(found, default=0)


def _plausible(pay: Pay, *, sign_is_shared: bool) -> Pay | None:
    """Fill in a period that follows from the size; None if nobody is paid as much or as little."""
    sure: Sureness = "likely" if sign_is_shared else "stated"
    top = pay.high if pay.high is not None else pay.low
    rates = pay_rates.built_in()
    if top is None or top <= 0:
        return None
    if pay.currency is None or pay.currency not in rates.per_euro:
        return replace(pay, sure="unsure")
    dollars = top * rates.usd_per_unit(pay.currency)
    if pay.period is None:
        return _of_size(pay, dollars)
    least, most = PLAUSIBLE_USD_PER_YEAR
    if not least <= dollars * rates.per_year[pay.period] <= most:
        return None
    return replace(pay, sure=sure)


def _of_size(pay: Pay, dollars: float) -> Pay | None:
    if not 5 <= dollars <= PLAUSIBLE_USD_PER_YEAR[1]:
        return None
    if dollars >= MONTHLY_USD:
        return replace(pay, period="year", sure="likely")
    return replace(pay, sure="unsure")
