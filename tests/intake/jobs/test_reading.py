"""Job posts of feeds, pages and files: what is read, from where, how surely, and what is doubted or refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from intake.jobs.findings import Place
from intake.jobs.post import ReadJob
from intake.jobs.reading import Feed, job_posts
from matching.errors import UnreadableFile
from matching.text import pay_rates

TODAY = datetime(2026, 5, 1, tzinfo=UTC)
POSTING: dict[str, Any] = {
    "@context": "https://schema.org/",
    "@type": "JobPosting",
    "title": "Senior Java developer",
    "description": "<p>We build maps.</p><h3>Requirements</h3><ul><li>Java</li><li>PostgreSQL</li></ul>"
    "<p>Nice to have: Kotlin.</p><p>We offer: courses on Rust.</p>",
    "identifier": {"@type": "PropertyValue", "name": "Acme", "value": "4711"},
    "datePosted": "2026-04-20",
    "validThrough": "2026-06-30T00:00",
    "hiringOrganization": {"@type": "Organization", "name": "Acme", "numberOfEmployees": {"value": 120}},
    "jobLocation": {
        "@type": "Place",
        "address": {
            "@type": "PostalAddress",
            "addressLocality": "Berlin",
            "addressRegion": "BE",
            "addressCountry": {"@type": "Country", "name": "DE"},
        },
    },
    "baseSalary": {
        "@type": "MonetaryAmount",
        "currency": "EUR",
        "value": {"@type": "QuantitativeValue", "minValue": 70_000, "maxValue": 90_000, "unitText": "YEAR"},
    },
    "experienceRequirements": {"@type": "OccupationalExperienceRequirements", "monthsOfExperience": 60},
    "industry": "Software",
}


def feed(content: Any, name: str = "feed.json") -> Feed:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return job_posts(data, name, TODAY)


def only(content: Any, name: str = "feed.json") -> ReadJob:
    (job,) = feed(content, name).jobs
    return job


def doubts(job: ReadJob) -> dict[str, str]:
    return {one.field: one.why for one in job.doubts}


def salary(job: ReadJob) -> tuple[float | None, float | None]:
    return job.profile.min_salary_usd_per_year, job.profile.max_salary_usd_per_year


def test_a_job_posting_is_read_with_places() -> None:
    job = only(POSTING)
    profile = job.profile
    assert (profile.job_id, profile.title, profile.company) == ("4711", "Senior Java developer", "Acme")
    assert (profile.city, profile.region, profile.country) == ("Berlin", "BE", "DE")
    assert (profile.company_size, profile.industry) == ("51-200", "Software")
    assert (profile.must_have_skills, profile.nice_to_have_skills) == (["java", "postgresql"], ["kotlin"])
    assert profile.min_experience_years == 5
    assert profile.posted_at == datetime(2026, 4, 20, tzinfo=UTC)
    assert job.valid_through == datetime(2026, 6, 30, tzinfo=UTC)
    assert salary(job) == (round(70_000 * 1.1172, 2), round(90_000 * 1.1172, 2))
    assert job.rates == pay_rates.built_in()
    assert job.found["min_salary_usd_per_year"].places == (Place("baseSalary"),)
    assert job.found["country"].sure == "stated"
    assert job.doubts == ()


def test_places_of_skills_are_characters_of_the_description() -> None:
    job = only(POSTING)
    for name, found in job.skills.items():
        for place in found.places:
            assert job.profile.description[place.start : place.end].casefold() == name
    assert job.skills["kotlin"].sure == "stated"


@pytest.mark.parametrize(
    "wrapped",
    [
        [POSTING],
        {"@context": "https://schema.org", "@graph": [{"@type": "Organization", "name": "Acme"}, POSTING]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": POSTING}]},
        POSTING | {"@type": ["JobPosting", "Thing"]},
        POSTING | {"@type": "http://schema.org/JobPosting"},
    ],
)
def test_a_job_posting_is_found_wherever_it_is(wrapped: Any) -> None:
    assert only(wrapped).profile.job_id == "4711"


def test_several_postings_of_a_page_are_read() -> None:
    block = json.dumps(POSTING)
    second = json.dumps(POSTING | {"title": "Go engineer", "identifier": "2"})[:-1] + ",}"
    page = (
        f"<html><head><script type='application/ld+json'>{block}</script>"
        f'<script type="application/ld+json">\n<!-- {second} -->\n</script>'
        "<script type='application/ld+json'>{broken</script><script>var x = {};</script></head><body>Hi</body></html>"
    )
    found = feed(page.encode(), "page.html")
    assert [job.profile.title for job in found.jobs] == ["Senior Java developer", "Go engineer"]
    assert [one.why for one in found.doubts] == ["Block 3 of JSON-LD in the page cannot be read."]
    assert found.jobs[0].found["company"].places == (Place("ld[0].hiringOrganization"),)


@pytest.mark.parametrize(
    ("base", "band"),
    [
        ({"currency": "USD", "value": {"value": 60, "unitText": "HOUR"}}, (124_800, 124_800)),
        (
            {"currency": "USD", "value": {"minValue": "60,000", "maxValue": "80.000", "unitText": "YEAR"}},
            (60_000, 80_000),
        ),
        ({"currency": "USD", "value": {"minValue": 5_000, "unitText": "MONTH"}}, (60_000, None)),
        ({"currency": "USD", "value": "60000-80000", "unitText": "YEAR"}, (60_000, 80_000)),
        ({"currency": "USD", "value": 70_000}, (70_000, 70_000)),
        ({"@type": "PriceSpecification", "priceCurrency": "USD", "minPrice": 6e4, "maxPrice": 7e4}, (60_000, 70_000)),
        ("$60k - $80k per year", (60_000, 80_000)),
        (
            [{"currency": "USD", "value": {"minValue": 90_000, "maxValue": 60_000, "unitText": "YEAR"}}],
            (60_000, 90_000),
        ),
        ({"currency": "USD", "value": {"minValue": 0, "maxValue": 0, "unitText": "YEAR"}}, (None, None)),
        ("Competitive", (None, None)),
    ],
)
def test_salaries_in_their_many_forms(base: Any, band: tuple[float | None, float | None]) -> None:
    job = only(POSTING | {"baseSalary": base})
    assert salary(job) == band
    assert "min_salary_usd_per_year" not in doubts(job)


@pytest.mark.parametrize(
    ("base", "why"),
    [
        ({"currency": "EUR", "value": {"value": 5_000, "unitText": "YEAR"}}, "The salary looks like a monthly amount."),
        ({"currency": "EUR", "value": {"value": 40, "unitText": "YEAR"}}, "The salary looks like an hourly amount."),
        ({"currency": "EUR", "value": {"value": 60_000, "unitText": "HOUR"}}, "The salary cannot be one per year."),
        ({"currency": "EUR", "value": {"value": 5_000}}, "The salary does not say per what time."),
        ({"value": {"value": 60_000, "unitText": "YEAR"}}, "The salary has no currency."),
        ({"currency": "XTS", "value": 60_000}, "The salary is in a currency without a rate."),
        ("€4,000 net per month", "The salary is net; the profile has gross ones."),
    ],
)
def test_a_salary_in_doubt_stays_empty(base: Any, why: str) -> None:
    job = only(POSTING | {"baseSalary": base})
    assert salary(job) == (None, None)
    assert doubts(job)["min_salary_usd_per_year"] == why


def test_a_salary_in_the_text_is_read_where_no_field_has_one() -> None:
    text = POSTING["description"] + "<p>The base salary is $120,000 - $150,000 per year.</p>"
    job = only({**POSTING, "description": text, "baseSalary": None})
    assert salary(job) == (120_000, 150_000)
    place = job.found["max_salary_usd_per_year"].places[0]
    assert job.profile.description[place.start : place.end] == "$120,000 - $150,000 per year"


def test_of_several_places_only_what_they_share_is_kept() -> None:
    places = [{"address": {"addressLocality": city, "addressCountry": "DE"}} for city in ("Berlin", "Bonn")]
    job = only(POSTING | {"jobLocation": places})
    assert (job.profile.city, job.profile.country) == (None, "DE")
    assert doubts(job)["city"] == "The post names 2 places of work, and a profile has one city."


def test_remote_work_and_where_applicants_may_be() -> None:
    remote = {name: value for name, value in POSTING.items() if name != "jobLocation"} | {
        "jobLocationType": "TELECOMMUTE",
        "applicantLocationRequirements": {"@type": "Country", "name": "USA"},
    }
    job = only(remote)
    assert (job.profile.remote_policy, job.profile.country) == ("remote", "USA")
    assert job.found["country"].sure == "likely"
    several = only(remote | {"applicantLocationRequirements": [{"name": "USA"}, {"name": "Canada"}]})
    assert several.profile.country is None
    assert "country" in doubts(several)


def test_lists_of_skills_and_stated_experience_win_over_the_text() -> None:
    job = only(POSTING | {"skills": "Scala; Spark, SQL", "experienceRequirements": "At least 3 years of experience"})
    assert job.profile.must_have_skills == ["Scala", "Spark", "SQL"]
    assert job.profile.min_experience_years == 3
    assert job.found["must_have_skills"].places == (Place("skills"),)
    number = only(POSTING | {"experienceRequirements": 24})
    assert number.profile.min_experience_years is None
    assert "may be months or years" in doubts(number)["min_experience_years"]


def test_parts_with_fields_of_their_own_join_the_description() -> None:
    job = only(POSTING | {"qualifications": "You know Docker.", "jobBenefits": "Courses on Terraform."})
    assert "docker" in job.profile.must_have_skills
    assert "terraform" not in [*job.profile.must_have_skills, *job.profile.nice_to_have_skills]


def test_an_ended_post_and_a_seniority_without_years_are_doubts() -> None:
    job = only(POSTING | {"validThrough": "2026-01-01", "experienceRequirements": None})
    assert doubts(job) == {
        "posted_at": "The post has ended.",
        "min_experience_years": "No years are stated; the seniority usually stands for about 6.",
    }


def test_a_greenhouse_board_is_read() -> None:
    content = "&lt;h3&gt;Requirements&lt;/h3&gt;&lt;ul&gt;&lt;li&gt;Java &amp;amp; Docker&lt;/li&gt;&lt;/ul&gt;"
    job = {
        "id": 127817,
        "title": "Java engineer",
        "updated_at": "2026-04-14T10:55:28-05:00",
        "first_published": "2026-04-10T10:00:00-05:00",
        "location": {"name": "Austin, Texas, United States"},
        "absolute_url": "https://example.com",
        "company_name": "Acme",
        "content": content,
        "pay_input_ranges": [
            {"min_cents": 9_000_000, "max_cents": 12_000_000, "currency_type": "USD", "title": "Annual"}
        ],
    }
    found = feed({"jobs": [job], "meta": {"total": 1}})
    profile = found.jobs[0].profile
    assert found.kind == "Greenhouse"
    assert (profile.job_id, profile.company, profile.city, profile.country) == (
        "127817",
        "Acme",
        "Austin",
        "United States",
    )
    assert profile.must_have_skills == ["java", "docker"]
    assert profile.posted_at == datetime(2026, 4, 10, 15, tzinfo=UTC)
    assert salary(found.jobs[0]) == (90_000, 120_000)
    assert only(job).profile.job_id == "127817"


def test_a_lever_board_is_read() -> None:
    job = {
        "id": "5ac21346",
        "text": "Backend engineer",
        "categories": {"location": "Berlin", "allLocations": ["Berlin, Germany", "Bonn, Germany"], "team": "Core"},
        "createdAt": 1_776_000_000_000,
        "description": "<div>We build maps.</div>",
        "lists": [
            {"text": "What you bring", "content": "<li>5+ years of Python</li>"},
            {"text": "Nice to have", "content": "<li>Kubernetes</li>"},
        ],
        "additional": "<div>We offer courses on Rust.</div>",
        "workplaceType": "hybrid",
        "salaryRange": {"currency": "EUR", "interval": "per-year-salary", "min": 70_000, "max": 90_000},
        "hostedUrl": "https://example.com",
    }
    found = feed([job])
    profile = found.jobs[0].profile
    assert (found.kind, profile.job_id, profile.remote_policy) == ("Lever", "5ac21346", "hybrid")
    assert (profile.must_have_skills, profile.nice_to_have_skills) == (["python"], ["kubernetes"])
    assert (profile.min_experience_years, profile.city, profile.country) == (5, None, "Germany")
    assert salary(found.jobs[0]) == (round(70_000 * 1.1172, 2), round(90_000 * 1.1172, 2))


RSS = b"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Jobs</title>
<item><title>Go engineer at Acme</title><guid>g1</guid><pubDate>Mon, 20 Apr 2026 09:00:00 +0200</pubDate>
<description>Short</description><content:encoded><![CDATA[<p>Requirements: Docker.</p>]]></content:encoded>
<region>Remote</region><salary>$90k - $110k per year</salary></item>
<item><description>No title</description></item></channel></rss>"""


def test_rss_is_read() -> None:
    found = feed(RSS, "feed.xml")
    profile = found.jobs[0].profile
    assert (found.kind, profile.job_id, profile.title, profile.company) == ("RSS", "g1", "Go engineer", "Acme")
    assert profile.posted_at == datetime(2026, 4, 20, 7, tzinfo=UTC)
    assert (profile.remote_policy, profile.must_have_skills) == ("remote", ["go", "docker"])
    assert salary(found.jobs[0]) == (90_000, 110_000)
    assert [one.why for one in found.doubts] == ["The post at item[1] has no title and is left out."]


def test_atom_is_read() -> None:
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Nurse</title><link href="https://a.b/1"/>'
        b"<updated>2026-04-20T09:00:00Z</updated><summary>Night shifts.</summary></entry></feed>"
    )
    job = only(b'<?xml version="1.0"?>' + atom, "atom.xml")
    assert (job.profile.title, job.profile.job_id) == ("Nurse", "https://a.b/1")


def test_plain_text_and_pages_without_data_are_read() -> None:
    text = (
        b"Senior Go engineer\nCompany: Acme\nLocation: Lyon, France\nSalary: 60-70k EUR a year\nRequirements\n- Docker"
    )
    job = only(text, "post.txt")
    assert (job.profile.title, job.profile.company, job.profile.city) == ("Senior Go engineer", "Acme", "Lyon")
    assert salary(job) == (round(60_000 * 1.1172, 2), round(70_000 * 1.1172, 2))
    assert doubts(job)["title"] == "The title is the first line of the text."
    page = b"<body><nav>Home</nav><h1>Go engineer</h1><p>Location: Lyon, France</p><p>Docker required.</p></body>"
    job = only(page, "post.html")
    assert (job.profile.title, job.profile.country) == ("Go engineer", "France")
    assert job.profile.must_have_skills == ["go", "docker"]


WRONG = [
    None,
    7,
    -1.5,
    True,
    "",
    "x" * 200_000,
    [],
    [[]],
    {},
    {"name": {"name": 1}},
    [None],
    float("inf"),
    "\u0000\ud83d",
]


@pytest.mark.parametrize(
    "field", [*POSTING, "skills", "jobLocationType", "applicantLocationRequirements", "salaryCurrency"]
)
def test_wrong_types_are_left_out(field: str) -> None:
    for wrong in WRONG:
        posting = [POSTING | {field: wrong}, POSTING | {"title": "Another"}]
        assert feed(posting).jobs[-1].profile.title == "Another"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "feed.json is empty"),
        (b"[" * 200_000, "contains lists inside lists without end"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "contains lists inside lists without end"),
        (b'{"@type": "JobPosting", "title": ', "is damaged: its JSON cannot be read"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "is damaged: its JSON cannot be read"),
        (b'{"jobs": []}', "is JSON, but holds no job post that is known"),
        (b'{"@type": "JobPosting"}', "holds no job post that can be read"),
        (b'[{"text": [7], "categories": null}]', "holds no job post that can be read"),
        (b"%PDF-1.7 broken", "feed.json"),
        (b"\x89PNG\r\n", "is a picture"),
        (b"<?xml version='1.0'?><rss><channel><item>", "is damaged in line 1"),
        (
            b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><rss>&b;</rss>",
            "declares a document type",
        ),
        (b"<?xml version='1.0'?>" + b"<a>" * 10_000, "contains elements inside elements without end"),
        (b" " * (11 << 20), "is larger than 10 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",
)
def test_hostile_input_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence) as refused:
        feed(content)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("part", ["<div>", "<a ", "<a href='", "<!--", "<![", "<script>", "</", "&#", "<svg ", "<"])
def test_a_page_of_many_tags_is_read(part: str) -> None:
    page = f"<html><body><h1>Go engineer</h1><p>Docker required.</p>{part * 100_000}".encode()
    assert only(page, "page.html").profile.must_have_skills == ["go", "docker"]


def test_own_rates_convert_the_salary() -> None:
    own = pay_rates.read(pay_rates.BUILT_IN_FILE)
    job = job_posts(json.dumps(POSTING).encode(), "post.json", TODAY, rates=own).jobs[0]
    assert job.rates is own
