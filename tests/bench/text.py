"""Measure how real text is understood: python -m tests.bench.text

Prints each figure beside its target and, where there is one, beside a plain peer of the same run. The model is that of
the default marketplace, seed 7, trained here (20 s). Rows of public data need TANDEM_REALDATA.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from matching.arrays import Floats
from matching.data.dataset import Dataset, Pairs
from matching.data.splits import split
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.problems import load_problem
from matching.text import skills
from matching.text.sentence import Sentence
from matching.text.skill_vocabulary import MAX_WORDS, built_in
from matching.training.fit import FittedModel, fit
from tandem.console import table

SEED = 7
TRIPLES = 500
# Trades by sector: title, and the skills that a post or a resume names.
TRADES = {
    "software": {
        "Java engineer": "Java, Spring Boot, Hibernate, PostgreSQL, Kafka, Maven",
        "PHP engineer": "PHP, Laravel, Symfony, MySQL, Redis, PHPUnit",
        "Data scientist": "Python, Pandas, Scikit-learn, TensorFlow, statistics, SQL",
        "Frontend developer": "TypeScript, React, Redux, CSS, Webpack, Jest",
        "DevOps engineer": "Kubernetes, Terraform, Ansible, Prometheus, AWS, Linux",
        "iOS developer": "Swift, Objective-C, Xcode, SwiftUI, iOS, Firebase",
        ".NET developer": "C#, .NET, SQL Server, Azure, Entity Framework, Blazor",
        "Go developer": "Go, gRPC, Docker, Redis, Kafka, PostgreSQL",
        "Test engineer": "Selenium, Cypress, manual testing, JMeter, Postman, Jira",
        "Game developer": "C++, Unity, Unreal Engine, OpenGL, Blender, C#",
    },
    "care": {
        "Nurse": "patient care, wound care, triage, medication administration, basic life support",
        "Physiotherapist": "physiotherapy, manual therapy, nutrition, first aid, patient care",
        "Dental assistant": "dental hygiene, dental assistance, radiography, first aid",
        "Midwife": "midwifery, obstetrics, patient care, phlebotomy",
        "Caregiver": "elderly care, medication administration, first aid, nutrition",
    },
    "kitchen": {
        "Pastry chef": "patisserie, chocolate work, laminated dough, sourdough, food safety",
        "Bartender": "mixology, cash handling, table service, inventory management",
        "Restaurant manager": "restaurant management, catering, cash handling, budgeting, food safety",
        "Barista": "espresso, latte art, cash handling, customer service",
    },
    "craft": {
        "Electrician": "electrical wiring, PLC programming, health and safety, low voltage",
        "Welder": "MIG welding, TIG welding, CNC machining, quality inspection",
        "Carpenter": "carpentry, joinery, roofing, health and safety",
        "Truck driver": "long haul, forklift, loading and unloading, order picking",
    },
    "office": {
        "Accountant": "bookkeeping, IFRS, payroll, tax returns, accounts payable, SAP",
        "Recruiter": "talent acquisition, human resources, payroll, negotiation",
        "Online marketer": "SEO, Google Ads, content marketing, Google Analytics, copywriting",
        "Lawyer": "contract law, litigation, legal research, compliance",
    },
}
POSTS = (
    "We are looking for a {title}. You work with {some} every day. You also know {rest}. We offer a fair salary.",
    "Join us as {title}!\n\nYour profile:\n- experience with {some}\n- {rest}\n\nWe offer fruit and a bus ticket.",
    "{title} wanted. Requirements: {some}. Nice to have: {rest}. Our office is near the station.",
    "As {title} you are good at {some}. Experience with {rest} is required.",
)
RESUMES = (
    "{title} with {years} years of experience. I work with {some}, and also with {rest}.",
    "Experienced {title}. Skills: {some}, {rest}. {years} years in the trade.",
    "For {years} years I have worked as {title}. My daily work needs experience with {some}. I also use {rest}.",
)
LOOKALIKES = ("Maria Swift", "12 Ruby Street, Spring", "C. Jenkins", "Dr. Rust", "Julia Scala", "Go Lane 7")
PLAIN_NAMES = (
    "Maria Lopez",
    "12 Elmhurst Street, Tomball",
    "K. Brownlow",
    "Dr. Rohde",
    "Nadia Petrosyan",
    "Uphill Lane 7",
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    measured: str
    target: str
    beside: str = ""


def main() -> None:
    """Measure everything and print the table."""
    dataset, model = _trained()
    rows = [*_skillspan(), *_triples(model), _lists_and_text(dataset, model), _names(dataset, model)]
    table(None, ["figure", "measured", "target", "beside it"], [[*astuple(row)] for row in rows], numbers_from=4)


def _trained() -> tuple[Dataset, FittedModel]:
    problem = load_problem("marketplace")
    dataset = problem.source.load(None, seed=SEED, progress=lambda _: None)
    parts = split(dataset, maturity=timedelta(days=14), seed=SEED)
    return dataset, fit(parts.train, parts.calibration, seed=SEED, problem=problem)


def _match(model: FittedModel, candidates: pl.DataFrame, jobs: pl.DataFrame, pairs: tuple[Any, Any]) -> Floats:
    rows, columns = (np.asarray(side, dtype=np.int64) for side in pairs)
    return np.asarray(model.score_features(model.transform(Pairs(candidates, jobs, rows, columns))).match, np.float64)


def _triples(model: FittedModel) -> Iterator[Row]:
    """Posts and resumes with skills in sentences alone: the right person, one of the same sector, one of another."""
    rng = np.random.default_rng(SEED)
    sectors = {title: sector for sector, trades in TRADES.items() for title in trades}
    titles = list(sectors)
    jobs, people = [], []
    for number in range(TRIPLES):
        right = titles[rng.integers(len(titles))]
        near = rng.choice([one for one in titles if sectors[one] == sectors[right] and one != right])
        far = rng.choice([one for one in titles if sectors[one] != sectors[right]])
        jobs.append({"job_id": f"j{number}", "title": right, "description": _written(POSTS, right, rng)})
        for kind, title in (("right", right), ("near", str(near)), ("far", str(far))):
            words = _written(RESUMES, title, rng)
            people.append({"candidate_id": f"{kind}{number}", "headline": title, "resume": words, "skills": []})
    rows = np.arange(3 * TRIPLES)
    match = _match(model, frame(CandidateProfile, people), frame(JobProfile, jobs), (rows, rows // 3)).reshape(-1, 3)
    right, others = match[:, 0], match[:, 1:].max(axis=1)
    yield Row(
        f"{TRIPLES} triples: the right person first", f"{np.mean(right > others):.1%}", ">= 98 %", "33 % by chance"
    )
    yield Row("  all three in order", f"{np.mean((right > match[:, 1]) & (match[:, 1] > match[:, 2])):.1%}", "")
    yield Row("  at least 5 times the best wrong one", f"{np.mean(right >= 5 * others):.1%}", "all")
    times = np.quantile(right / others, [0.5, 0.05])
    yield Row("  times the best wrong one: median, 5th percentile", "{:.1f}, {:.1f}".format(*times), "5")


def _written(templates: Sequence[str], title: str, rng: np.random.Generator) -> str:
    known = next(trades[title] for trades in TRADES.values() if title in trades).split(", ")
    order = [known[place] for place in rng.permutation(len(known))]
    half = len(order) // 2 + 1
    words = {"some": _list(order[:half]), "rest": _list(order[half:]), "years": str(rng.integers(3, 12))}
    return str(rng.choice(templates)).format(title=title, **words)


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _lists_and_text(dataset: Dataset, model: FittedModel) -> Row:
    """The same posts and people with lists, and with the lists written as sentences."""
    people = dataset.candidates.unique("candidate_id", keep="last", maintain_order=True).head(200)
    posts = dataset.jobs.unique("job_id", keep="last", maintain_order=True)
    posts = posts.filter(pl.col("must_have_skills").list.len() > 0).head(40)
    asked = [pl.col(name).list.join(", ") for name in ("must_have_skills", "nice_to_have_skills")]
    said = pl.format("{}\nRequirements: {}.\nNice to have: {}.", "description", *asked)
    empty = pl.lit([], dtype=pl.List(pl.String))
    written = posts.with_columns(description=said, must_have_skills=empty, nice_to_have_skills=empty)
    names = pl.col("skills").list.eval(pl.element().struct.field("name")).list.join(", ")
    told = people.with_columns(
        resume=pl.format("{}\nSkills: {}.", "resume", names), skills=pl.lit([], dtype=people.schema["skills"])
    )
    pairs = np.repeat(np.arange(people.height), posts.height), np.tile(np.arange(posts.height), people.height)
    lists, text = (
        _match(model, *sides, pairs).reshape(people.height, posts.height)
        for sides in ((people, posts), (told, written))
    )
    found = [float(spearmanr(lists[:, place], text[:, place]).statistic) for place in range(posts.height)]
    low = np.quantile(found, 0.1)
    measured = f"{np.mean(found):.3f} ({low:.3f} at the 10th percentile)"
    return Row("lists or text only: rank correlation, pool of 200", measured, ">= .9")


def _names(dataset: Dataset, model: FittedModel) -> Row:
    """Resumes with a plain header, and with one of names, streets and initials that look like skills."""
    people = dataset.candidates.unique("candidate_id", keep="last", maintain_order=True).head(1_000)
    posts = dataset.jobs.unique("job_id", keep="last", maintain_order=True).head(200)
    rows = np.arange(people.height)
    plain, alike = (
        _match(model, _with_header(people, names), posts, (rows, rows % posts.height))
        for names in (PLAIN_NAMES, LOOKALIKES)
    )
    changed = np.abs(plain - alike)
    return Row(
        "1,000 resumes, names that look like skills: largest change",
        f"{changed.max():.2g} ({(changed > 0).sum()})",
        "0",
    )


def _with_header(people: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    headers = [f"{names[place % len(names)]}\n{names[(place + 1) % len(names)]}\n" for place in range(people.height)]
    return people.with_columns(resume=pl.Series(headers) + people["resume"])


def _skillspan() -> Iterator[Row]:
    """Knowledge spans of SkillSpan (Zhang et al., NAACL 2022), tech, dev; the peer takes every spelling for a skill."""
    folder = os.environ.get("TANDEM_REALDATA")
    if folder is None:
        return
    sentences = list(_sentences(Path(folder) / "skillspan" / "skillspan_tech_dev.conll"))
    read, plain = ([_spans(words, peer=peer) for words, _ in sentences] for peer in (False, True))
    truth = [spans for _, spans in sentences]
    for name, is_exact, target in (("exact", True, ".50"), ("overlapping", False, ".65")):
        ours, theirs = (_f1(found, truth, is_exact=is_exact) for found in (read, plain))
        beside = "names alone: precision {:.2f}, recall {:.2f}, F1 {:.3f}".format(*theirs)
        shown = "precision {:.2f}, recall {:.2f}, F1 {:.3f}".format(*ours)
        yield Row(f"SkillSpan tech dev, knowledge, {name}", shown, f"F1 >= {target}", beside)


Spans = set[tuple[int, int]]


def _sentences(file: Path) -> Iterator[tuple[list[str], Spans]]:
    for block in file.read_text(encoding="utf-8").split("\n\n"):
        lines = [line.split("\t") for line in block.splitlines() if line.strip()]
        if lines:
            yield [line[0] for line in lines], _tagged([line[2] for line in lines])


def _tagged(tags: list[str]) -> Spans:
    starts = [place for place, tag in enumerate(tags) if tag.startswith("B")]
    ends = [next((at for at in range(start + 1, len(tags)) if tags[at][0] != "I"), len(tags)) for start in starts]
    return set(zip(starts, ends, strict=True))


def _spans(words: list[str], *, peer: bool) -> Spans:
    """Words of each mention in a sentence that is given as words."""
    text, ends = " ".join(words), np.cumsum([len(word) + 1 for word in words])
    found = _spellings(text) if peer else [(one.start, one.end) for one in skills.read(text)]
    places = [np.searchsorted(ends, [start, end - 1], "right") for start, end in found]
    return {(int(first), int(last) + 1) for first, last in places}


def _spellings(text: str) -> Iterator[tuple[int, int]]:
    sentence, place = Sentence.of(text), 0
    while place < len(sentence.words):
        match = built_in().match(sentence.words, place, sentence.joined(place, MAX_WORDS), sentence.slashed)
        length = match[0] if match else 1
        if match:
            yield sentence.words[place].start, sentence.words[place + length - 1].end
        place += length


def _f1(found: list[Spans], truth: list[Spans], *, is_exact: bool) -> tuple[float, float, float]:
    def hits(these: Spans, those: Spans) -> int:
        if is_exact:
            return len(these & those)
        return sum(any(start < end and first < last for first, end in those) for start, last in these)

    precision = sum(map(hits, found, truth)) / max(sum(map(len, found)), 1)
    recall = sum(map(hits, truth, found)) / max(sum(map(len, truth)), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


if __name__ == "__main__":
    main()
