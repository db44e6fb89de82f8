"""Resumes written from profiles of the simulator: what is true of a person, and twelve ways to put it on paper."""

import html
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import docx
import numpy as np
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from matching.data.tables import CandidateProfile
from matching.sources.marketplace import Marketplace, MarketplaceConfig
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.texts import DUTIES

TODAY = date(2026, 5, 1)
EN_DASH = "\N{EN DASH}"
COMPANIES = (
    *(
        "Acme GmbH",
        "Northwind Traders",
        "Oracle",
        "Unity Technologies",
        "Contoso Ltd.",
        "Elastic",
        "Globex",
        "Initech AG",
    ),
    *(
        "Spark Networks",
        "Umbrella Health",
        "Hooli Inc.",
        "Express Logistics",
        "Vandelay Industries",
        "Swift Bank",
        "Soylent",
    ),
)
SURNAMES = ("Kovalenko", "Meyer", "Nowak", "Sharma", "Garcia", "Dubois", "Ruby", "Smith", "O'Neill", "Lindqvist")
LANGUAGES: dict[str, dict[str, str]] = {
    "en": {
        "summary": "Summary", "experience": "Work Experience", "education": "Education", "skills": "Skills",
        "contact": "Contact", "present": "Present", "location": "Location", "salary": "Expected salary",
        "per_year": "per year", "remote": "Work mode", "languages": "Languages",
        "degree": "BSc Computer Science", "intern": "Intern", "spoken": "English, German", "phone": "Phone",
    },
    "de": {
        "summary": "Profil", "experience": "Berufserfahrung", "education": "Ausbildung", "skills": "Kenntnisse",
        "contact": "Kontakt", "present": "heute", "location": "Wohnort", "salary": "Gehaltsvorstellung",
        "per_year": "brutto/Jahr", "remote": "Arbeitsmodell", "languages": "Sprachen",
        "degree": "B.Sc. Informatik", "intern": "Praktikant", "spoken": "Deutsch, Englisch", "phone": "Telefon",
    },
    "fr": {
        "summary": "Profil", "experience": "Expérience professionnelle", "education": "Formation",
        "skills": "Compétences", "contact": "Coordonnées", "location": "Lieu",
        "present": "aujourd\N{RIGHT SINGLE QUOTATION MARK}hui",
        "salary": "Prétentions salariales", "per_year": "brut par an", "remote": "Mode de travail",
        "languages": "Langues", "degree": "Licence Informatique", "intern": "Stagiaire",
        "spoken": "Français, Anglais", "phone": "Téléphone",
    },
    "es": {
        "summary": "Perfil", "experience": "Experiencia laboral", "education": "Formación académica",
        "skills": "Habilidades", "contact": "Contacto", "present": "actualidad", "location": "Ubicación",
        "salary": "Expectativa salarial", "per_year": "brutos al año", "remote": "Modalidad de trabajo",
        "languages": "Idiomas", "degree": "Grado en Informática", "intern": "Becario",
        "spoken": "Español, Inglés", "phone": "Teléfono",
    },
}  # fmt: skip
MODES = {
    "en": {"onsite": "on-site", "hybrid": "hybrid", "remote": "remote", "any": "flexible"},
    "de": {"onsite": "vor Ort", "hybrid": "hybrid", "remote": "remote", "any": "flexibel"},
    "fr": {"onsite": "présentiel", "hybrid": "hybride", "remote": "télétravail", "any": "flexible"},
    "es": {"onsite": "presencial", "hybrid": "híbrido", "remote": "teletrabajo", "any": "flexible"},
}
MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),  # noqa: SIM905
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),  # noqa: SIM905
    "fr": "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.".split(),  # noqa: SIM905
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),  # noqa: SIM905
}


@dataclass(frozen=True)
class Position:
    """A position: months since year 0, `end` exclusive; None for the present."""

    title: str
    company: str
    first: int
    end: int | None
    duties: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """What is true of a person.

    Attributes:
        profile: of the simulator.
        name: first and last.
        positions: the latest first.
        has_internship: whether there was one before.
        language: of headings, months and labels.
        dates: how dates are written: "name", "number", "iso" or "year".
        currency: of the expected salary.
    """

    profile: CandidateProfile
    name: str
    positions: tuple[Position, ...]
    has_internship: bool
    language: str
    dates: str
    currency: str

    @property
    def label(self) -> dict[str, str]:
        """Headings and labels."""
        return LANGUAGES[self.language]

    def period(self, first: int, end: int | None) -> str:
        """A period as this person writes it."""
        last = self.label["present"] if end is None else self._month(end - 1)
        dash = {
            "name": f" {EN_DASH} ",
            "number": " - ",
            "iso": " to " if self.language == "en" else " - ",
            "year": EN_DASH,
        }
        return f"{self._month(first)}{dash[self.dates]}{last}"

    def _month(self, month: int) -> str:
        year, number = divmod(month, 12)
        if self.dates == "year":
            return str(year)
        if self.dates == "name":
            return f"{MONTHS[self.language][number]} {year}"
        return f"{number + 1:02}/{year}" if self.dates == "number" else f"{year}-{number + 1:02}"

    @property
    def place(self) -> str:
        """City, region and country in one line."""
        return ", ".join(filter(None, (self.profile.city, self.profile.region, self.profile.country)))

    @property
    def salary(self) -> str | None:
        """The expected salary with its label."""
        amount = self.profile.expected_salary_usd_per_year
        sign = {"USD": f"${amount:,.0f}", "EUR": f"{amount:,.0f} €".replace(",", ".")}[self.currency] if amount else ""
        return f"{self.label['salary']}: {sign} {self.label['per_year']}" if amount else None

    @property
    def remote(self) -> str | None:
        """The wish for remote work with its label."""
        wish = self.profile.remote_wish
        return f"{self.label['remote']}: {MODES[self.language][wish]}" if wish else None

    @property
    def skills(self) -> list[str]:
        """Skills as the profile spells them."""
        return [skill.name for skill in self.profile.skills]

    @property
    def mail(self) -> str:
        """A made-up address."""
        return self.name.lower().replace(" ", ".").replace("'", "") + "@example.com"


def people(count: int, seed: int) -> Iterator[Person]:
    """Draw people of the marketplace."""
    config = MarketplaceConfig(n_candidates=max(count, 400), n_jobs=100, n_impressions=4_000)
    table = Marketplace(config).load(None, seed=seed, progress=lambda _: None).candidates
    rng = np.random.default_rng(seed)
    names = [name for group in words.FIRST_NAMES.values() for name in group]
    for row in table.unique("candidate_id", keep="last", maintain_order=True).head(count).iter_rows(named=True):
        profile = CandidateProfile.model_validate(
            {k: v for k, v in row.items() if k != "updated_at"} | {"last_active_at": None}
        )
        yield Person(
            profile=profile,
            name=f"{rng.choice(names)} {rng.choice(SURNAMES)}",
            positions=tuple(_positions(profile, rng)),
            has_internship=bool(rng.random() < 0.3),
            language=str(rng.choice(list(LANGUAGES))),
            dates=str(rng.choice(["name", "number", "iso", "year"], p=[0.4, 0.35, 0.15, 0.1])),
            currency=str(rng.choice(["USD", "EUR"])),
        )


def _positions(profile: CandidateProfile, rng: np.random.Generator) -> Iterator[Position]:
    """Divide the years of experience into positions that follow, overlap, or leave a gap."""
    months = max(6, round(12 * (profile.experience_years or 4.0)))
    count = int(rng.integers(1, 2 + min(3, months // 12)))
    cuts = np.sort(rng.choice(np.arange(1, months), size=count - 1, replace=False)) if count > 1 else np.array([], int)
    lengths = [max(3, int(length)) for length in np.diff([0, *cuts.tolist(), months])]
    role = next(
        (r for r in words.ROLES if any(t.lower() in profile.headline.lower() for t in r.titles)), words.ROLES[0]
    )
    end = TODAY.year * 12 + TODAY.month
    for place, length in enumerate(lengths):
        title = str(rng.choice(role.titles))
        level = str(rng.choice(["", "", "Senior ", "Junior ", "Lead "]))
        known = [skill.name for skill in profile.skills]
        used = ", ".join(str(name) for name in rng.choice(known, size=min(2, len(known)), replace=False))
        duties = (f"Worked with {used}.", str(rng.choice(DUTIES[role.group])))
        yield Position(level + title, str(rng.choice(COMPANIES)), end - length, None if place == 0 else end, duties)
        end = end - length + int(rng.choice([0, 0, 2, -4]))


Renderer = Callable[[Person], bytes]


def _contact(person: Person) -> list[str]:
    lines = [person.place, person.mail, "+49 170 5550199", "https://github.com/example"]
    return [*lines, *filter(None, (person.salary, person.remote))]


def _sections(person: Person) -> Iterator[tuple[str, list[str]]]:
    """Headings with their lines, in the usual order."""
    label = person.label
    yield label["summary"], [person.profile.resume]
    lines = []
    for position in person.positions:
        lines += [position.title, f"{position.company} | {person.period(position.first, position.end)}"]
        lines += [f"- {duty}" for duty in position.duties]
    if person.has_internship:
        first = person.positions[-1].first - 8
        lines += [label["intern"], f"Initech AG | {person.period(first, first + 3)}"]
    yield label["experience"], lines
    yield label["education"], [f"{label['degree']}, TU Example, 2008 {EN_DASH} 2012"]
    yield label["skills"], [", ".join(person.skills)]
    yield label["languages"], [label["spoken"]]


def as_text(person: Person) -> bytes:
    """Plain text."""
    lines = [person.name, person.profile.headline, " | ".join(_contact(person)[:4]), *_contact(person)[4:]]
    for heading, texts in _sections(person):
        lines += ["", heading.upper(), *texts]
    return "\n".join(lines).encode()


def as_markdown(person: Person) -> bytes:
    """Markdown."""
    lines = [f"# {person.name}", f"**{person.profile.headline}**", "", *(f"- {line}" for line in _contact(person))]
    for heading, texts in _sections(person):
        lines += ["", f"## {heading}", *texts]
    return "\n".join(lines).encode()


def as_word(person: Person) -> bytes:
    """A DOCX with headings and lists."""
    document = docx.Document()
    document.add_heading(person.name, 0)
    document.add_paragraph(person.profile.headline)
    for line in _contact(person):
        document.add_paragraph(line)
    for heading, texts in _sections(person):
        document.add_heading(heading, 1)
        for text in texts:
            document.add_paragraph(text.removeprefix("- "), style="List Bullet" if text.startswith("- ") else None)
    return _saved(document)


def as_word_sidebar(person: Person) -> bytes:
    """A DOCX whose page is a table with a dark sidebar."""
    document = docx.Document()
    left, right = document.add_table(1, 2).rows[0].cells
    left._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:fill="22334A" w:val="clear"/>'))
    sections = dict(_sections(person))
    side = (person.label["contact"], _contact(person)), (person.label["skills"], person.skills)
    for heading, texts in side:
        for text in (heading, *texts):
            left.add_paragraph().add_run(text).font.color.rgb = docx.shared.RGBColor(255, 255, 255)
    right.add_paragraph(person.name)
    right.add_paragraph(person.profile.headline)
    for heading in (person.label["summary"], person.label["experience"], person.label["education"]):
        right.add_paragraph(heading, style="Heading 1")
        for text in sections[heading]:
            right.add_paragraph(text)
    return _saved(document)


def as_word_table(person: Person) -> bytes:
    """A DOCX with personal details and positions in tables of two columns."""
    document = docx.Document()
    document.add_heading(person.name, 0)
    label = person.label
    details = [("Position", person.profile.headline), (label["location"], person.place), ("E-Mail", person.mail)]
    details += [
        (line.split(":")[0], line.split(":")[1].strip()) for line in filter(None, (person.salary, person.remote))
    ]
    _table(document, details)
    document.add_heading(label["experience"], 1)
    _table(
        document,
        [
            (person.period(one.first, one.end), "\n".join([f"{one.title}, {one.company}", *one.duties]))
            for one in person.positions
        ],
    )
    document.add_heading(label["skills"], 1)
    _table(document, [("IT", ", ".join(person.skills))])
    document.add_heading(label["summary"], 1)
    document.add_paragraph(person.profile.resume)
    return _saved(document)


def _table(document: "docx.document.Document", rows: Sequence[tuple[str, str]]) -> None:
    table = document.add_table(len(rows), 2)
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            first, *rest = text.split("\n")
            cell.text = first
            for line in rest:
                cell.add_paragraph(line)


def _saved(document: "docx.document.Document") -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def as_json(person: Person) -> bytes:
    """JSON Resume; it has no field for salary and remote work, so they are in the summary."""
    first, last = person.name.split(" ", 1)
    more = "\n".join(filter(None, (person.salary, person.remote)))
    where = person.profile
    resume = {
        "basics": {
            "name": f"{first} {last}", "label": where.headline, "email": person.mail, "url": "https://example.com",
            "summary": f"{where.resume}\n{more}",
            "location": {"city": where.city, "region": where.region, "countryCode": where.country},
        },
        "work": [
            {"name": one.company, "position": one.title, "startDate": _iso(one.first), "highlights": list(one.duties)}
            | ({"endDate": _iso(one.end - 1)} if one.end else {})
            for one in person.positions
        ],
        "education": [{"institution": "TU Example", "studyType": "BSc", "startDate": "2008", "endDate": "2012"}],
        "skills": [{"name": skill} for skill in person.skills],
    }  # fmt: skip
    return json.dumps(resume).encode()


def _iso(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02}"


def as_europass(person: Person) -> bytes:
    """Europass XML in the form since 2020."""
    where = person.profile
    jobs = "".join(
        f"<EmployerHistory><hr:OrganizationName>{html.escape(one.company)}</hr:OrganizationName><PositionHistory>"
        f"<PositionTitle>{html.escape(one.title)}</PositionTitle><eures:EmploymentPeriod><eures:StartDate>"
        f"<hr:FormattedDateTime>{_iso(one.first)}</hr:FormattedDateTime></eures:StartDate>"
        + (
            f"<eures:EndDate><hr:FormattedDateTime>{_iso(one.end - 1)}</hr:FormattedDateTime></eures:EndDate>"
            if one.end
            else "<hr:CurrentIndicator>true</hr:CurrentIndicator>"
        )
        + f"</eures:EmploymentPeriod><oa:Description>{html.escape('<p>' + '</p><p>'.join(one.duties) + '</p>')}"
        "</oa:Description></PositionHistory></EmployerHistory>"
        for one in person.positions
    )
    skills = "".join(
        f"<PersonCompetency><hr:CompetencyName>{html.escape(one)}</hr:CompetencyName></PersonCompetency>"
        for one in person.skills
    )
    first, last = person.name.split(" ", 1)
    summary = "<br>".join(filter(None, (where.headline, where.resume, person.salary, person.remote)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Candidate xmlns="http://www.europass.eu/1.0" '
        'xmlns:oa="http://www.openapplications.org/oagis/9" xmlns:hr="http://www.hr-xml.org/3" '
        'xmlns:eures="http://www.europass_eures.eu/1.0"><CandidatePerson><PersonName>'
        f"<oa:GivenName>{first}</oa:GivenName><hr:FamilyName>{html.escape(last)}</hr:FamilyName></PersonName>"
        f"<Communication><Address><oa:CityName>{where.city}</oa:CityName>"
        f"<oa:CountrySubDivisionCode>{html.escape(where.region or '')}</oa:CountrySubDivisionCode>"
        f"<CountryCode>{where.country}</CountryCode></Address></Communication></CandidatePerson><CandidateProfile>"
        f"<ExecutiveSummary>{html.escape(summary)}</ExecutiveSummary><EmploymentHistory>{jobs}</EmploymentHistory>"
        f"<PersonQualifications>{skills}</PersonQualifications></CandidateProfile></Candidate>"
    ).encode()


def as_html(person: Person) -> bytes:
    """A page of HTML."""
    return _page(_head(person) + _list(_contact(person)) + _html_sections(_sections(person)), "")


def as_sidebar(person: Person) -> bytes:
    """A page with a dark sidebar on the left."""
    return _page(_two(person, side_first=True), _SIDEBAR + ".two{grid-template-columns:32% 68%}")


def as_icons(person: Person) -> bytes:
    """A page with icons before contact details, bars for skills, and a sidebar on the right."""
    return _page(
        _two(person, side_first=False, icon="\N{BLACK RIGHT-POINTING TRIANGLE}"),
        ".two{display:grid;grid-template-columns:66% 31%;gap:18px}",
    )


def as_columns(person: Person) -> bytes:
    """A page in two equal columns under a header over its whole width."""
    head = _head(person) + "<p>" + " \N{MIDDLE DOT} ".join(map(html.escape, _contact(person)[:3])) + "</p>"
    more = _list(_contact(person)[4:])
    return _page(
        head + more + f"<div class=c>{_html_sections(_sections(person))}</div>", ".c{column-count:2;column-gap:28px}"
    )


def as_table(person: Person) -> bytes:
    """A page with dates in a column of their own."""
    label = person.label
    rows = "".join(
        f"<tr><td class=d>{person.period(one.first, one.end)}</td><td><b>{html.escape(one.title)}</b><br>"
        f"{html.escape(one.company)}{_list(one.duties)}</td></tr>"
        for one in person.positions
    )
    rest = [section for section in _sections(person) if section[0] != label["experience"]]
    body = _head(person) + _list(_contact(person)) + f"<h2>{label['experience']}</h2><table>{rows}</table>"
    return _page(body + _html_sections(rest), "td{vertical-align:top}td.d{width:150px}")


_SIDEBAR = ".two{display:grid}.side{background:#22334a;color:#fff;padding:12px}.main{padding:12px}"


def _two(person: Person, *, side_first: bool, icon: str = "") -> str:
    label, sections = person.label, dict(_sections(person))
    contact = [f"{icon} {line}" for line in _contact(person)]
    side = (
        f"<div class=side><h2>{label['contact']}</h2>{_lines(contact)}<h2>{label['skills']}</h2>{_lines(person.skills)}"
    )
    side += f"<h2>{label['languages']}</h2>{_lines([label['spoken']])}</div>"
    main = [(name, sections[name]) for name in (label["summary"], label["experience"], label["education"])]
    rest = f"<div class=main>{_head(person)}{_html_sections(main)}</div>"
    return f"<div class=two>{side + rest if side_first else rest + side}</div>"


def _head(person: Person) -> str:
    return f"<h1>{html.escape(person.name)}</h1><p class=t>{html.escape(person.profile.headline)}</p>"


def _html_sections(sections: Sequence[tuple[str, list[str]]] | Iterator[tuple[str, list[str]]]) -> str:
    parts = []
    for heading, texts in sections:
        parts.append(f"<h2>{html.escape(heading)}</h2>")
        for text in texts:
            is_item = text.startswith("- ")
            parts.append(f"<ul><li>{html.escape(text[2:])}</li></ul>" if is_item else f"<p>{html.escape(text)}</p>")
    return "".join(parts)


def _list(texts: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"


def _lines(texts: Sequence[str]) -> str:
    return "".join(f"<div>{html.escape(text)}</div>" for text in texts)


def _page(body: str, style: str) -> bytes:
    basic = "body{font:11px sans-serif}h1{font-size:22px}h2{font-size:14px}ul{margin:2px 0}p{margin:3px 0}"
    head = f"<head><meta charset=utf-8><style>{basic}{style}</style></head>"
    return f"<!doctype html><html>{head}<body>{body}</body></html>".encode()


FILES: dict[str, tuple[str, Renderer]] = {
    "plain text": ("cv.txt", as_text),
    "Markdown": ("cv.md", as_markdown),
    "JSON Resume": ("cv.json", as_json),
    "Europass XML": ("cv.xml", as_europass),
    "DOCX": ("cv.docx", as_word),
    "DOCX, sidebar": ("cv.docx", as_word_sidebar),
    "DOCX, tables": ("cv.docx", as_word_table),
    "HTML": ("cv.html", as_html),
}
"""Layouts that are files as they are, by name: the name of the file and what writes it."""

PRINTED: dict[str, Renderer] = {
    "PDF, one column": as_html,
    "PDF, sidebar": as_sidebar,
    "PDF, two columns": as_columns,
    "PDF, table": as_table,
    "PDF, icons": as_icons,
}
"""Layouts that Chromium prints to PDF."""
