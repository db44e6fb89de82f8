"""Posts: sections, required and optional skills, years, and what is ignored."""

import csv
import os
from pathlib import Path

import pytest

from matching.text.posts.post import Asked, asked, read
from matching.text.posts.sections import lowered, sections
from matching.text.skill_vocabulary import SkillVocabulary

HTML = """<p>Acme builds maps. Our customers use Salesforce.</p>
<h3>What you&rsquo;ll bring</h3><ul><li>5+ years of experience with Java and Spring Boot</li><li>PostgreSQL</li>
<li>Kotlin is a plus</li></ul><p><strong>Nice to have:</strong></p><ul><li>Kafka</li><li>Terraform</li></ul>
<h3>We offer</h3><ul><li>Free Python courses</li><li>A pension after 2 years of service</li></ul>"""


def needs(description: str, title: str = "Developer") -> dict[str, str]:
    """The need of each skill of a description."""
    found: Asked = asked(title, description)
    return dict.fromkeys(found.must, "must") | dict.fromkeys(found.nice, "nice")


def test_a_post_in_html_is_read_by_section() -> None:
    post = read("Senior developer", HTML)
    assert [one.kind for one in post.sections] == ["other", "must", "nice", "benefit"]
    assert needs(HTML) == {
        "java": "must",
        "spring boot": "must",
        "postgresql": "must",
        "kotlin": "nice",
        "kafka": "nice",
        "terraform": "nice",
    }
    assert post.seniority_years == 6


def test_places_are_characters_of_the_description() -> None:
    post = read("", HTML)
    assert [HTML[one.start : one.end].casefold() for one in post.demands] == [one.skill for one in post.demands]
    assert [HTML[one.start : one.end] for one in post.years] == ["5+ years"]
    assert HTML[post.sections[1].start :].startswith("</h3><ul><li>5+ years")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Requirements", "must"),
        ("REQUIREMENTS:", "must"),
        ("## Requirements", "must"),
        ("**What you'll bring**", "must"),
        ("What you’ll bring:", "must"),
        ("Minimum Qualifications", "must"),
        ("Requirements for this role", "must"),
        ("Dein Profil:", "must"),
        ("Was du mitbringst", "must"),
        ("Profil recherché :", "must"),
        ("Requisitos", "must"),
        ("Nice to have", "nice"),
        ("Bonus points:", "nice"),
        ("Preferred qualifications", "nice"),
        ("Von Vorteil:", "nice"),
        ("Les plus", "nice"),
        ("Se valorará:", "nice"),
        ("What you'll do", "work"),
        ("Deine Aufgaben", "work"),
        ("What we offer", "benefit"),
        ("Wir bieten:", "benefit"),
        ("Benefits & Perks", "benefit"),
        ("About us", "company"),
        ("About Acme", "company"),
        ("Über uns", "company"),
    ],
)
def test_headings_are_found_in_lines_of_their_own(heading: str, kind: str) -> None:
    found = sections(f"We build maps.\n\n{heading}\n- something else\n")
    assert [one.kind for one in found] == ["other", kind]


@pytest.mark.parametrize(
    "sentence",
    [
        "The requirements of our users change.",
        "You will have required skills in mind.",
        "This is about us and about you.",
        "Its benefits are clear.",
        "Good MS Office skills and a profile on our site.",
    ],
)
def test_sentences_are_no_headings(sentence: str) -> None:
    assert [one.kind for one in sections(f"We build maps. {sentence} More text.")] == ["other"]


def test_headings_inside_a_line_are_found() -> None:
    text = "We build maps. Requirements: Java 17. Nice to have: Kafka. We offer: Udemy courses on Rust."
    assert [one.kind for one in sections(text)] == ["other", "must", "nice", "benefit"]
    assert needs(text) == {"java": "must", "kafka": "nice"}


def test_headings_are_found_where_the_lines_are_lost() -> None:
    text = (
        "Messaging PostgreSQL Redis Your tasks Being able to investigate the Java code Must-haves Minimum 6 years of "
        "experience in Software Engineering Docker skills What we offer Employer-funded Python courses"
    )
    assert [one.kind for one in sections(text)] == ["other", "work", "must", "benefit"]
    assert needs(text) == {"docker": "must", "postgresql": "nice", "redis": "nice", "java": "nice"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Java required, Kotlin a plus.", {"java": "must", "kotlin": "nice"}),
        ("Docker, Kubernetes and Terraform is a plus.", dict.fromkeys(("docker", "kubernetes", "terraform"), "nice")),
        ("Python required. Scala is a plus; ideally with Kafka.", {"python": "must", "scala": "nice", "kafka": "nice"}),
        ("Python is a must; ideally with Django.", {"python": "must", "django": "nice"}),
        ("PostgreSQL required (preferably with Kotlin).", {"postgresql": "must", "kotlin": "nice"}),
        ("Experience with PHP. Laravel preferred.", {"php": "must", "laravel": "nice"}),
        ("You have Java knowledge; Kotlin is nice to have.", {"java": "must", "kotlin": "nice"}),
        ("Nice to have: Kotlin, Scala. Must have: Java.", {"java": "must", "kotlin": "nice", "scala": "nice"}),
        ("Kenntnisse in TypeScript. Docker von Vorteil.", {"typescript": "must", "docker": "nice"}),
        ("Maîtrise de PHP. Symfony serait un plus.", {"php": "must", "symfony": "nice"}),
        ("Conocimientos de PHP. Se valorará Docker.", {"php": "must", "docker": "nice"}),
        ("Python required. Java is not required.", {"python": "must"}),
        ("Python required. Eager to learn Kotlin.", {"python": "must", "kotlin": "nice"}),
        ("Our customers use SAP and Jira. You know Python.", {"python": "must"}),
        ("We offer courses on Kubernetes. You know Python.", {"python": "must"}),
    ],
)
def test_words_in_a_sentence_say_what_is_needed(text: str, expected: dict[str, str]) -> None:
    assert needs(text) == expected


def test_what_is_only_named_is_required_unless_something_else_is() -> None:
    assert needs("You build services in Java and Kotlin.") == {"java": "must", "kotlin": "must"}
    assert needs("You build services in Java. Requirements: Kotlin.") == {"kotlin": "must", "java": "nice"}


def test_a_label_is_about_its_line_alone() -> None:
    text = "Requirements\n- Java\nLocation: Lyon\nIndustry: PostgreSQL hosting\n- Kotlin\n"
    assert needs(text) == {"java": "must", "kotlin": "must"}


def test_the_title_is_required() -> None:
    assert asked("PHP developer", "Ideally with Docker.").must == ("php",)
    assert asked("Backend engineer", "").must == ()


def test_ones_own_vocabulary_is_read() -> None:
    own = SkillVocabulary.of(["Zorblax\tzbx"])
    found = asked("", "Requirements: ZBX and Java. Ideally with zorblax.", vocabulary=own)
    assert found[:2] == (("zorblax",), ())


def test_lists_win_over_text() -> None:
    text = "Requirements: Java. Nice to have: Kotlin, Docker."
    assert asked("", text, ["Python"])[:2] == (("python",), ("kotlin", "docker"))
    assert asked("", text, [], ["Java"])[:2] == ((), ("java",))
    assert asked("", text, ["Python"], ["Go"])[:2] == (("python",), ("go",))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3-5 years of professional experience", 3, 5),
        ("3 to 5 yrs experience", 3, 5),
        ("At least two years of experience in a similar role", 2, None),
        ("5+ years' experience as a developer", 5, None),
        ("Minimum of 4 (four) years of relevant work experience", 4, None),
        ("Mindestens drei Jahre Berufserfahrung", 3, None),
        ("3 ans d'expérience", 3, None),
        ("Cinco años de experiencia", 5, None),
        ("up to 3 years of experience", None, 3),
        ("7 years of software development experience", 7, None),
        ("5 years of Java", 5, None),
        ("Acme has been in business for over 20 years", None, None),
        ("a four-year degree", None, None),
        ("more than 50 years of experience and growth", None, None),
        ("Benefits\n40 paid hours after 2 years of experience", None, None),
        ("You are 25 years old", None, None),
        ("Working experience within the last 3 years", None, None),
        ("A contract of 2 years, working with experienced people", None, None),
    ],
)
def test_years_of_experience(text: str, low: float | None, high: float | None) -> None:
    found = asked("", text)
    assert (found.min_years, found.max_years) == (low, high)


def test_years_of_a_skill() -> None:
    text = "Requirements\n- Java (5+ years)\n- Python: 3 years\n- 2+ years of experience with PHP and Docker\n"
    assert asked("", text).skill_years == {"java": 5, "python": 3, "php": 2, "docker": 2}
    assert asked("", "5 years of experience, Java, Docker").skill_years == {}


def test_an_empty_post_asks_nothing() -> None:
    assert asked("", "") == Asked((), (), {}, None, None, None)


def test_lower_case_keeps_every_character_in_its_place() -> None:
    for text in ("İSTANBUL", "ÜBER", "ẞ", "Java"):
        assert len(lowered(text)) == len(text)


@pytest.mark.parametrize(
    "part",
    [
        "Requirements: ",
        "a plus, ",
        "<!--",
        "<script>",
        "Java is a plus, ",
        "5+ years ",
        "<p>",
        "Must-haves ",
        "(",
        "1-",
        "\n",
        "We ",
    ],
)
def test_a_long_text_of_anything_is_read(part: str) -> None:
    read(part * 10, part * (30_000 // len(part)))


@pytest.mark.realdata
def test_headings_of_real_posts_are_found() -> None:
    """Posts of SkillSpan's training part: where a line begins with a usual heading, its section is found."""
    lines, words = [], []
    with Path(os.environ["TANDEM_REALDATA"], "skillspan", "skillspan_tech_train.conll").open(encoding="utf-8") as file:
        for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row:
                words.append(row[0])
            else:
                lines.append(" ".join(words))
                words = []
    text = "\n".join(lines)
    found = [one.heading.casefold().rstrip(":") for one in sections(text)]
    for heading, times in {
        "job benefits": 75,
        "company description": 75,
        "requirements": 5,
        "what we offer": 8,
    }.items():
        assert found.count(heading) >= times, heading
