"""What a text says about a skill: that it is there or required, that it is not, or that somebody wants to learn it."""

from collections.abc import Sequence
from typing import Literal

from matching.text.sentence import Sentence, word_set

Stance = Literal["held", "denied", "wished"]
"""`held`: had, or required by a post; `denied`: "no Java", "Java not required"; `wished`: "eager to learn Java"."""

_NO = word_set(
    "no not without never lack lacks lacking zero nor neither t cannot keine kein keinen ohne nicht pas sans sin нет "
    "без"
)
_LEARN = word_set(
    "learn learning learns explore exploring lernen erlernen apprendre aprender imparare leren изучить изучать"
)
_WISH = word_set("interested interest curious aspire aspiring")
# May stand between such a word and the skill.
_FILL = word_set(
    "prior previous experience knowledge with of in working hands on professional need needed required require "
    "requires know to any the have has had used using use familiar skills skill expertise background commercial "
    "exposure work worked do does been real formal direct a an much deep strong production practical yet ever written "
    "wrote coded necessary about more new technologies language languages like such as some basics or and is are was "
    "want wants love how try get into erfahrung erfahrungen kenntnisse mit vorkenntnisse d expérience de en "
    "connaissance experiencia con conocimientos"
)
_NEEDED = word_set(
    "required needed necessary mandatory essential obligatory must erforderlich notwendig nötig requis nécessaire "
    "necesario"
)
# Between a skill and "not required".
_BETWEEN = word_set("is are experience skills knowledge ist sind kenntnisse")
_NOT = word_set("not nicht n isn aren pas")
_LOOSE = " \t\u00a0\"'’-"
_MOST_WORDS = 7


def stance(sentence: Sentence, start: int, end: int, covered: Sequence[bool]) -> Stance:
    """Return what is said about a list of skills.

    Args:
        sentence: the text.
        start: place of the first word of the list.
        end: place after its last word.
        covered: for each word, whether it is part of the name of a skill.
    """
    for place in _back(sentence, start):
        word = sentence.word(place)
        if covered[place]:
            break
        if word in _NO and not _is_only(sentence, place):
            return "denied"
        if (word in _LEARN and sentence.word(place - 1) not in ("e", "machine", "deep")) or word in _WISH:
            return "wished"
        if word not in _FILL:
            break
    return "denied" if _is_waived(sentence, end) else "held"


def _back(sentence: Sentence, start: int) -> range:
    """Places before a list, in the same clause, from the nearest on."""
    first = start
    while first > 0 and start - first < _MOST_WORDS and sentence.gap(first).strip(_LOOSE) in ("", ":"):
        first -= 1
    return range(start - 1, first - 1, -1)


def _is_only(sentence: Sentence, place: int) -> bool:
    return sentence.word(place + 1) in ("only", "just", "nur", "seulement", "solo")


def _is_waived(sentence: Sentence, end: int) -> bool:
    """Whether what follows waives it: "Java is not required", "Java (not needed)", "Java nicht erforderlich"."""
    place = end
    while sentence.word(place) in _BETWEEN and place - end < 3:
        place += 1
    if sentence.word(place) not in _NOT or sentence.gap(place).strip(_LOOSE + "(,–"):
        return False
    return any(sentence.word(place + step) in _NEEDED for step in (1, 2, 3))
