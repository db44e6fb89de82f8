"""Seniority: the current role decides, on both sides."""

from math import isnan

import pytest

from matching.text.seniority import YEARS, years_of_text, years_of_titles


@pytest.mark.parametrize(
    ("title", "years"),
    [
        ("Senior Go developer", 6),
        ("Former intern, now principal engineer", 10),
        ("Principal engineer | former staff engineer", 10),
        ("Senior engineer (ex-Google intern)", 6),
        ("Ex-Google senior engineer", 6),
        ("Senior staff engineer", 9),
        ("Tech lead, mentor of interns", 10),
        ("Computer science graduate", 0.5),
        ("Graduate software engineer", 0.5),
        ("Entry-level analyst", 1),
        ("Mid-level developer", 3),
        ("Junior/senior developer", 3.5),
        ("Mid to senior engineer", 4.5),
        ("Werkstudent Softwareentwicklung (m/w/d)", 0),
        ("Développeur confirmé", 4),
        ("VP of engineering", 14),
    ],
)
def test_a_title_has_the_seniority_of_its_current_role(title: str, years: float) -> None:
    assert years_of_titles([title]) == [years]


@pytest.mark.parametrize(
    "title",
    [
        "Backend engineer",
        "PhD student supervisor",
        "Intern coordinator",
        "Student success manager",
        "Backend engineer, graduate of MIT",
        "Software developer, previously intern at Acme",
        "Engineer aspiring to be a lead",
        "Assistant to the director",
        "Lead generation specialist",
        "Staff nurse",
        "Data entry clerk",
        "Middle school teacher",
        "Chief of staff",
        "",
    ],
)
def test_other_people_and_other_times_give_no_seniority(title: str) -> None:
    assert isnan(years_of_titles([title])[0])


def test_every_level_is_found_alone() -> None:
    needs_more = {"entry": "entry-level", "staff": "staff engineer"}
    for word, years in YEARS.items():
        assert years_of_titles([needs_more.get(word, word)]) == [years], word


def test_a_text_says_whom_it_looks_for() -> None:
    assert years_of_text("Acme helps interns. We're looking for a Senior Data Engineer to join us.") == 6
    assert years_of_text("Wir suchen einen Junior Entwickler.") == 1
    assert isnan(years_of_text("We are looking for an engineer. Our seniors help."))
