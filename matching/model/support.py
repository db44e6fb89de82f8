"""Support: how certain a probability is, from the outcomes of calibration pairs with similar predictions.

The labelled rows of the calibration split are cut into bins of equal mass by their prediction. Each bin has an observed
rate of yes, with an interval. The interval of a prediction is that of its bin, shifted in log odds by the difference
between the prediction and the bin's mean prediction: within a bin, the model is assumed to be off by one odds ratio.

There is no interval ("not enough data") if the bin holds too few rows, if the prediction is outside the range of the
split, or if the pair lacks more features than the pairs of the split did: its score is then little more than a guess.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit

from matching.arrays import Booleans, Floats, Floats32
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.model.calibration import clipped_logit

SUPPORT = "support.json"
FORMAT = 2
BINS = 20  # at most; fewer if they would hold less than twice `MIN_ROWS`
MIN_ROWS = 100  # labelled rows that a bin needs for an interval
LEVEL = 0.95
MATCH = "match"
_SLACK = 1e-6  # predictions are float32: the largest one must not be outside the range because of its last bit


@dataclass(frozen=True)
class Bin:
    """The outcomes of pairs with similar predictions.

    Attributes:
        lowest: smallest prediction.
        highest: largest prediction.
        rows: number of labelled rows.
        predicted: mean prediction.
        yes_rate: observed rate of yes among examined pairs.
        low: lower end of the interval of `yes_rate`.
        high: upper end of the interval of `yes_rate`.
    """

    lowest: float
    highest: float
    rows: int
    predicted: float
    yes_rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Completeness:
    """How many features a pair needs to resemble the pairs of the calibration split.

    >>> completeness = Completeness(counted=(0, 1, 2), most_missing=1)
    >>> completeness.suffices(np.array([[1, 1, np.nan], [1, np.nan, np.nan]], np.float32)).tolist()
    [True, False]

    Attributes:
        counted: columns of the features that at least `MIN_ROWS` rows of the split have. The others did not influence
            the scores, so having them makes up for nothing.
        most_missing: number of these features that a pair may lack; fewer than `MIN_ROWS` rows lacked more.
    """

    counted: tuple[int, ...] = ()
    most_missing: int = 0

    @classmethod
    def of(cls, features: Floats32) -> "Completeness":
        """Count the missing features of the pairs of a split, shape (n, n_features)."""
        counted = np.flatnonzero((~np.isnan(features)).sum(axis=0) >= MIN_ROWS)
        missing = np.sort(np.isnan(features[:, counted]).sum(axis=1))[::-1]
        return cls(tuple(counted.tolist()), int(missing[MIN_ROWS - 1]) if len(missing) >= MIN_ROWS else 0)

    def suffices(self, features: Floats32) -> Booleans:
        """Whether each pair has enough features; shapes (n, n_features) and (n,)."""
        return np.asarray(np.isnan(features[:, list(self.counted)]).sum(axis=1) <= self.most_missing)


@dataclass(frozen=True)
class Support:
    """The support of one target: `company`, `candidate` or `match`.

    >>> generator, ones, no_features = np.random.default_rng(1), np.ones(4_000), np.empty(0, np.float32)
    >>> probability = generator.uniform(0.1, 0.6, 4_000)
    >>> label = (generator.random(4_000) < probability).astype(np.float64)
    >>> support = fit(probability, label, propensity=ones, weight=ones)
    >>> np.round(support.interval(0.3, no_features), 2).tolist()
    [0.2, 0.32]
    >>> support.interval(0.9, no_features) is None
    True

    Attributes:
        bins: in ascending order of their predictions.
        completeness: how many features a pair needs.
    """

    bins: tuple[Bin, ...] = ()
    completeness: Completeness = Completeness()

    def interval(self, probability: float, features: Floats32) -> tuple[float, float] | None:
        """Return the interval of the true rate of pairs with this prediction; None without enough data."""
        return self.intervals(np.array([probability]), features[None])[0]

    def intervals(self, probability: NDArray[np.floating[Any]], features: Floats32) -> list[tuple[float, float] | None]:
        """Return the interval of each probability; None without enough data.

        Args:
            probability: calibrated predictions, shape (n,).
            features: features of the same pairs, shape (n, n_features).
        """
        if not self.bins:
            return [None] * len(probability)
        p = probability.astype(np.float64)
        column = {name: np.array([getattr(part, name) for part in self.bins]) for name in Bin.__dataclass_fields__}
        place = np.maximum(np.searchsorted(column["lowest"][1:], p, side="right"), 0)
        in_range = (p >= column["lowest"][0] - _SLACK) & (p <= column["highest"][-1] + _SLACK)
        known = in_range & (column["rows"][place] >= MIN_ROWS) & self.completeness.suffices(features)
        shift = clipped_logit(p) - clipped_logit(column["predicted"])[place]
        ends = [expit(clipped_logit(column[name])[place] + shift) for name in ("low", "high")]
        return [
            (float(low), float(high)) if is_known else None for is_known, low, high in zip(known, *ends, strict=True)
        ]

    def to_state(self) -> dict[str, Any]:
        """Return the support as data for JSON."""
        return {"bins": [asdict(part) for part in self.bins], "facts": asdict(self.completeness)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Support":
        """Restore the support from data."""
        needed = Completeness(tuple(state["facts"]["counted"]), state["facts"]["most_missing"])
        return cls(tuple(Bin(**part) for part in state["bins"]), needed)


def fit(
    probability: Floats,
    label: Floats,
    *,
    propensity: Floats,
    weight: Floats,
    completeness: Completeness = Completeness(),
) -> Support:
    """Cut labelled rows into bins, and estimate the rate of yes in each; arrays have shape (n,).

    A yes can be observed only if the pair was examined: the rate is the number of yeses divided by the expected number
    of examined pairs. The interval, at `LEVEL`, is Jeffreys' (Brown, Cai and DasGupta 2001, "Interval estimation for a
    binomial proportion"), for the number of rows that gives the rate its variance under these propensities and weights.

    Args:
        probability: calibrated predictions.
        label: 1 for a yes, 0 for a no.
        propensity: probability that the pair was examined.
        weight: number of rows that each row stands for.
        completeness: how many features a pair needs.
    """
    if not len(probability):
        return Support()
    order = np.argsort(probability, kind="stable")
    p, y, t, w = probability[order], label[order], propensity[order], weight[order]
    mass = np.cumsum(w * t)
    count = max(1, min(BINS, len(p) // (2 * MIN_ROWS)))
    starts = np.unique(np.searchsorted(mass, mass[-1] * np.arange(count) / count, side="left"))
    starts = np.unique(np.searchsorted(p, p[starts], side="left"))  # equal predictions share a bin
    ends = [*starts[1:].tolist(), len(p)]
    parts = [slice(start, end) for start, end in zip(starts.tolist(), ends, strict=True)]
    return Support(tuple(_bin(p[part], y[part], t[part], w[part]) for part in parts), completeness)


def fit_all(scores: Scores, rows: LabelledPairs) -> dict[str, Support]:
    """Fit the support of every target that the model scores.

    Args:
        scores: the model's scores of `rows`, as in service.
        rows: labelled pairs of the calibration split.

    Returns:
        Support by target.
    """
    targets = {str(direction): (scores.direction(direction), rows.label(direction)) for direction in rows.directions()}
    targets[MATCH] = (scores.match, rows.match())
    completeness = Completeness.of(scores.features)
    fitted = {}
    for name, (probability, label) in targets.items():
        if probability is None:
            continue
        known = ~np.isnan(label)
        # A candidate examines every outreach; a match also needs the company to examine the pair.
        examined = np.ones(len(rows)) if name == "candidate" else rows.propensity
        fitted[name] = fit(
            probability[known].astype(np.float64),
            label[known],
            propensity=examined[known],
            weight=rows.weight[known],
            completeness=completeness,
        )
    return fitted


def write(supports: dict[str, Support], folder: Path) -> None:
    """Write `support.json` into a bundle."""
    targets = {name: support.to_state() for name, support in supports.items()}
    state = {"format": FORMAT, "level": LEVEL, "targets": targets}
    (folder / SUPPORT).write_text(json.dumps(state, indent=1), encoding="utf-8")


def read(folder: Path) -> dict[str, Support]:
    """Read `support.json` of a bundle; empty if it has none of this format, so that no prediction has an interval."""
    file = folder / SUPPORT
    state = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if state.get("format") != FORMAT:
        return {}
    return {name: Support.from_state(target) for name, target in state["targets"].items()}


def _bin(p: Floats, y: Floats, t: Floats, w: Floats) -> Bin:
    examined, yes = float(np.sum(w * t)), float(np.sum(w * y))
    rate = min(yes / examined, 1.0)
    smooth = min((yes + 0.5) / (examined + 1.0), 1 - 1e-9)  # a rate of zero has a variance, too
    variance = float(np.sum(w**2 * t * smooth * (1 - t * smooth))) / examined**2
    rows = smooth * (1 - smooth) / variance
    tail = (1 - LEVEL) / 2
    low, high = betaincinv(rate * rows + 0.5, (1 - rate) * rows + 0.5, [tail, 1 - tail])
    return Bin(
        lowest=float(p[0]),
        highest=float(p[-1]),
        rows=len(p),
        predicted=float(np.sum(w * t * p)) / examined,
        yes_rate=rate,
        low=float(low),
        high=float(high),
    )
