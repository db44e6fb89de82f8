"""Odd and deceptive profiles: nothing crashes, and every case has a defined behaviour."""

import sys
import unicodedata
from typing import Any

import numpy as np
import polars as pl
import pytest

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame, polars_schema
from matching.text.plain_text import MAX_CHARACTERS, plain
from matching.text.words import folded
from tests.matching.small_market import Trained

MAX_PLACES_GAINED = 0.10  # share of a pool that stuffing or pasting may let a candidate overtake on average
PEOPLE = 40


def scores(trained: Trained, candidates: pl.DataFrame, job: pl.DataFrame) -> np.ndarray[Any, Any]:
    rows = np.arange(candidates.height)
    features = trained.model.transform(Pairs(candidates, job, rows, np.zeros_like(rows)))
    return trained.model.score_features(features).match


def people_and_job(trained: Trained, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    candidates = trained.dataset.candidates.select(polars_schema(CandidateProfile).names())
    jobs = trained.dataset.jobs.select(polars_schema(JobProfile).names())
    demanding = jobs.filter(
        (pl.col("must_have_skills").list.len() >= 3) & (pl.col("description").str.len_chars() > 100)
    )
    return candidates.head(300), demanding[number : number + 1]


def changed(person: dict[str, Any], **values: Any) -> pl.DataFrame:
    return frame(CandidateProfile, [person | values])


def places_gained(trained: Trained, change: Any) -> float:
    """Mean share of a pool that a candidate overtakes with a change, over candidates and jobs."""
    gained = []
    for number in range(4):
        candidates, job = people_and_job(trained, number)
        base = scores(trained, candidates, job)
        for row in range(0, PEOPLE * 7, 7):
            person = candidates[row].to_dicts()[0]
            after = scores(trained, change(person, job.to_dicts()[0]), job)[0]
            gained.append(np.mean(base < after) - np.mean(base < base[row]))
    return float(np.mean(gained))


@pytest.mark.parametrize(
    "resume",
    [
        "",
        "   \n\t ",
        "x" * 100_000,
        "Python " * 14_000,
        "Опытный разработчик на Python и PostgreSQL, работаю удалённо.",
        "経験豊富なバックエンドエンジニアです。",
        "🚀 Python 🐍 developer 💯",
        "\u202emoc.elpmaxe\u202c Python \u200b\u200c\u200d",
        "مطور Python محترف",
        "\x00\x07 Python",
    ],
    ids=[
        "empty",
        "blank",
        "one long word",
        "100 kB",
        "russian",
        "japanese",
        "emoji",
        "direction marks",
        "arabic",
        "nul",
    ],
)
def test_any_resume_gets_a_probability(trained: Trained, resume: str) -> None:
    candidates, job = people_and_job(trained, 0)
    score = scores(trained, changed(candidates[0].to_dicts()[0], resume=resume, headline=resume[:500]), job)
    assert np.isfinite(score).all()
    assert ((score > 0) & (score < 1)).all()


def test_an_unknown_skill_does_not_lower_the_coverage(trained: Trained) -> None:
    candidates, job = people_and_job(trained, 1)
    person = candidates[0].to_dicts()[0]
    more = [*person["skills"], {"name": "Zorblax 9000", "years": 2.0}]
    names = trained.model.features.feature_names
    both = pl.concat([changed(person), changed(person, skills=more)])
    rows = np.arange(2)
    features = trained.model.transform(Pairs(both, job, rows, np.zeros_like(rows)))
    covered = features[:, names.index("must_have_coverage")]
    assert covered[0] == covered[1]


def test_invisible_characters_and_wide_letters_change_nothing() -> None:
    assert plain("Ku\u200bber\u00adnetes") == "Kubernetes"
    assert plain("\uff30\uff59\uff54\uff48\uff4f\uff4e") == "Python"
    assert plain("\u202eRust\u202c") == "Rust"
    assert plain("Ku\U000e0001ber\ufe0fne\U000e0100tes") == "Kubernetes"
    assert plain("Київ  \n Львів") == "Київ Львів"


def test_every_format_character_of_unicode_is_invisible() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]
    assert [f"U+{ord(one):04X}" for one in characters if plain(f"a{one}b") != "ab"] == []
    assert folded(pl.Series([f"a{one}b" for one in characters])).unique().to_list() == ["ab"]


def test_a_text_that_grows_by_normalisation_is_cut_off() -> None:
    assert len(plain("\ufdfa" * 100_000)) <= MAX_CHARACTERS
    assert len(plain("é" * 100_000)) == 100_000, "the longest valid resume is read whole"


def test_a_list_stuffed_with_every_skill_gains_little(trained: Trained) -> None:
    features = trained.model.features
    every = sorted(features.vocabularies.skills.by_name)

    def stuffed(person: dict[str, Any], _: dict[str, Any]) -> pl.DataFrame:
        return changed(person, skills=[{"name": name, "years": None} for name in [*every, *_made_up(200)][:200]])

    assert places_gained(trained, stuffed) < MAX_PLACES_GAINED


def test_a_resume_stuffed_with_every_skill_gains_little(trained: Trained) -> None:
    every = sorted(trained.model.features.vocabularies.skills.by_name)

    def stuffed(person: dict[str, Any], _: dict[str, Any]) -> pl.DataFrame:
        return changed(person, resume=person["resume"] + " " + ", ".join([*every, *_made_up(200)]) * 3)

    assert places_gained(trained, stuffed) < MAX_PLACES_GAINED


def test_a_pasted_job_post_gains_little(trained: Trained) -> None:
    def pasted(person: dict[str, Any], job: dict[str, Any]) -> pl.DataFrame:
        post = f"{job['title']} {job['description']} {' '.join(job['must_have_skills'] + job['nice_to_have_skills'])}"
        return changed(person, resume=f"{person['resume']}\n{post}\n{post}")

    assert places_gained(trained, pasted) < MAX_PLACES_GAINED


def test_a_short_job_post_pasted_whole_does_not_count(trained: Trained) -> None:
    features = trained.model.features
    counts = features.encode_jobs(trained.dataset.jobs).numbers["term_count"]
    post = trained.dataset.jobs[[int(np.argmin(np.abs(counts - 45)))]]
    assert features.encode_jobs(post).numbers["term_count"][0] < 60
    text, column = f"{post['title'][0]}. {post['description'][0]}", features.feature_names.index("text_similarity")
    for resume, is_pasted in ((text, True), (text[: len(text) // 4], False)):
        person = frame(CandidateProfile, [{"candidate_id": "c", "headline": "Barista", "skills": [], "resume": resume}])
        one = np.zeros(1, np.int64)
        assert np.isnan(features.transform(Pairs(person, post, one, one))[0, column]) == is_pasted


def _made_up(count: int) -> list[str]:
    return [f"skill number {number}" for number in range(count)]
