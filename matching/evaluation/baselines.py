"""What a model must beat: popularity, hand-written rules, and text similarity."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.arrays import Floats, Floats32
from matching.data.dataset import Pairs
from matching.data.labels import LabelledPairs
from matching.data.tables import Direction
from matching.features.name_rows import count, name_rows
from matching.features.pair_features import CHUNK
from matching.features.tfidf import row_dots
from matching.model.calibration import Sigmoid, fit_sigmoid

PRIOR_EXAMINED = 20.0  # examined pairs at the mean rate that are added to every count


class Baseline(Protocol):
    """Scores pairs in one direction, on any scale; a higher score means a more likely yes."""

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:
        """Return scores of shape (n_pairs,)."""
        ...


@dataclass(frozen=True)
class Popularity:
    """The smoothed rate of yes that a candidate got from companies, and a job from candidates.

    >>> popularity = Popularity(rates={Direction.COMPANY: {"ada": 0.4}}, prior={Direction.COMPANY: 0.1})
    >>> candidates, jobs = pl.DataFrame({"candidate_id": ["ada", "bob"]}), pl.DataFrame({"job_id": ["backend"]})
    >>> pairs = Pairs(candidates, jobs, np.array([0, 1]), np.array([0, 0]))
    >>> popularity(Direction.COMPANY, pairs, features=np.empty((2, 0), np.float32)).tolist()
    [0.4, 0.1]

    Attributes:
        rates: by direction, and by candidate or job.
        prior: mean rate by direction, for a candidate or job that was never shown.
    """

    rates: dict[Direction, dict[str, float]]
    prior: dict[Direction, float]

    @classmethod
    def fit(cls, train: LabelledPairs) -> "Popularity":
        """Count on the train split only."""
        rates: dict[Direction, dict[str, float]] = {}
        prior: dict[Direction, float] = {}
        for direction in train.directions():
            label, examined = train.label(direction), train.label_propensity(direction)
            known = ~np.isnan(label)
            ids, codes = np.unique(_rated(direction, train.pairs)[known], return_inverse=True)
            mean = float(label[known].sum() / examined[known].sum())
            yes = np.bincount(codes, label[known]) + PRIOR_EXAMINED * mean
            rates[direction] = dict(
                zip(ids.tolist(), (yes / (np.bincount(codes, examined[known]) + PRIOR_EXAMINED)).tolist(), strict=True)
            )
            prior[direction] = mean
        return cls(rates, prior)

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:  # noqa: ARG002
        """Return the rate of the candidate (direction `company`) or of the job (direction `candidate`)."""
        rate = self.rates[direction]
        return np.array([rate.get(name, self.prior[direction]) for name in _rated(direction, pairs)])


@dataclass(frozen=True)
class Rules:
    """A checklist: skills, experience, salary and place for companies; salary, place and wishes for candidates.

    Skills are compared as they are written: the rules know neither spellings nor rarity.

    Attributes:
        feature_names: columns of the feature matrix; they must include `USES`.
    """

    feature_names: tuple[str, ...]

    USES: ClassVar = (
        "experience_below_years",
        "headline_title_similarity",
        "salary_headroom_log",
        "same_city",
        "job_remote_policy",
        "remote_gap",
        "wish_stack_share",
        "wish_company_size",
        "wish_industry",
        "wish_title_similarity",
    )

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:
        """Return the points on the checklist."""

        def value(name: str, missing: float = 0.5) -> Floats:
            return np.nan_to_num(features[:, self.feature_names.index(name)].astype(np.float64), nan=missing)

        affordable = (value("salary_headroom_log", 0.0) >= 0).astype(np.float64)
        near = np.maximum(value("same_city", 0.0), value("job_remote_policy", 0.0) == 2)
        if direction is Direction.COMPANY:
            experience = (value("experience_below_years", 0.0) == 0).astype(np.float64)
            covered = 2 * _covered(pairs, "must_have_skills") + _covered(pairs, "nice_to_have_skills")
            return np.asarray(covered + experience + affordable + near + value("headline_title_similarity", 0.0))
        wanted = (value("remote_gap", 0.0) == 0).astype(np.float64)
        wishes = value("wish_stack_share") + value("wish_company_size") + value("wish_industry")
        return np.asarray(2 * affordable + wanted + near + value("wish_title_similarity", 0.0) + wishes)


def _covered(pairs: Pairs, column: str) -> Floats:
    """Share of the job's skills in `column` that the candidate lists by the same name; a half if there are none."""
    candidates, candidate = np.unique(pairs.candidate_rows, return_inverse=True)
    jobs, job = np.unique(pairs.job_rows, return_inverse=True)
    listed = name_rows([[skill["name"] for skill in row] for row in pairs.candidates["skills"].gather(candidates)])
    wanted = name_rows(pairs.jobs[column].gather(jobs).to_list())
    met, size = np.empty(len(pairs)), count(wanted)[job]
    for start in range(0, len(pairs), CHUNK):
        part = slice(start, start + CHUNK)
        met[part] = row_dots(listed[candidate[part]], wanted[job[part]])
    return np.where(size > 0, met / np.maximum(size, 1), 0.5)


@dataclass(frozen=True)
class TextSimilarity:
    """The TF-IDF similarity of resume and job text.

    Attributes:
        feature_names: columns of the feature matrix; they must include `USES`.
    """

    feature_names: tuple[str, ...]

    USES: ClassVar = ("text_similarity",)

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:  # noqa: ARG002
        """Return the similarity; 0 where it is missing."""
        column = features[:, self.feature_names.index("text_similarity")]
        return np.nan_to_num(column.astype(np.float64), nan=0.0)


@dataclass(frozen=True)
class CalibratedBaseline:
    """A baseline whose scores are calibrated on the calibration split, as the model's are.

    Attributes:
        score: the baseline.
        centre: mean score by direction.
        spread: standard deviation of the scores by direction.
        sigmoid: calibration by direction.
    """

    score: Baseline
    centre: dict[Direction, float]
    spread: dict[Direction, float]
    sigmoid: dict[Direction, Sigmoid]

    @classmethod
    def fit(cls, score: Baseline, rows: LabelledPairs, features: Floats32) -> "CalibratedBaseline":
        """Calibrate each labelled direction."""
        fitted = cls(score, {}, {}, {})
        for direction in rows.directions():
            known = ~np.isnan(rows.label(direction))
            raw = score(direction, rows.pairs.take(known), features[known])
            fitted.centre[direction], fitted.spread[direction] = float(raw.mean()), float(raw.std()) or 1.0
            fitted.sigmoid[direction] = fit_sigmoid(
                fitted._squashed(direction, raw),
                rows.label(direction)[known],
                propensity=rows.label_propensity(direction)[known],
                weight=rows.weight[known],
            )
        return fitted

    def probability(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:
        """Return calibrated probabilities of shape (n_pairs,)."""
        raw = self.score(direction, pairs, features)
        return self.sigmoid[direction].apply(self._squashed(direction, raw))

    def _squashed(self, direction: Direction, raw: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(raw - self.centre[direction]) / self.spread[direction])))


def fit_baselines(
    train: LabelledPairs, calibration: LabelledPairs, features: Floats32, feature_names: tuple[str, ...]
) -> dict[str, CalibratedBaseline]:
    """Fit every baseline whose features the model has, on the same splits as the model.

    Args:
        train: the train split.
        calibration: the calibration split.
        features: feature matrix of the calibration split, shape (n_calibration, n_features).
        feature_names: columns of that matrix.

    Returns:
        The baselines by name.
    """
    named: dict[str, Baseline] = {"popularity": Popularity.fit(train)}
    for name, kind in (("rules", Rules), ("TF-IDF", TextSimilarity)):
        if set(kind.USES) <= set(feature_names):
            named[name] = kind(feature_names)
    return {name: CalibratedBaseline.fit(score, calibration, features) for name, score in named.items()}


def _rated(direction: Direction, pairs: Pairs) -> NDArray[np.str_]:
    """Identifier of the side that gets the yes, one per pair."""
    if direction is Direction.COMPANY:
        return pairs.candidates["candidate_id"].to_numpy()[pairs.candidate_rows].astype(str)
    return pairs.jobs["job_id"].to_numpy()[pairs.job_rows].astype(str)
