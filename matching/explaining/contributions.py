"""Contributions: what each group of features adds to a score, exactly, on the scale of the score.

The contributions are Shapley values of feature groups (Lundberg and Lee 2017, "A unified approach to interpreting model
predictions"; groups as players: Owen 1977) with an interventional background. The value of a set of groups is the mean
score of the background rows after the pair's features in these groups replace theirs. The serving graph scores all 2^G
sets of G groups. Nothing is sampled or approximated, so the base plus all contributions is the score.

A direction is explained in log odds. The match is a product, so it is explained in the log of its probability.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logit

from matching.arrays import Booleans, Floats, Floats32, Integers
from matching.data.scores import FeatureScorer
from matching.model.match_model import MatchModel

Groups = Mapping[str, tuple[str, ...]]

BACKGROUND = "background.json"
BACKGROUND_ROWS = 8
MOST_GROUPS = 12  # 2^12 sets of 8 rows each are 32,768 rows to score
EDGE = 1e-7
MATCH = "match"
_SAMPLED = 2_000


@dataclass(frozen=True)
class Background:
    """The feature rows that contributions are measured against.

    Attributes:
        rows: feature values, shape (n_rows, n_features).
        weight: share of the calibration split that each row represents, shape (n_rows,).
    """

    rows: Floats32
    weight: Floats

    def to_state(self) -> dict[str, Any]:
        """Return the rows as JSON data; a missing value is null."""
        rows = [[None if np.isnan(value) else value for value in row] for row in self.rows.tolist()]
        return {"rows": rows, "weight": self.weight.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Background":
        """Restore a background from JSON data."""
        rows = [[np.nan if value is None else value for value in row] for row in state["rows"]]
        return cls(np.array(rows, dtype=np.float32), np.array(state["weight"], dtype=np.float64))


@dataclass(frozen=True)
class Contributions:
    """How one score comes about.

    Attributes:
        target: `company`, `candidate` or `match`.
        scale: `log odds` of a direction, `log` of the match.
        base: mean score of the background on this scale.
        groups: what each group adds to the base, by name.
        score: the pair's score on this scale: the base plus all contributions.
        probability: the pair's score as a probability.
    """

    target: str
    scale: str
    base: float
    groups: dict[str, float]
    score: float
    probability: float


def choose_background(features: Floats32, *, seed: int, count: int = BACKGROUND_ROWS) -> Background:
    """Choose a few representative rows: the ones nearest to the centres of k-means clusters.

    Values are rounded to two digits, so that a row is a point of reference and no longer the data of one person.

    Args:
        features: rows of the calibration split, shape (n, n_features).
        seed: seed of the sample and of the clusters.
        count: largest number of rows.
    """
    from sklearn.cluster import KMeans

    generator = np.random.default_rng(seed)
    sampled = features[np.sort(generator.choice(len(features), min(_SAMPLED, len(features)), replace=False))]
    points = _standardised(sampled)
    distinct = len(np.unique(points, axis=0))
    clusters = KMeans(min(count, distinct), n_init=4, random_state=seed).fit(points)
    nearest = clusters.transform(points).argmin(axis=0)
    share = np.bincount(clusters.labels_, minlength=len(nearest)) / len(points)
    return Background(_two_digits(sampled[nearest]), share)


def write_background(background: Background, feature_names: tuple[str, ...], folder: Path) -> None:
    """Write `background.json` into a bundle; it holds numbers only."""
    state = {"feature_names": list(feature_names), **background.to_state()}
    (folder / BACKGROUND).write_text(json.dumps(state), encoding="utf-8")


def read_background(folder: Path, feature_names: tuple[str, ...]) -> Background | None:
    """Read `background.json` of a bundle; None if it is missing or has other features."""
    file = folder / BACKGROUND
    if not file.is_file():
        return None
    state = json.loads(file.read_text(encoding="utf-8"))
    return Background.from_state(state) if tuple(state["feature_names"]) == feature_names else None


class Explainer:
    """Explains the scores of one model.

    Args:
        scorer: the model.
        background: rows that a pair is compared with.
        feature_names: names of the columns of the feature matrix.
        groups: names of the features in each group; features in no group form the group `other`.

    Raises:
        ValueError: a feature is in two groups, or there are more than `MOST_GROUPS` groups.

    >>> model = Matcher(bundle).model
    >>> background = read_background(bundle, model.feature_names)
    >>> explainer = Explainer(model, background, model.feature_names, model.groups)
    >>> company, candidate, match = explainer.explain(background.rows[0])
    >>> match.scale, bool(np.isclose(match.base + sum(match.groups.values()), match.score))
    ('log', True)
    """

    def __init__(
        self, scorer: FeatureScorer, background: Background, feature_names: tuple[str, ...], groups: Groups
    ) -> None:
        self._scorer = scorer
        self._background = background
        self.columns = _columns(feature_names, groups)
        if len(self.columns) > MOST_GROUPS:
            raise ValueError(f"{len(self.columns)} groups of features are too many: at most {MOST_GROUPS}")

    @classmethod
    def load(cls, model: MatchModel, folder: Path) -> "Explainer | None":
        """Read what explains the model of a bundle; None without a background, or with too many groups."""
        background = read_background(folder, model.feature_names)
        if background is None or len(_columns(model.feature_names, model.groups)) > MOST_GROUPS:
            return None
        return cls(model, background, model.feature_names, model.groups)

    def explain(self, features: Floats32) -> tuple[Contributions, ...]:
        """Explain the scores of one pair: each direction of the model, and the match.

        Args:
            features: feature values of the pair, as the model uses them, shape (n_features,).
        """
        active = [name for name, columns in self.columns.items() if self._differs(features, columns)]
        sets, weights = _shapley(len(active))
        values = self._values(features, [self.columns[name] for name in active], sets)
        found = []
        for target, (value, probability) in values.items():
            added = dict.fromkeys(self.columns, 0.0) | dict(zip(active, (weights @ value).tolist(), strict=True))
            scale = "log" if target == MATCH else "log odds"
            found.append(Contributions(target, scale, float(value[0]), added, float(value[-1]), probability))
        return tuple(found)

    def _differs(self, features: Floats32, columns: Integers) -> bool:
        """Whether a group can matter: one with the same values as every background row adds exactly nothing."""
        mine, theirs = features[columns], self._background.rows[:, columns]
        return not bool(np.all((mine == theirs) | (np.isnan(mine) & np.isnan(theirs))))

    def _values(self, features: Floats32, groups: list[Integers], sets: Booleans) -> dict[str, tuple[Floats, float]]:
        """For each target, the value of every set of groups, shape (n_sets,), and the pair's probability."""
        rows, weight = self._background.rows, self._background.weight / self._background.weight.sum()
        taken = np.zeros((len(sets), len(features)), dtype=bool)
        for place, columns in enumerate(groups):
            taken[:, columns] = sets[:, place, None]
        mixed = np.where(taken[:, None, :], features, rows[None, :, :]).reshape(-1, len(features))
        # The last row is the pair itself, so that the score and its explanation come from one run.
        scores = self._scorer.score_features(np.vstack([mixed, features[None, :]]).astype(np.float32))
        answers = {"company": scores.company, "candidate": scores.candidate, MATCH: scores.match}
        found = {}
        for target, probability in answers.items():
            if probability is None:
                continue
            p = probability.astype(np.float64)
            scaled = np.log(np.maximum(p, EDGE)) if target == MATCH else logit(np.clip(p, EDGE, 1 - EDGE))
            value = scaled[:-1].reshape(len(sets), len(rows)) @ weight
            value[-1] = scaled[-1]
            found[target] = (value, float(p[-1]))
        return found


@cache
def _shapley(players: int) -> tuple[Booleans, Floats]:
    """Return all sets of players, shape (2^n, n), from the empty to the full one, and their weights, shape (n, 2^n).

    For player i, the set of S and i has weight |S|! (n - |S| - 1)! / n!, and S alone has minus that weight.
    """
    sets = (np.arange(2**players)[:, None] >> np.arange(players)) & 1 == 1
    size = sets.sum(axis=1)
    joined = [factorial(s - 1) * factorial(players - s) / factorial(players) if s else 0.0 for s in size.tolist()]
    left = [
        factorial(s) * factorial(players - s - 1) / factorial(players) if s < players else 0.0 for s in size.tolist()
    ]
    return sets, np.where(sets, np.array(joined)[:, None], -np.array(left)[:, None]).T


def _columns(feature_names: tuple[str, ...], groups: Groups) -> dict[str, Integers]:
    """Columns of each group of the model; features in no group become `other`."""
    grouped = [name for names in groups.values() for name in names]
    if len(grouped) != len(set(grouped)):
        raise ValueError("a feature is in two groups")
    place = {name: column for column, name in enumerate(feature_names)}
    rest = tuple(name for name in feature_names if name not in set(grouped))
    found = {name: [place[one] for one in names if one in place] for name, names in {**groups, "other": rest}.items()}
    return {name: np.array(members, dtype=np.int64) for name, members in found.items() if members}


def _standardised(rows: Floats32) -> Floats:
    """Columns of mean 0 and variance 1, missing values at the mean, followed by columns that mark what is missing."""
    values = rows.astype(np.float64)
    missing = np.isnan(values)
    values = np.where(missing, 0.0, values)
    known = np.maximum((~missing).sum(axis=0), 1)
    mean = values.sum(axis=0) / known
    centred = np.where(missing, 0.0, values - mean)
    spread = np.sqrt((centred**2).sum(axis=0) / known)
    return np.hstack([centred / np.where(spread > 0, spread, 1.0), missing.astype(np.float64)])


def _two_digits(rows: Floats32) -> Floats32:
    values = rows.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.where(values == 0, 1.0, 10.0 ** (np.floor(np.log10(np.abs(values))) - 1))
    return np.asarray(np.round(values / unit) * unit, dtype=np.float32)
