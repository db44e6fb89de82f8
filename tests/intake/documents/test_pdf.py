"""PDFs: reading order, and what a reader of the page cannot see."""

import pytest

from intake.documents.document import Document, Hidden
from intake.documents.sandbox import Sandbox
from tests.intake.files import lines, pdf, picture, text

CONTACT = ["Contact", "ada@example.com", "Berlin, Germany", "Skills", "Python, Go", "SQL"]
WORK = ["Experience", "Senior Engineer, Acme", "2019 - 2021", "Built things for people", "Education", "MIT 2010"]
LOST = "no contrast with what is behind it"


def read(sandbox: Sandbox, content: bytes) -> Document:
    return sandbox.read(content, "cv.pdf")


@pytest.mark.parametrize("leading", [14, 15, 17])
def test_two_columns_are_read_one_after_the_other(leading: float, sandbox: Sandbox) -> None:
    header = text("Ada Lovelace", 40, 40, size=22) + text("A line over the whole width of the page " * 2, 40, 70)
    page = header + lines(CONTACT, 40, 100) + lines(WORK, 230, 100, leading=leading)
    assert read(sandbox, pdf(page)).text.splitlines()[2:] == [*CONTACT, *WORK]


def test_columns_written_row_by_row_are_still_columns(sandbox: Sandbox) -> None:
    rows = enumerate(zip(CONTACT, WORK, strict=True))
    page = "".join(text(left, 40, 100 + 14 * n) + text(right, 230, 100 + 14 * n) for n, (left, right) in rows)
    assert read(sandbox, pdf(page)).text.splitlines() == [*CONTACT, *WORK]


def test_dates_in_a_column_of_their_own_stay_with_their_entries(sandbox: Sandbox) -> None:
    dates = lines(["2019 - 2021", "2015 - 2019", "2010 - 2015"], 40, 100, leading=40)
    entries = lines(["Engineer at A", "did x", "Developer at B", "did y", "Tester at C", "did z"], 150, 100, leading=20)
    found = read(sandbox, pdf(dates + entries)).text.splitlines()
    assert found[::2] == ["2019 - 2021\tEngineer at A", "2015 - 2019\tDeveloper at B", "2010 - 2015\tTester at C"]


def test_dates_at_the_right_edge_stay_with_their_entries(sandbox: Sandbox) -> None:
    entries = lines(["Engineer at A", "did x", "Developer at B", "did y", "Tester at C", "did z"], 40, 100)
    dates = lines(["2019 - 2021", "2015 - 2019", "2010 - 2015"], 480, 100, leading=28)
    assert read(sandbox, pdf(entries + dates)).text.splitlines()[2] == "Developer at B\t2015 - 2019"


def test_a_column_is_read_to_its_end_on_the_next_page(sandbox: Sandbox) -> None:
    first = lines(WORK, 40, 100) + lines(CONTACT, 380, 103)
    second = lines(["Tester, Corp", "2010 - 2012", "Tested things"], 40, 60)
    document = read(sandbox, pdf(first, second))
    assert document.text.splitlines() == [*WORK, "Tester, Corp", "2010 - 2012", "Tested things", *CONTACT]
    assert [document.page_of(document.text.index(word)) for word in ("Acme", "Corp", "Contact")] == [1, 2, 1]


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        (text("secret", 40, 60, before="1 g"), LOST),
        (text("secret", 40, 60, before="0.97 0.97 1 rg"), LOST),
        (text("secret", 40, 60, before="3 Tr"), LOST),
        (text("secret", 40, 60) + "q 200 0 0 60 30 750 cm /Im1 Do Q\n", LOST),
        (text("secret", 40, 60) + "q 1 g 30 740 200 60 re f Q\n", LOST),
        ("q 300 300 10 10 re W n " + text("secret", 40, 60) + "Q\n", LOST),
        ("q 0 0 1 rg 30 740 200 60 re f Q\n" + text("secret", 40, 60, before="0 0 1 rg"), LOST),
        (text("secret", 40, 900), "outside the page"),
        (text("secret", 700, 60), "outside the page"),
        (text("secret", 40, 60, size=0.8), "too small to be read"),
    ],
)
def test_hidden_text_is_dropped_and_reported(hidden: str, why: str, sandbox: Sandbox) -> None:
    document = read(sandbox, pdf(hidden + text("Visible words", 40, 300), objects={1000: picture()}))
    assert document.text == "Visible words"
    assert document.hidden == (Hidden(why, 1, len("secret")),)


@pytest.mark.parametrize(
    "shown",
    [
        "q 0 0 0.4 rg 30 740 200 60 re f Q\n" + text("sidebar", 40, 60, before="1 g"),
        "q 200 0 0 60 30 750 cm /Im1 Do Q\n" + text("sidebar", 40, 60, before="1 g"),
        text("sidebar", 40, 60, before="0.55 g"),
        text("sidebar", 40, 60, size=5),
    ],
)
def test_text_that_can_be_seen_is_kept(shown: str, sandbox: Sandbox) -> None:
    document = read(sandbox, pdf(shown, objects={1000: picture()}))
    assert (document.text, document.hidden) == ("sidebar", ())


def test_larger_lines_and_known_words_are_headings(sandbox: Sandbox) -> None:
    page = text("Ada Lovelace", 40, 40, size=20) + lines(["Berufserfahrung", "Engineer, Acme, for some years"], 40, 100)
    document = read(sandbox, pdf(page))
    assert [block.is_heading for block in document.blocks] == [True, True, False]


def test_a_script_is_not_run_but_noted(sandbox: Sandbox) -> None:
    names = "/Names << /JavaScript << /Names [(a) 1002 0 R] >> >>"
    script = {1002: b"<< /S /JavaScript /JS (app.alert(1)) >>"}
    document = read(sandbox, pdf(text("Ada", 40, 40), objects=script, catalog=names))
    assert (document.text, document.notes) == ("Ada", ("The PDF contains scripts; none was run.",))
