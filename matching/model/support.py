"""Support: how sure a probability is, from what happened to the calibration pairs that were scored like it.

The labelled rows of the slice are cut into bins of equal mass by their predicted probability. A bin holds how often a
yes came, with an interval. A prediction moves that interval by as much, in log odds, as it differs from its bin's mean
prediction: within a bin the model is taken to be off by one odds ratio. Where a bin holds too few rows, or a
prediction lies outside what the slice has seen, there is no interval: not enough data. The same holds for a pair that
leaves out more than the pairs of the slice did: its score is a guess from what little it states.
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
BINS = 20  # at most; fewer where they would hold less than twice `LEAST_ROWS`
LEAST_ROWS = 100  # labelled rows below which a bin says nothing
LEVEL = 0.95
MATCH = "match"
_SLACK = 1e-6  # a prediction is float32: the largest one seen must not be outside because of its last bit


@dataclass(frozen=True)
class Bin:
    """What happened to pairs with similar predictions.

    Attributes:
        lowest: smallest prediction in it.
        highest: largest prediction in it.
        rows: labelled rows in it.
        predicted: their mean prediction.
        yes_rate: how often they said yes, once looked at.
        low: lower end of the interval of `yes_rate`.
        high: upper end.
    """

    lowest: float
    highest: float
    rows: int
    predicted: float
    yes_rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Facts:
    """How much a pair must state to be like the pairs of the slice.

    Attributes:
        counted: columns of the features that at least `LEAST_ROWS` rows of the slice state; the others cannot have
            moved a score, so stating them makes up for nothing.
        most_missing: how many of these a pair may lack; fewer than `LEAST_ROWS` rows lacked more.
    """

    counted: tuple[int, ...] = ()
    most_missing: int = 0

    @classmethod
    def of(cls, features: Floats32) -> "Facts":
        """Count what the pairs of a slice state, shape (n, n_features)."""
        counted = np.flatnonzero((~np.isnan(features)).sum(axis=0) >= LEAST_ROWS)
        missing = np.sort(np.isnan(features[:, counted]).sum(axis=1))[::-1]
        return cls(tuple(counted.tolist()), int(missing[LEAST_ROWS - 1]) if len(missing) >= LEAST_ROWS else 0)

    def suffice(self, features: Floats32) -> Booleans:
        """Tell which pairs state enough; shapes (n, n_features) and (n,)."""
        return np.asarray(np.isnan(features[:, list(self.counted)]).sum(axis=1) <= self.most_missing)


@dataclass(frozen=True)
class Support:
    """What is known of one target.

    Attributes:
        bins: by rising prediction.
        facts: what a pair must state.
    """

    bins: tuple[Bin, ...] = ()
    facts: Facts = Facts()

    def interval(self, probability: float, features: Floats32) -> tuple[float, float] | None:
        """Return where the true rate of pairs scored like this lies; None where there is not enough data."""
        return self.intervals(np.array([probability]), features[None])[0]

    def intervals(self, probability: NDArray[np.floating[Any]], features: Floats32) -> list[tuple[float, float] | None]:
        """Return the interval of each probability, None where there is not enough data.

        Args:
            probability: calibrated predictions, shape (n,).
            features: of the same pairs, shape (n, n_features).
        """
        if not self.bins:
            return [None] * len(probability)
        p = probability.astype(np.float64)
        column = {name: np.array([getattr(one, name) for one in self.bins]) for name in Bin.__dataclass_fields__}
        place = np.maximum(np.searchsorted(column["lowest"][1:], p, side="right"), 0)
        seen = (p >= column["lowest"][0] - _SLACK) & (p <= column["highest"][-1] + _SLACK)
        known = seen & (column["rows"][place] >= LEAST_ROWS) & self.facts.suffice(features)
        shift = clipped_logit(p) - clipped_logit(column["predicted"])[place]
        ends = [expit(clipped_logit(column[name])[place] + shift) for name in ("low", "high")]
        return [(float(a), float(b)) if told else None for told, a, b in zip(known, *ends, strict=True)]

    def to_state(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Support":
        """Restore from data."""
        facts = state["facts"]
        return cls(tuple(Bin(**one) for one in state["bins"]), Facts(tuple(facts["counted"]), facts["most_missing"]))


def fit(probability: Floats, label: Floats, *, propensity: Floats, weight: Floats, facts: Facts = Facts()) -> Support:
    """Cut rows into bins and count; arrays have shape (n,).

    A yes can be seen only if the pair was looked at: the rate is the yes's over the looks that are expected. The
    interval, at `LEVEL`, is Jeffreys' (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion")
    with as many rows as would give the rate the variance it has with these propensities and weights.

    Args:
        probability: calibrated predictions.
        label: 1 yes, 0 no.
        propensity: probability that the pair was looked at.
        weight: how many rows each row stands for.
        facts: what a pair must state.
    """
    if not len(probability):
        return Support()
    order = np.argsort(probability, kind="stable")
    p, y, t, w = probability[order], label[order], propensity[order], weight[order]
    mass = np.cumsum(w * t)
    count = max(1, min(BINS, len(p) // (2 * LEAST_ROWS)))
    starts = np.unique(np.searchsorted(mass, mass[-1] * np.arange(count) / count, side="left"))
    starts = np.unique(np.searchsorted(p, p[starts], side="left"))  # equal predictions share a bin
    ends = [*starts[1:].tolist(), len(p)]
    parts = [slice(start, end) for start, end in zip(starts.tolist(), ends, strict=True)]
    return Support(tuple(_bin(p[one], y[one], t[one], w[one]) for one in parts), facts)


def fit_all(scores: Scores, rows: LabelledPairs) -> dict[str, Support]:
    """Fit the support of every target the model answers, from labelled rows and the model's own scores of them.

    Args:
        scores: answers of the model as served.
        rows: the calibration slice.
    """
    targets = {str(direction): (scores.direction(direction), rows.label(direction)) for direction in rows.directions()}
    targets[MATCH] = (scores.match, rows.match())
    facts = Facts.of(scores.features)
    fitted = {}
    for name, (probability, label) in targets.items():
        if probability is None:
            continue
        known = ~np.isnan(label)
        # A candidate who was asked has looked; a match needs the company's look, where there is a company's side.
        looked = np.ones(len(rows)) if name == "candidate" else rows.propensity
        fitted[name] = fit(
            probability[known].astype(np.float64),
            label[known],
            propensity=looked[known],
            weight=rows.weight[known],
            facts=facts,
        )
    return fitted


def write(supports: dict[str, Support], folder: Path) -> None:
    """Write `support.json` into a bundle."""
    targets = {name: support.to_state() for name, support in supports.items()}
    state = {"format": FORMAT, "level": LEVEL, "targets": targets}
    (folder / SUPPORT).write_text(json.dumps(state, indent=1), encoding="utf-8")


def read(folder: Path) -> dict[str, Support]:
    """Read `support.json` of a bundle; empty where there is none of this format: no prediction has an interval then."""
    file = folder / SUPPORT
    state = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if state.get("format") != FORMAT:
        return {}
    return {name: Support.from_state(target) for name, target in state["targets"].items()}


def _bin(p: Floats, y: Floats, t: Floats, w: Floats) -> Bin:
    looked, yes = float(np.sum(w * t)), float(np.sum(w * y))
    rate = min(yes / looked, 1.0)
    smooth = min((yes + 0.5) / (looked + 1.0), 1 - 1e-9)  # a rate of zero has a variance all the same
    variance = float(np.sum(w**2 * t * smooth * (1 - t * smooth))) / looked**2
    rows = smooth * (1 - smooth) / variance
    tail = (1 - LEVEL) / 2
    low, high = betaincinv(rate * rows + 0.5, (1 - rate) * rows + 0.5, [tail, 1 - tail])
    return Bin(
        lowest=float(p[0]),
        highest=float(p[-1]),
        rows=len(p),
        predicted=float(np.sum(w * t * p)) / looked,
        yes_rate=rate,
        low=float(low),
        high=float(high),
    )
