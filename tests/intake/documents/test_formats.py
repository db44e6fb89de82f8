"""Word, HTML, Markdown, text, JSON Resume and Europass: their text in order, and what is hidden in them."""

import json

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor

from intake.documents.document import Hidden
from intake.documents.sandbox import Sandbox
from tests.intake import files

PASSPORT = """<?xml version="1.0" encoding="UTF-8"?>
<SkillsPassport xmlns="http://europass.cedefop.europa.eu/Europass"><LearnerInfo>
 <Identification><PersonName><FirstName>Ada</FirstName><Surname>Lovelace</Surname></PersonName>
  <ContactInfo><Address><Contact><Municipality>Lyon</Municipality><Country><Code>FR</Code><Label>France</Label></Country>
  </Contact></Address></ContactInfo></Identification>
 <Headline><Description><Label>Data engineer</Label></Description></Headline>
 <WorkExperienceList><WorkExperience><Period><From year="2019" month="--03"/><Current>true</Current></Period>
  <Position><Label>Data engineer</Label></Position>
  <Activities>&lt;p&gt;Pipelines in &lt;b&gt;Spark&lt;/b&gt;&lt;/p&gt;</Activities>
  <Employer><Name>Acme</Name></Employer></WorkExperience></WorkExperienceList>
 <Skills><Computer><Description>Python, SQL</Description></Computer></Skills>
</LearnerInfo></SkillsPassport>"""
CANDIDATE = """<Candidate xmlns="http://www.europass.eu/1.0" xmlns:oa="http://www.openapplications.org/oagis/9"
 xmlns:hr="http://www.hr-xml.org/3">
<CandidatePerson><PersonName><oa:GivenName>Ada</oa:GivenName><hr:FamilyName>Lovelace</hr:FamilyName></PersonName>
<Communication><Address><oa:CityName>Lyon</oa:CityName><CountryCode>fr</CountryCode></Address></Communication></CandidatePerson>
<CandidateProfile>
<EmploymentHistory><EmployerHistory><hr:OrganizationName>Acme</hr:OrganizationName><PositionHistory>
<PositionTitle>Data engineer</PositionTitle><EmploymentPeriod>
<StartDate><hr:FormattedDateTime>2019-03-01</hr:FormattedDateTime></StartDate>
<hr:CurrentIndicator>true</hr:CurrentIndicator></EmploymentPeriod>
<oa:Description>&lt;ul&gt;&lt;li&gt;Spark&lt;/li&gt;&lt;/ul&gt;</oa:Description>
</PositionHistory></EmployerHistory></EmploymentHistory>
<PersonQualifications><PersonCompetency><hr:CompetencyName>Python</hr:CompetencyName></PersonCompetency></PersonQualifications>
</CandidateProfile></Candidate>"""


def test_word_is_read_in_order_with_tables_and_headings(sandbox: Sandbox) -> None:
    document = docx.Document()
    document.add_heading("Berufserfahrung", 1)
    table = document.add_table(2, 2)
    for place, words in enumerate(("2019 \N{EN DASH} 2021", "Engineer", "2015 \N{EN DASH} 2019", "Tester")):
        table.cell(place // 2, place % 2).text = words
    document.add_paragraph("Python", style="List Bullet")
    found = sandbox.read(files.saved(document), "cv.docx")
    assert found.text.splitlines() == [
        "Berufserfahrung",
        "2019 \N{EN DASH} 2021\tEngineer",
        "2015 \N{EN DASH} 2019\tTester",
        "• Python",
    ]
    assert [block.is_heading for block in found.blocks] == [True, False, False, False]


def test_columns_made_of_a_table_are_read_cell_by_cell(sandbox: Sandbox) -> None:
    document = docx.Document()
    table = document.add_table(1, 2)
    for cell, texts in zip(table.rows[0].cells, (("Skills", "Go", "SQL"), ("Experience", "Acme")), strict=True):
        for one in texts:
            cell.add_paragraph(one)
    assert sandbox.read(files.saved(document), "cv.docx").text.splitlines() == [
        "Skills",
        "Go",
        "SQL",
        "Experience",
        "Acme",
    ]


def test_a_text_box_is_read(sandbox: Sandbox) -> None:
    document = docx.Document()
    box = (
        f'<w:r {nsdecls("w")}><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent>'
        "<w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    )
    document.add_paragraph("before")._p.append(parse_xml(box))
    document.add_paragraph("after")
    assert sandbox.read(files.saved(document), "cv.docx").text.splitlines() == ["before", "in a box", "after"]


def test_hidden_words_in_a_document_are_dropped_and_reported(sandbox: Sandbox) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("seen ")
    paragraph.add_run("vanished").font.hidden = True
    paragraph.add_run("white").font.color.rgb = RGBColor(255, 255, 255)
    paragraph.add_run("tiny").font.size = Pt(1)
    style = document.styles.add_style("Ghost", WD_STYLE_TYPE.CHARACTER)
    style.font.hidden = True
    paragraph.add_run("styled", style="Ghost")
    found = sandbox.read(files.saved(document), "cv.docx")
    assert found.text == "seen"
    assert {(one.why, one.characters) for one in found.hidden} == {
        ("not displayed", len("vanishedstyled")),
        ("no contrast with what is behind it", len("white")),
        ("too small to be read", len("tiny")),
    }


def test_white_words_on_a_dark_cell_are_kept(sandbox: Sandbox) -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.paragraphs[0].add_run("light").font.color.rgb = RGBColor(255, 255, 255)
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:fill="1F2A44" w:val="clear"/>'))
    assert sandbox.read(files.saved(document), "cv.docx").text == "light"


def test_html_is_read_without_scripts_and_styles(sandbox: Sandbox) -> None:
    page = (
        "<!doctype html><html><head><title>t</title><style>p{color:red}</style></head><body><h1>Ada</h1>"
        "<script>go()</script>"
        "<ul><li>Python<li>C &amp; C++</ul><table><tr><td>2019</td><td>Acme</td></tr></table>one<br>two</body></html>"
    )
    found = sandbox.read(page.encode(), "cv.html")
    assert found.text.splitlines() == ["Ada", "• Python", "• C & C++", "2019\tAcme", "one", "two"]
    assert found.notes == ("The page contains scripts; none was run.",)


@pytest.mark.parametrize(
    ("style", "why"),
    [
        ("display:none", "not displayed"),
        ("visibility: hidden", "invisible"),
        ("opacity:0", "invisible"),
        ("font-size:1px", "too small to be read"),
        ("color:#FFF", "no contrast with what is behind it"),
        ("background:#101010;color:rgb(16, 16, 18)", "no contrast with what is behind it"),
        ("position:absolute;left:-9999px", "outside the page"),
        ("text-indent:-9999px", "outside the page"),
    ],
)
@pytest.mark.parametrize("place", ["inline", "class", "inside"])
def test_hidden_html_is_dropped_and_reported(style: str, why: str, place: str, sandbox: Sandbox) -> None:
    hidden = {
        "inline": f"<p style='{style}'>secret</p>",
        "class": f"<style>.x {{{style}}}</style><p class='a x'>secret</p>",
        "inside": f"<div style='{style}'><p><b>secret</b></p></div>",
    }[place]
    found = sandbox.read(f"<html><body>{hidden}<p>seen</p></body></html>".encode(), "cv.html")
    assert (found.text, found.hidden) == ("seen", (Hidden(why, 1, 6),))


def test_white_html_on_a_dark_background_is_kept(sandbox: Sandbox) -> None:
    page = b"<html><style>aside{background:#223;color:white}</style><aside><p>light</p></aside></html>"
    assert sandbox.read(page, "cv.html").text == "light"


def test_markdown_loses_its_marks_and_the_targets_of_links(sandbox: Sandbox) -> None:
    page = "# Ada\n\n**Skills:** *Python*, [Go](https://rust.example/c)\n<!-- secret -->\n| a | b |\n|---|---|\n- SQL\n"
    found = sandbox.read(page.encode(), "cv.md")
    assert found.text.splitlines() == ["Ada", "Skills: Python, Go", "a\tb", "• SQL"]
    assert found.hidden == (Hidden("a comment", 1, len("<!-- secret -->")),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_every_usual_encoding(encoding: str, sandbox: Sandbox) -> None:
    found = sandbox.read("Jürgen Müller\nEXPERIENCE\n==========\nErlang".encode(encoding), "cv.txt")
    assert found.text == "Jürgen Müller\nEXPERIENCE\nErlang"
    assert [block.is_heading for block in found.blocks] == [False, True, False]


def test_a_json_resume_becomes_the_lines_of_a_resume(sandbox: Sandbox) -> None:
    resume = {
        "basics": {"name": "Ada", "label": "Engineer", "location": {"city": "Lyon", "countryCode": "FR"}},
        "work": [{"name": "Acme", "position": "Engineer", "startDate": "2019-03", "highlights": ["Spark"]}],
        "skills": [{"name": "Languages", "keywords": ["Python", "Go"]}],
    }
    found = sandbox.read(json.dumps(resume).encode(), "resume.json")
    assert found.text.splitlines() == [
        *("Ada", "Engineer", "Location: Lyon, FR", "Skills", "Languages: Python, Go"),
        *("Experience", "Engineer, Acme", "2019-03 \N{EN DASH} present", "• Spark"),
    ]


@pytest.mark.parametrize("content", [PASSPORT, CANDIDATE])
def test_both_forms_of_europass_are_read(content: str, sandbox: Sandbox) -> None:
    found = sandbox.read(content.encode(), "cv.xml").text.splitlines()
    assert {"Ada Lovelace", "Data engineer, Acme", "Experience", "Skills"} <= set(found)
    assert any(line.startswith("Location: Lyon, ") for line in found)
    assert any(line.startswith("2019-03") and line.endswith("\N{EN DASH} present") for line in found)
    assert any("Spark" in line for line in found)


@pytest.mark.parametrize("name", ["cv.pdf", "cv.docx", "cv.html", "cv.json"])
def test_a_wrong_suffix_is_noted_and_the_content_read(name: str, sandbox: Sandbox) -> None:
    found = sandbox.read(b"Ada, engineer", name)
    suffix = name.removeprefix("cv")
    assert found.notes == (f"The name ends in {suffix}, but the content is text and was read as that.",)
