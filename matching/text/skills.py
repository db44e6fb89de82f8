"""Skills: which ones a text or a list names, where, and what it says about them.

Lists and running text go through the same reader. Names are compared whole: "Solidity" is not "SOLID", "Java" is not
"JavaScript". A version, a note or a join does not hide a name: "Java 17", "SQL (advanced)", "React/Redux".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from matching.text.plain_text import HIDDEN, plain
from matching.text.sentence import Sentence, word_set
from matching.text.skill_context import Found, end_of, groups, meant
from matching.text.skill_vocabulary import SkillVocabulary, built_in
from matching.text.stance import Stance, stance
from matching.text.visible import visible

# What may stand beside the name in one entry of a list.
_BESIDE = word_set(
    "basic basics intermediate advanced expert proficient beginner good fluent native programming language framework "
    "library development developer experience skills skill knowledge years year yrs jahre level in with of and or und "
    "oder et the strong very excellent working solid core modern kenntnisse grundkenntnisse administration entwicklung "
    "scripting coding tools tool suite database databases technologies services version x"
)


KEPT_TEXTS, KEPT_CHARACTERS = 8_192, 4_000  # bounds the memory of what was read: at most 100 MB


@dataclass(frozen=True)
class Mention:
    """One place where a text names a skill.

    Attributes:
        skill: canonical name, in lower case.
        start: place of its first character in the text.
        end: place after its last character.
        stance: what is said about it.
    """

    skill: str
    start: int
    end: int
    stance: Stance


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes:
        mentions: the skills that it names, in order.
        words: the text for comparing words: without mark-up and addresses, and with `HIDDEN` in place of each word that
            only looks like a skill, so that nobody is compared by a name, a street or an idiom.
    """

    mentions: tuple[Mention, ...]
    words: str

    @property
    def held(self) -> set[str]:
        """Canonical names of the skills that are there, or required."""
        return {one.skill for one in self.mentions if one.stance == "held"}


def read(text: str, vocabulary: SkillVocabulary | None = None) -> list[Mention]:
    """Return the skills that a text names, in order; of overlapping names, the longest.

    >>> [(one.skill, one.stance) for one in read("Java 17, Go and C/C++; no PHP. Eager to learn Rust, ready to go.")]
    [('java', 'held'), ('go', 'held'), ('c', 'held'), ('c++', 'held'), ('php', 'denied'), ('rust', 'wished')]

    Args:
        text: running text, plain or HTML.
        vocabulary: known skills; the built-in ones if None.
    """
    return list(reading(text, vocabulary).mentions)


def reading(text: str, vocabulary: SkillVocabulary | None = None) -> Reading:
    """Return the skills that a text names, and its words without lookalikes; arguments are those of `read`.

    >>> reading("Maria Swift, Go developer").words
    'Maria \u2588, Go developer'
    """
    read_text = _kept if len(text) <= KEPT_CHARACTERS else _reading
    return read_text(text, vocabulary or built_in())


def _reading(text: str, vocabulary: SkillVocabulary) -> Reading:
    shown = visible(text)
    sentence = Sentence.of(shown.text)
    found = _found(sentence, vocabulary)
    mentions: list[Mention] = []
    lookalikes: list[Found] = []
    covered = [False] * len(sentence.words)
    for one in found:
        covered[one.start : one.end] = [True] * (one.end - one.start)
    for group in groups(sentence, found):
        named = meant(sentence, group)
        lookalikes += [one for one in group if one.is_ambiguous and not one.is_topic and one not in named]
        mentions += _mentions(sentence, named, covered) if named else ()
    return Reading(
        tuple(Mention(one.skill, shown.original(one.start), shown.original(one.end), one.stance) for one in mentions),
        _hidden(sentence, lookalikes),
    )


# A profile is encoded again and again: in training, for each change in advice, in every ranking.
_kept = lru_cache(maxsize=KEPT_TEXTS)(_reading)


def held(text: str, vocabulary: SkillVocabulary | None = None) -> set[str]:
    """Return the canonical names of the skills that a text says are there, or required.

    >>> sorted(held("Spring Boot services; Kafka is not required."))
    ['spring boot']
    """
    return reading(text, vocabulary).held


def listed(entry: str, vocabulary: SkillVocabulary | None = None) -> tuple[str, ...]:
    """Return the canonical names that one entry of a list of skills stands for; an unknown one keeps its own name.

    >>> listed("C/C++"), listed("Go 1.22"), listed("SQL (advanced)"), listed("Zorblax 9000")
    (('c', 'c++'), ('go',), ('sql',), ('zorblax 9000',))
    """
    return _names_of(entry, vocabulary or built_in())


@lru_cache(maxsize=2**15)
def _names_of(entry: str, vocabulary: SkillVocabulary) -> tuple[str, ...]:
    simple = plain(entry).casefold()
    if simple in vocabulary.names:
        return (simple,)
    sentence = Sentence.of(visible(entry).text)
    found = _found(sentence, vocabulary)
    if not found or not _is_nothing_else(sentence, found):
        found = [one for group in groups(sentence, found) for one in meant(sentence, group)]
    return tuple(dict.fromkeys(one.skill for one in found)) or (simple,)


def _is_nothing_else(sentence: Sentence, found: list[Found]) -> bool:
    covered = {place for one in found for place in range(one.start, end_of(sentence, one))}
    rest = [sentence.word(place) for place in range(len(sentence.words)) if place not in covered]
    return all(word in _BESIDE or word.isdecimal() for word in rest)


def canonical(name: str) -> str:
    """Return the canonical name of a skill, in lower case; an unknown skill keeps its own name.

    A version or a note after a known name is dropped. Of an entry that names several skills, the first is returned.

    >>> canonical("K8s"), canonical("Python 3.11"), canonical("Zorblax-9000")
    ('kubernetes', 'python', 'zorblax-9000')
    """
    return listed(name)[0]


def canonical_names(names: Iterable[str]) -> list[str]:
    """Return the canonical names of the entries of a list, each once, in order."""
    return list(dict.fromkeys(skill for name in names for skill in listed(name)))


def _found(sentence: Sentence, vocabulary: SkillVocabulary) -> list[Found]:
    """Every spelling in a text, whether it means the skill or not."""
    found = []
    place = 0
    lengths = vocabulary.lengths
    words = sentence.words
    while place < len(words):
        longest = lengths.get(words[place].folded, (1,))[0]
        match = vocabulary.match(words, place, sentence.joined(place, longest), sentence.slashed)
        if match is None:
            place += 1
            continue
        length, skill, key = match
        is_ambiguous, is_topic = key in vocabulary.ambiguous, key in vocabulary.topics
        found.append(Found(skill, place, place + length, is_ambiguous, is_topic))
        place += length
    return found


def _hidden(sentence: Sentence, lookalikes: list[Found]) -> str:
    """The text with `HIDDEN` in place of some of its words."""
    pieces: list[str] = []
    place = 0
    for one in lookalikes:
        pieces += (sentence.text[place : sentence.words[one.start].start], HIDDEN)
        place = sentence.words[one.end - 1].end
    return "".join([*pieces, sentence.text[place:]])


def _mentions(sentence: Sentence, named: list[Found], covered: list[bool]) -> list[Mention]:
    """Mentions of one list, with positions in the visible text."""
    said = stance(sentence, named[0].start, end_of(sentence, named[-1]), covered)
    words = sentence.words
    return [Mention(one.skill, words[one.start].start, words[one.end - 1].end, said) for one in named]
