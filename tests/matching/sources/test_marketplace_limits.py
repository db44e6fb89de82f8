"""Hard limits of candidates hold in the searches, in the outcomes and in the truth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from matching.data.dataset import Dataset, Pairs
from matching.data.labels import labelled_pairs
from matching.data.tables import Direction
from matching.data.validation import broken_rules
from matching.errors import InputError
from matching.rules import hard_limits
from matching.sources.marketplace import Marketplace, MarketplaceConfig
from matching.sources.marketplace.truth import MarketplaceTruth

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CONFIG = MarketplaceConfig(n_candidates=900, n_jobs=200, n_impressions=20_000, limit_share=0.3)
LIMIT_COLUMNS = ("min_salary_usd_per_year", "work_countries", "would_relocate", "block_words")


def load(config: MarketplaceConfig) -> Dataset:
    return Marketplace(config).load(None, seed=5, progress=lambda _: None)


@pytest.fixture(scope="module")
def limited() -> Dataset:
    return load(CONFIG)


def random_pairs(dataset: Dataset, n: int = 4_000) -> Pairs:
    generator = np.random.default_rng(1)
    rows = (generator.integers(0, table.height, n) for table in (dataset.candidates, dataset.jobs))
    return Pairs(dataset.candidates, dataset.jobs, *rows)


def test_limits_are_valid_and_change_no_other_value(limited: Dataset) -> None:
    assert broken_rules(limited, now=NOW).is_empty()
    free = load(replace(CONFIG, limit_share=0.0))
    assert limited.candidates.drop(LIMIT_COLUMNS).equals(free.candidates.drop(LIMIT_COLUMNS))
    assert limited.jobs.equals(free.jobs)
    assert free.candidates["min_salary_usd_per_year"].null_count() == free.candidates.height
    shares = limited.candidates.select(
        pl.col("min_salary_usd_per_year").is_not_null().mean(),
        pl.col("work_countries").list.len().gt(0).mean(),
        pl.col("would_relocate").is_not_null().mean(),
        pl.col("block_words").list.len().gt(0).mean(),
    ).row(0)
    assert all(0.15 < share < 0.36 for share in shares), shares


def test_the_truth_of_a_ruled_out_pair_is_a_no_and_of_any_other_unchanged(limited: Dataset) -> None:
    pairs = random_pairs(limited)
    plain = limited.candidates.with_columns(
        *(pl.lit(None, limited.candidates.schema[name]).alias(name) for name in LIMIT_COLUMNS)
    )
    without = Pairs(plain, limited.jobs, pairs.candidate_rows, pairs.job_rows)
    kept = hard_limits.eligible(pairs)
    assert 0.3 < kept.mean() < 0.9
    truth = MarketplaceTruth(5)
    for probability in (truth.probability, truth.best_achievable):
        candidate = probability(Direction.CANDIDATE, pairs)
        assert (candidate[~kept] == 0).all()
        np.testing.assert_array_equal(candidate[kept], probability(Direction.CANDIDATE, without)[kept])
        np.testing.assert_array_equal(probability(Direction.COMPANY, pairs), probability(Direction.COMPANY, without))
        assert (probability(Direction.CANDIDATE, without)[~kept] > 0).all()


def test_no_search_shows_what_a_limit_rules_out(limited: Dataset) -> None:
    end = limited.events["time"].max()
    shown = labelled_pairs(limited, since=None, until=end, maturity=timedelta(0), seed=1)  # type: ignore[arg-type]
    kept = hard_limits.eligible(shown.pairs)
    assert len(shown) > 10_000
    # A search uses the profiles of Monday; an edit later in the week may break a limit.
    assert (~kept).mean() < 0.005
    assert not (shown.candidate[~kept] == 1).any()


def test_a_share_is_a_probability() -> None:
    with pytest.raises(InputError, match="limit_share must be from 0 to 1"):
        MarketplaceConfig(limit_share=1.5)
