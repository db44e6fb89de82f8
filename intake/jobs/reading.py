"""Reads the job posts of a feed, a page or a file: what it is decides its content, whatever its name says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intake.documents import limits
from intake.documents.kind import Kind, decoded, kind_of
from intake.documents.refusal import FileRefused
from intake.documents.sandbox import shared, shown
from intake.jobs import boards, rss, schema_org
from intake.jobs.findings import Doubt
from intake.jobs.page import json_of, read_page
from intake.jobs.plain import raw_of_text
from intake.jobs.post import Raw, ReadJob, draft
from intake.jobs.values import parsed
from matching.errors import UnreadableFile
from matching.text import pay_rates
from matching.text.pay_rates import PayRates
from matching.text.skill_vocabulary import SkillVocabulary

MAX_POSTS = 2_000
_SEND = "send JSON-LD, a page with it, a Greenhouse or Lever board, RSS, or the post as text"


@dataclass(frozen=True)
class Feed:
    """The posts of one input.

    Attributes:
        kind: what it is: "JSON-LD", "Greenhouse", "Lever", "RSS", or the kind of a document.
        jobs: the posts, in order.
        doubts: what was left out, and why.
    """

    kind: str
    jobs: tuple[ReadJob, ...]
    doubts: tuple[Doubt, ...] = ()


def job_posts(
    content: bytes,
    name: str,
    today: datetime,
    *,
    rates: PayRates | None = None,
    vocabulary: SkillVocabulary | None = None,
) -> Feed:
    """Read the posts in a file.

    >>> from datetime import UTC
    >>> text = b'{"@type": "JobPosting", "title": "Go engineer", "description": "Requirements: Docker."}'
    >>> job = job_posts(text, "post.json", datetime(2026, 5, 1, tzinfo=UTC)).jobs[0]
    >>> job.profile.title, job.profile.must_have_skills, job.found["must_have_skills"].sure
    ('Go engineer', ['go', 'docker'], 'likely')

    Args:
        content: JSON-LD, a page, the JSON of a Greenhouse or Lever board, RSS, Atom, or a document.
        name: of the file, for messages.
        today: the day on which it is read, UTC; a post that ended before is doubted.
        rates: for salaries; the built-in ones if None.
        vocabulary: known skills; the built-in ones if None.

    Raises:
        UnreadableFile: it cannot be read, or holds no post; one sentence says why and what to do.
    """
    name, rates = shown(name), rates or pay_rates.built_in()
    if len(content) > limits.MAX_FILE_BYTES:
        raise UnreadableFile(f"{name} is larger than {limits.MAX_FILE_BYTES >> 20} MiB: send it in parts.")
    doubts: list[Doubt] = []
    kind, raws = _raws(content, name, rates, doubts)
    jobs: list[ReadJob] = []
    for raw in raws:
        if len(jobs) == MAX_POSTS:
            doubts.append(Doubt("", f"Only the first {MAX_POSTS:,} posts are read."))
            break
        job = draft(raw, today, rates, vocabulary)
        if job is None:
            doubts.append(Doubt("title", f"The post at {raw.path or 'the top'} has no title and is left out."))
        else:
            jobs.append(job)
    if not jobs:
        raise UnreadableFile(f"{name} holds no job post that can be read: {_SEND}.")
    return Feed(kind, tuple(jobs), tuple(doubts))


def _raws(content: bytes, name: str, rates: PayRates, doubts: list[Doubt]) -> tuple[str, Iterator[Raw]]:
    """Return what the content is and its posts."""
    try:
        kind = kind_of(content)
        text = "" if kind in (Kind.PDF, Kind.DOCX) else decoded(content)
    except FileRefused as refused:
        raise UnreadableFile(refused.sentence(name)) from None
    if kind is Kind.JSON or text.lstrip().startswith("["):
        return _of_json(parsed(text, name), name, rates)
    if kind is Kind.XML:
        return "RSS", rss.raws(rss.items(text, name), rates)
    if kind is Kind.HTML:
        return _of_page(text, rates, doubts)
    return kind.value, iter([raw_of_text(shared().read(content, name).text, rates)])


def _of_json(content: Any, name: str, rates: PayRates) -> tuple[str, Iterator[Raw]]:
    found = list(schema_org.postings(content))
    if found:
        return "JSON-LD", (schema_org.raw_of(one, path, rates) for path, one in found)
    for kind, jobs, raw_of in (
        ("Greenhouse", boards.greenhouse_jobs, boards.raw_of_greenhouse),
        ("Lever", boards.lever_jobs, boards.raw_of_lever),
    ):
        board = list(jobs(content))
        if board:
            return kind, (raw_of(job, path, rates) for path, job in board)
    raise UnreadableFile(f"{name} is JSON, but holds no job post that is known: {_SEND}.")


def _of_page(page: str, rates: PayRates, doubts: list[Doubt]) -> tuple[str, Iterator[Raw]]:
    """Read a page by its JSON-LD; without one, by its text."""
    read = read_page(page)
    raws: list[Raw] = []
    for number, block in enumerate(read.blocks):
        content = json_of(block)
        if content is None:
            doubts.append(Doubt("", f"Block {number + 1} of JSON-LD in the page cannot be read."))
        else:
            raws += [schema_org.raw_of(one, path, rates) for path, one in schema_org.postings(content, f"ld[{number}]")]
    if raws:
        return "JSON-LD", iter(raws)
    return Kind.HTML.value, iter([raw_of_text(read.text, rates, title=read.title)])
