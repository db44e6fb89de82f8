"""Resumes to profiles: what is found, where, how sure, and what is left in doubt."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.documents.plain_text import read_text
from intake.headings import Section
from intake.resumes.reading import ReadResume, read, resume
from matching.errors import UnreadableFile
from matching.text import pay_rates
from tests.intake import files

TODAY = date(2026, 5, 1)
ENGLISH = """Grace Hopper
Senior Backend Engineer
grace@example.com | +1 (555) 010-9999 | Austin, Texas, United States | https://example.com/grace

Summary
I build payment systems and am eager to learn Rust. Looking for remote work.

Experience
Senior Backend Engineer
Oracle Corporation
Jan 2022 - Present
- Services in Java and Kafka
Software Engineer, Acme Inc.
Jan 2019 - Dec 2021
- PostgreSQL, Docker; revenue grew in 2019 - 2021
Software Engineering Intern, Initech
Jun 2018 - Aug 2018

Education
BSc Computer Science, MIT, 2014 - 2018

Skills
Java (7 years), Kafka, Go, Frobnicator
Expected salary: $150,000 per year
"""
GERMAN = """Lebenslauf
Name: Jürgen Müller
Geburtsdatum: 01.02.1990
Anschrift: Hauptstraße 5, 10117 Berlin
Berufserfahrung
03/2020 - heute\tSoftwareentwickler
Acme GmbH
01/2018 - 02/2020\tTester
Initech AG
Ausbildung
2012 - 2017\tInformatik, TU Berlin
Kenntnisse
Java, Python
Gehaltsvorstellung: 5.500 € brutto/Monat
"""


def read_lines(text: str) -> ReadResume:
    return read(read_text(text), TODAY, candidate_id="ada", rates=pay_rates.built_in())


def test_an_english_resume_becomes_a_profile() -> None:
    result = read_lines(ENGLISH)
    profile = result.profile
    assert (profile.headline, profile.experience_years) == ("Senior Backend Engineer", 7.4)
    assert (profile.city, profile.region, profile.country) == ("Austin", "Texas", "United States")
    assert (profile.remote_wish, profile.expected_salary_usd_per_year) == ("remote", 150_000)
    assert {"java", "kafka", "go", "postgresql", "docker"} <= {skill.name for skill in profile.skills}
    assert next(skill.years for skill in profile.skills if skill.name == "java") == 7
    assert result.found["seniority"].value == "senior"
    assert result.rates is pay_rates.built_in()


def test_a_german_resume_becomes_a_profile() -> None:
    result = read_lines(GERMAN)
    assert (result.profile.headline, result.profile.city) == ("Softwareentwickler", "Berlin")
    assert (result.profile.experience_years, result.found["experience_years"].sure) == (8.4, "stated")
    assert result.profile.expected_salary_usd_per_year == pytest.approx(73_735, rel=0.01)
    assert [skill.name for skill in result.profile.skills] == ["java", "python"]


def test_every_field_says_where_it_was_found() -> None:
    result = read_lines(ENGLISH)
    written = {
        name: [result.document.text[where.start : where.end] for where in found.where]
        for name, found in (result.found | result.skills).items()
    }
    assert written["headline"] == ["Senior Backend Engineer"]
    assert written["city"] == ["Austin, Texas, United States"]
    assert written["experience_years"] == ["Jan 2022 - Present", "Jan 2019 - Dec 2021"]
    assert written["remote_wish"] == ["remote"]
    assert written["expected_salary_usd_per_year"] == ["$150,000 per year"]
    assert written["kafka"] == ["Kafka", "Kafka"]


def test_what_is_personal_is_not_in_the_text_that_is_scored() -> None:
    for text in (ENGLISH, GERMAN):
        resume_text = read_lines(text).profile.resume
        for personal in ("Grace", "Hopper", "@", "555", "http", "Jürgen", "Müller", "1990", "Hauptstra"):
            assert personal not in resume_text


def test_an_employer_is_no_skill_and_a_wish_is_none_either() -> None:
    result = read_lines(ENGLISH)
    names = {skill.name for skill in result.profile.skills}
    assert not {"oracle", "oracle database", "rust"} & names
    assert "'rust' is only wished for." in [doubt.why for doubt in result.doubts]


def test_internships_and_studies_are_told_apart() -> None:
    kinds = [(one.section, one.title and one.title.text) for one in read_lines(ENGLISH).entries]
    assert kinds == [
        (Section.EXPERIENCE, "Senior Backend Engineer"),
        (Section.EXPERIENCE, "Software Engineer"),
        (Section.INTERNSHIPS, "Software Engineering Intern"),
        (Section.EDUCATION, "BSc Computer Science"),
    ]


@pytest.mark.parametrize(
    ("lines", "years"),
    [
        ("Engineer, A\nJan 2020 - Dec 2021\nEngineer, B\nJan 2021 - Dec 2022", 3.0),
        ("Engineer, A\nJan 2018 - Dec 2018\nEngineer, B\nJan 2022 - Dec 2022", 2.0),
        ("Engineer, A\t2019\n", 1.0),
        ("Engineer, A, since 05/2025", 1.1),
        ("2018 - 2020: Engineer, A", 2.0),
    ],
)
def test_experience_is_the_union_of_the_positions(lines: str, years: float) -> None:
    assert read_lines(f"Ada Lovelace\nExperience\n{lines}").profile.experience_years == years


def test_what_is_unsure_stays_empty_and_is_listed() -> None:
    lines = ("Ada Lovelace", "Expected salary: 5000", "Experience", "Engineer, A", "Jan 2030 - Dec 2031", "Education")
    result = read_lines("\n".join([*lines, "2010 - 2014"]))
    profile = result.profile
    assert (profile.headline, profile.experience_years, profile.city) == ("Engineer", None, None)
    assert profile.expected_salary_usd_per_year is None
    assert {doubt.field for doubt in result.doubts} == {
        *("experience_years", "city", "skills", "expected_salary_usd_per_year"),
    }


def test_a_seniority_without_a_word_for_it_is_a_guess() -> None:
    result = read_lines("Ada Lovelace\nBackend Engineer\nExperience\nEngineer, A\nJan 2020 - Present")
    assert (result.found["seniority"].value, result.found["seniority"].sure) == ("senior", "guess")


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("Work mode: hybrid", "hybrid"),
        ("Arbeitsmodell: vor Ort", "onsite"),
        ("I am looking for a fully remote role", "remote"),
        ("Je souhaite travailler en télétravail", "remote"),
        ("Busco un puesto presencial", "onsite"),
        ("Remote: no preference", "any"),
        ("I led a remote team", None),
    ],
)
def test_the_wish_for_remote_work_is_read_where_it_is_one(line: str, wish: str | None) -> None:
    lines = ("Ada Lovelace", "Engineer", "Summary", line, "Experience", "Engineer (remote), 2019 - 2020")
    assert read_lines("\n".join(lines)).profile.remote_wish == wish


def test_names_streets_and_links_that_look_like_skills_change_nothing() -> None:
    plain = "Ada Lovelace\nBackend Engineer\n12 Main Street, 10117 Berlin\nada@example.com\nSkills\nSQL"
    other = "Ruby Go\nBackend Engineer\n12 Java Street, 10117 Berlin\nrust@python.org\nSkills\nSQL"
    profiles = [read_lines(text).profile for text in (plain, other)]
    assert profiles[0].model_dump() == profiles[1].model_dump()


@pytest.mark.parametrize(
    "line",
    [
        "12 rue de la Paix, 75002 Paris",
        "Hauptweg 7, 75002 Paris",
        "Paris, France",
        "Based in Paris and Lyon",
        "Ville : Paris",
    ],
)
def test_a_city_is_found_in_an_address(line: str) -> None:
    assert read_lines(f"Ada Lovelace\nEngineer\n{line}\nSkills\nSQL").profile.city == "Paris"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("Austin, TX", ("Austin", "TX", None)),
        ("Hamburg, Deutschland", ("Hamburg", None, "Deutschland")),
        ("Lyon, FR", ("Lyon", None, "FR")),
        ("Address: Berlin, DE", ("Berlin", None, None)),
        ("Java, Kotlin", (None, None, None)),
        ("Tester, sr.", (None, None, None)),
        ("Some words, sr.", (None, None, None)),
    ],
)
def test_regions_and_countries_are_told_apart(line: str, place: tuple[str | None, ...]) -> None:
    profile = read_lines(f"Ada Lovelace\nEngineer\n{line}\nSkills\nSQL").profile
    assert (profile.city, profile.region, profile.country) == place


def test_words_that_end_like_streets_stay() -> None:
    lines = ("Ada Lovelace", "Engineer", "Skills", "Java, Spring", "06/2014 - 03/2019", "Engineering 12, Monitoring 3")
    assert "Spring\n06/2014 - 03/2019\nEngineering 12, Monitoring 3" in read_lines("\n".join(lines)).profile.resume


def test_an_unknown_entry_counts_in_a_list_of_skills_and_nowhere_else() -> None:
    lines = (
        "Ada Lovelace",
        "Engineer",
        "Skills",
        "Java, SQL, Kafka, Zorblax",
        "Frobbing, Java, Quuxing",
        "Driving licence",
    )
    result = read_lines("\n".join(lines))
    assert [skill.name for skill in result.profile.skills] == ["java", "sql", "kafka", "zorblax"]
    assert result.skills["zorblax"].sure == "likely"
    doubtful = [doubt.why.split("'")[1] for doubt in result.doubts if doubt.field == "skills"]
    assert doubtful == ["Frobbing", "Quuxing", "Driving licence"]


def test_the_same_resume_in_several_formats_is_the_same_profile() -> None:
    structured = {
        "basics": {"label": "Data Engineer", "location": {"city": "Lyon", "countryCode": "France"}},
        "work": [{"name": "Acme", "position": "Data Engineer", "startDate": "2020-01", "endDate": "2022-12"}],
        "skills": [{"keywords": ["Python", "SQL"]}],
    }
    lines = ["Data Engineer", "Location: Lyon, France", "Skills", "Python, SQL", "Experience", "Data Engineer, Acme"]
    lines.append("01/2020 - 12/2022")
    contents = [json.dumps(structured).encode(), "\n".join(lines).encode(), files.word(*lines)]
    contents.append(files.pdf(files.lines(lines, 40, 40)))
    profiles = [resume(content, "cv", TODAY, candidate_id="ada").profile for content in contents]
    assert (profiles[0].city, profiles[0].experience_years) == ("Lyon", 3.0)
    facts = [profile.model_dump(exclude={"resume"}) for profile in profiles]
    assert facts.count(facts[0]) == len(facts)


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UnreadableFile, match=r"cv\.pdf is damaged: "):
        resume(b"%PDF-1.7 nothing", "cv.pdf", TODAY)


@pytest.mark.parametrize(
    "unit", ["a", "a-", "a.", "www.", "2020 ", "based in ", "x@", "Main St ", "(", "\N{COMBINING ACUTE ACCENT}"]
)
def test_the_time_for_a_text_grows_with_its_length_and_no_faster(unit: str) -> None:
    """A repetition that is tried from every character would take minutes for these."""
    text = (unit * 100_000)[:100_000]
    assert len(read_lines(text).profile.resume) <= 100_000


WORDS = "Engineer| at |2019| - |Mar 2021|heute|(|)|,|\n|\t|:|\u2022 |Skills|Experience|Go|Java|(5 years)|Location: "
MORE = "Berlin|Ada|Expected salary|$90k|a@b.de| |12 Main St|\u00df|\u0130|Name: |Remote|seeking |Germany"
PIECES = st.sampled_from([*WORDS.split("|"), *MORE.split("|"), "|"])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=40))
def test_no_text_breaks_the_reader_and_every_place_is_in_the_text(pieces: list[str]) -> None:
    result = read_lines("".join(pieces))
    length = len(result.document.text)
    for found in (*result.found.values(), *result.skills.values()):
        assert all(0 <= where.start < where.end <= length for where in found.where)


def test_brackets_without_a_partner_are_no_part_of_a_title() -> None:
    lines = ("Ada Lovelace", "Experience", "a) Engineer (backend) remote, Acme, 2019 - 2020")
    (entry,) = read_lines("\n".join(lines)).entries
    assert entry.title is not None
    assert (entry.title.text, entry.title.is_known) == ("Engineer", True)
