"""A model with a transformer encoder: what is logged of it, and what its image contains."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.features.embeddings import EMBEDDING_NAMES
from matching.features.transformer import TransformerEncoder
from matching.model.match_model import MatchModel
from serving.release import bento
from store.windows import window
from tests.matching.encoders import write_tiny_encoder
from tests.serving.calling import Client
from tests.serving.conftest import MODEL_NAME, candidate_rows, job_rows, load, write_bundle


@pytest.fixture(scope="module")
def embedded_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("embedded")
    return write_bundle(home, TransformerEncoder.load(write_tiny_encoder(home / "tiny")))


def test_the_log_holds_the_features(embedded_bundle: Path, tmp_path: Path) -> None:
    candidates, jobs = candidate_rows(6, seed=3), job_rows(6, seed=4)
    pairs = [{"candidate": person, "job": job} for person, job in zip(candidates, jobs, strict=True)]
    client = Client(load(embedded_bundle, tmp_path))
    answer = client.match(*pairs)
    assert answer.status_code == 200, answer.text
    client.served.log.flush()
    logged = window(client.served.engine, model_name=MODEL_NAME, maturity=timedelta(days=14)).sort("candidate_id")
    client.served.close()
    rows = np.arange(6)
    people, posts = frame(CandidateProfile, candidates), frame(JobProfile, jobs)
    model = MatchModel.load(embedded_bundle)
    scores = model.score(Pairs(people, posts, rows, rows))
    assert logged["candidate_id"].to_list() == people["candidate_id"].to_list()
    np.testing.assert_array_equal(logged.select(model.feature_names).to_numpy(), scores.features)
    assert len(set(logged.select(EMBEDDING_NAMES).iter_rows())) > 3
    assert logged["match_probability"].to_numpy() == pytest.approx(scores.match)


@pytest.mark.parametrize("has_encoder", [True, False])
def test_the_image_gets_the_tokenizer_only_if_the_model_needs_it(
    embedded_bundle: Path, bundle: Path, has_encoder: bool
) -> None:
    lines = bento._requirements(embedded_bundle if has_encoder else bundle).splitlines()
    names = {line.split("==")[0] for line in lines if "==" in line and not line.startswith(" ")}
    assert ("tokenizers" in names) == has_encoder
    assert not {"torch", "transformers", "sentence-transformers", "huggingface-hub"} & names
