"""Whether an ordinary word names a skill: only in a skill's company, whatever its letters.

Capital letters are no company: names, streets and headings have them too. A word counts if the words beside it speak of
a skill ("Go developer", "experience with Go"), if a version follows it ("Swift 5"), if a heading announces skills
("Languages: C, R"), or as a whole entry of a list in which another entry is a skill for sure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matching.text.sentence import Sentence, word_set


def _phrases(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


# Directly after a skill. The second set also follows a word in small letters.
AFTER_SMALL = word_set(
    "developer developers programmer programmers programming language lang framework backend codebase coder coding "
    "microservices microservice scripting scripts sdk entwickler entwicklerin programmierer kenntnisse développeur "
    "desarrollador programador ontwikkelaar utvecklare sviluppatore разработчик программист developper developpeur"
)
AFTER = AFTER_SMALL | word_set(
    "engineer engineers dev devs development code skills skill experience expert expertise specialist stack frontend "
    "fullstack api apis app apps application applications component components library libraries server tests testing "
    "module modules hooks ecosystem dashboards dashboard pipelines pipeline cluster clusters knowledge proficiency "
    "scripting web administrator admin architect consultant contributor projects microservice erfahrung entwicklung"
)
# Directly before a skill, for sure and only with what follows.
BEFORE_SURE = _phrases(
    "experience with|experience in|experience of|experience using|experienced in|experienced with|proficient in|"
    "proficient with|proficiency in|proficiency with|knowledge of|knowledge in|skilled in|skilled with|skills in|"
    "skills with|expertise in|expertise with|expert in|written in|coded in|coding in|code in|programming in|"
    "programmed in|programs in|developing in|developed in|developed with|developing with|development in|"
    "development with|built with|built in|built using|built on|building with|working with|worked with|work with|"
    "familiar with|familiarity with|background in|apps in|services in|applications in|applications with|years of|"
    "years in|years with|languages like|languages such as|frameworks like|frameworks such as|technologies like|"
    "technologies such as|tools like|tools such as|versed in|certified in|kenntnisse in|erfahrung mit|erfahrung in|"
    "erfahrungen mit|erfahrungen in|umgang mit|programmierung in|programmierung mit|expérience en|expérience avec|"
    "connaissance de|maîtrise de|experiencia en|experiencia con|conocimientos de|dominio de|to learn|learn to use|"
    "interested in|interest in|curious about|to know|such as|including|points for|relied on|mostly with|"
    "mainly with|at home with|relies on|rely on|implemented in|scripts in|scripting in|"
    "comfortable with|comfortable in|mastery of|understanding of|command of|hands on|opyt raboty s|опыт работы с|"
    "знание|esperienza con|conoscenza di|ervaring met|kennis van"
)
# Directly before a word with a capital letter.
BEFORE_CAPITAL = word_set(
    "know knows learn learning learned use uses used using utilizing leveraging love loves loving prefer via kennt "
    "beherrscht nutzt maîtriser conocer wissen lernen in-depth proficient versed expert"
)
BEFORE = word_set(
    "for on of need require strong advanced senior junior lead core modern pure native using with in via good "
    "basic excellent solid deep use "
    "uses fluent idiomatic server-side embedded mid middle principal staff our mit en avec con met certified "
    "intermediate expert backend frontend fullstack mobile"
)
# A role in whose title a skill may stand: "Go Backend Engineer", "Engineer (React)".
LEVELS = word_set("level senior sr junior jr middle mid lead principal staff head chief")
ROLES = word_set(
    "engineer engineers developer developers programmer programmers analyst analysts architect consultant "
    "administrator "
    "entwickler entwicklerin développeur développeuse desarrollador desarrolladora lead tester sre dev owner manager "
    "designer sdet scientist"
)
_MOST_IN_TITLE = 3
# After a skill that a post asks for.
_ASKED_FOR = ("would be a", "would be", "is a plus", "a plus", "is a must", "is required", "is preferred", "are a plus")
# Beside a skill in scripts without spaces: language, development, engineer; familiar with, uses.
AFTER_UNSPACED = ("语言", "开发", "编程", "工程师", "程序", "言語", "開発", "エンジニア", "経験", "개발", "언어")
BEFORE_UNSPACED = ("精通", "熟悉", "掌握", "使用", "了解")
HEADINGS = word_set(
    "have must musts plus bonus required preferred desirable optional skills skill languages language "
    "technologies technology stack tools tool frameworks framework programming tech "
    "environment competencies competences expertise platforms databases software libraries backend frontend cloud "
    "devops kenntnisse sprachen technologien werkzeuge programmiersprachen it-kenntnisse compétences langages langage "
    "outils competenze linguaggi lenguajes habilidades tecnologías herramientas conocimientos vaardigheden навыки "
    "стек requirements keywords tags proficiencies methods mobile web used knowledge core technical"
)
# May follow the last entry of a list.
FOLLOWS = AFTER | word_set(
    "would will can should has have too for to on as at is are was were and or und oder et ou y o e with using "
    "which that where who is-a a plus "
    "preferred required based since from by in of the im bei für preferably ideally desired etc related experience "
    "you we our years year"
)
# Between two entries of a list, beside the separator.
LINKS = word_set(
    "and or und oder et ou y o e i и или nor as well of course basic basics intermediate advanced expert proficient "
    "beginner good fluent years year yrs yr jahre ans plus sowie also either both version versions level "
    "grundkenntnisse a little some even"
)
TITLES = word_set("mr mrs ms miss dr prof herr frau madame monsieur mme sir señor señora signor")
STREETS = word_set(
    "street st road rd avenue ave lane ln drive boulevard blvd court square strasse str platz weg allee gasse way "
    "highway hwy terrace crescent hill park plaza parkway"
)
STREETS_BEFORE = word_set("rue calle avenida via piazza plaza ulica ul avenue boulevard")
FIRMS = word_set("gmbh inc llc ltd plc corp ag llp sa bv kg co university college institute school")
# Not skills, although they begin with one.
OTHER_MEANINGS = _phrases(
    "r d|c level|c suite|c section|go live|go to market|go to|go the extra mile|go ahead|go beyond|go above|go on|"
    "go for|go out|go getter|rest of|rest assured|rest day|rest days|spring break|spring cleaning|swift response|"
    "rust belt|rust removal|rust protection|excel at|excel in|react to|react quickly|express delivery|"
    "express shipping|express yourself|plan b|vitamin c|hepatitis c|type c|usb c|class c|section c|plan c|grade c|"
    "series c|node b|dart board|ms degree|no go|on the go|to go|let s go|word of mouth|in other words|key word|"
    "windows cleaning|unity of|chef de|head chef|pastry chef|sous chef|executive chef|access control|spark plug|"
    "spark plugs|spark interest|apache helicopter"
)

# The phrases with a word, and how many words stand before it.
_MEANINGS: dict[str, list[tuple[int, list[str]]]] = {}
for _phrase in map(str.split, sorted(OTHER_MEANINGS)):
    for _place, _word in enumerate(_phrase):
        _MEANINGS.setdefault(_word, []).append((_place, _phrase))


@dataclass(frozen=True)
class Found:
    """A spelling of a skill in a text, before it is known whether it means the skill.

    Attributes:
        skill: canonical name.
        start: place of its first word.
        end: place after its last word.
        is_ambiguous: whether the spelling is an ordinary word, too.
        is_topic: whether the ordinary meaning is near that of the skill.
    """

    skill: str
    start: int
    end: int
    is_ambiguous: bool
    is_topic: bool = False


def groups(sentence: Sentence, found: Sequence[Found]) -> Iterator[list[Found]]:
    """Yield spellings that are neighbours in one list: "Go, Rust (2 years) and SQL"."""
    group: list[Found] = []
    for one in found:
        if group and not _is_linked(sentence, group[-1], one):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def meant(sentence: Sentence, group: Sequence[Found]) -> list[Found]:
    """Return the members of a list that mean skills."""
    possible = [one for one in group if not _is_name(sentence, one, is_first=one is group[0])]
    is_sure = [not one.is_ambiguous or _has_company(sentence, one) for one in possible]
    is_list_of_skills = any(is_sure) or _is_announced(sentence, group[0])
    return [
        one
        for one, sure in zip(possible, is_sure, strict=True)
        if sure or (is_list_of_skills and _is_entry(sentence, one, group))
    ]


def end_of(sentence: Sentence, one: Found) -> int:
    """Return the place after a spelling and the version that follows it."""
    return sentence.after_version(one.end)


def _is_linked(sentence: Sentence, left: Found, right: Found) -> bool:
    place = end_of(sentence, left)
    between = range(place, right.start)
    if any(not (sentence.word(at) in LINKS or sentence.word(at).isdecimal()) for at in between):
        return False
    gaps = [sentence.gap(at) for at in range(place, right.start + 1)]
    if any(". " in gap or ".\n" in gap or ":" in gap or "\n\n" in gap for gap in gaps):
        return False
    return len(between) > 0 or sentence.breaks(right.start)


def _is_entry(sentence: Sentence, one: Found, group: Sequence[Found]) -> bool:
    """Whether nothing else belongs to the entry of a list."""
    left = one is not group[0] or sentence.breaks(one.start) or sentence.word(one.start - 1) in BEFORE
    return (left or _is_cued(sentence, one.start)) and (one is not group[-1] or _is_followed(sentence, one))


def _is_followed(sentence: Sentence, one: Found) -> bool:
    end = end_of(sentence, one)
    return sentence.breaks(end) or sentence.gap(end).startswith(".") or sentence.word(end) in FOLLOWS


def _has_company(sentence: Sentence, one: Found) -> bool:
    after = end_of(sentence, one)
    if sentence.word(after).startswith(AFTER_UNSPACED) or sentence.word(one.start - 1).endswith(BEFORE_UNSPACED):
        return True
    cues = AFTER if sentence.is_capitalised(one.start) else AFTER_SMALL
    if sentence.touches(after) and sentence.word(after) in cues:
        return True
    if _is_in_title(sentence, one, after) or _is_asked_for(sentence, one, after):
        return True
    if after > one.end and sentence.is_capitalised(one.start) and sentence.breaks(one.start):
        return True
    return _is_followed(sentence, one) and (_is_cued(sentence, one.start) or _is_used(sentence, one))


def _is_in_title(sentence: Sentence, one: Found, after: int) -> bool:
    """Whether it is part of a role's title: "Senior Go Backend Engineer", "Engineer (React)"."""
    if not sentence.is_capitalised(one.start):
        return False
    if sentence.word(one.start - 1) in ROLES and sentence.gap(one.start).strip() in ("(", "|", "-", "/", "["):
        return sentence.breaks(after)
    if not (sentence.breaks(one.start) or sentence.word(one.start - 1) in BEFORE | LEVELS):
        return False
    for place in range(after, after + _MOST_IN_TITLE):
        if not sentence.touches(place) or not sentence.is_capitalised(place):
            return False
        if sentence.word(place) in ROLES:
            return True
    return False


def _is_asked_for(sentence: Sentence, one: Found, after: int) -> bool:
    if not (sentence.breaks(one.start) and sentence.touches(after) and sentence.is_capitalised(one.start)):
        return False
    words = " ".join(sentence.word(place) for place in range(after, after + 3))
    return words.startswith(_ASKED_FOR)


def _is_cued(sentence: Sentence, place: int) -> bool:
    """Whether "experience with" or the like stands before a place, maybe with "strong" between."""
    if sentence.word(place - 1) in BEFORE and sentence.touches(place) and _ends_with_cue(sentence, place - 1):
        return True
    return _ends_with_cue(sentence, place)


def _is_used(sentence: Sentence, one: Found) -> bool:
    before = sentence.word(one.start - 1) in BEFORE_CAPITAL and sentence.touches(one.start)
    return before and sentence.is_capitalised(one.start)


def _ends_with_cue(sentence: Sentence, place: int) -> bool:
    for length in (3, 2, 1):
        words = range(place - length, place)
        if words[0] >= 0 and " ".join(sentence.word(at) for at in words) in BEFORE_SURE:
            return all(sentence.touches(at) for at in (*words[1:], place))
    return False


def _is_announced(sentence: Sentence, first: Found) -> bool:
    """Whether a list follows "Languages:", or the line of a heading."""
    if first.start == 0:
        return False
    gap = sentence.gap(first.start)
    return (":" in gap or "\n" in gap) and sentence.word(first.start - 1) in HEADINGS


def _is_name(sentence: Sentence, one: Found, *, is_first: bool) -> bool:
    """Whether a word is part of a person's, a street's or a firm's name, or of another phrase."""
    before, after = sentence.word(one.start - 1), sentence.word(one.end)
    if before in TITLES and sentence.gap(one.start).strip(" .") == "":
        return True
    if (sentence.touches(one.end) and after in STREETS) or (before in STREETS_BEFORE and sentence.touches(one.start)):
        return sentence.is_capitalised(one.start)
    if not one.is_ambiguous:
        return False
    if sentence.touches(one.end) and after in FIRMS:
        return True
    begins = is_first or "\n" in sentence.gap(one.start)
    if begins and sentence.is_initial(one.start) and not _is_cued(sentence, one.start):
        return True  # "R. Smith"; not "SQL and R. We offer"
    return _has_other_meaning(sentence, one)


def _has_other_meaning(sentence: Sentence, one: Found) -> bool:
    for before, phrase in _MEANINGS.get(sentence.word(one.start), ()):
        first = one.start - before
        if all(sentence.word(first + step) == word for step, word in enumerate(phrase)):
            return True
    return False
