"""The comparison of policies, with a real model on a small marketplace: table, picture and figures agree."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from home.settings import Settings
from matching.data.splits import split
from matching.errors import InputError
from matching.problems.estimators import Trees
from matching.problems.problem import Problem
from matching.sources.marketplace import Marketplace, MarketplaceConfig
from matching.training import fit
from serving.release.release import Release
from tandem.commands.market import MODEL, Plan, compare

pytestmark = pytest.mark.slow

SMALL = Marketplace(MarketplaceConfig(n_candidates=900, n_jobs=220, n_impressions=30_000))
PLAN = Plan(weeks=2, repeats=4, list_length=10, answers_per_week=1, max_exposure=None, crowding=4)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bundle"
    dataset = SMALL.load(None, seed=7, progress=lambda _: None)
    parts = split(dataset, maturity=timedelta(days=14), seed=7)
    problem = Problem(source=SMALL, estimator=Trees(max_iter=40, max_bins=63, min_samples_leaf=30))
    fitted = fit.fit(parts.train, parts.calibration, seed=7, problem=problem)
    check = fitted.transform(parts.holdout.pairs.take(np.arange(10)))
    fit.write(fitted, folder, source="marketplace", facts={}, check=check)
    return folder


@pytest.fixture
def champion(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry whose champion is the small model: the registry itself is tested in its own room."""

    @contextmanager
    def fetched(_settings: Settings, _model: Any) -> Iterator[Release]:
        yield Release("tandem-marketplace", "1", bundle, None, None, "")

    monkeypatch.setattr("tandem.releases.champion", lambda _settings: None)
    monkeypatch.setattr("tandem.releases.fetched", fetched)
    monkeypatch.setattr("matching.sources.marketplace.SOURCE", SMALL)


@pytest.mark.usefixtures("champion")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # matplotlib's, of its own dependencies
def test_policies_are_compared_in_both_markets(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(Settings(home=own_home), PLAN)
    printed = capsys.readouterr().out
    figures = json.loads((own_home / "market" / "market.json").read_text())
    assert figures["plan"]["repeats"] == 4
    assert (own_home / "market" / "market.png").read_bytes().startswith(b"\x89PNG")
    assert len(figures["markets"]) == 2
    for name, results in figures["markets"].items():
        assert name in printed
        by_policy = {one["policy"]: one for one in results}
        assert by_policy[MODEL]["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
        assert by_policy["popularity"]["matches"]["mean"] < by_policy[MODEL]["matches"]["mean"]
        assert by_policy["model, no limit"]["lost"] == 0
        for one in results:
            shown = f"{one['matches']['mean']:.1f}±{one['matches']['high'] - one['matches']['mean']:.1f}"
            assert re.search(rf"^{re.escape(one['policy'])} +{shown} ", printed, re.MULTILINE)
    crowded = [name for name in figures["markets"] if name.startswith("Crowded, one candidate in 4")]
    assert "lists of 10, 1 answer a week" in crowded[0]


def test_only_the_marketplace_can_be_simulated(own_home: Path) -> None:
    with pytest.raises(InputError, match="simulated marketplace only, not on job_board"):
        compare(Settings(home=own_home, source="job_board"), PLAN)
    assert not own_home.exists()
