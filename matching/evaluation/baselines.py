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

PRIOR_LOOKS = 20.0


class Baseline(Protocol):
    """Scores pairs in one direction; the higher the more likely, on no particular scale."""

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:
        """Scores of shape (n_pairs,)."""
        ...


@dataclass(frozen=True)
class Popularity:
    """Smoothed rate of yes for the one who is judged: a candidate by companies, a job by candidates."""

    rates: dict[Direction, dict[str, float]]
    prior: dict[Direction, float]

    @classmethod
    def fit(cls, train: LabelledPairs) -> "Popularity":
        """Count on the training slice only."""
        rates: dict[Direction, dict[str, float]] = {}
        prior: dict[Direction, float] = {}
        for direction in train.directions():
            label, looked = train.label(direction), train.label_propensity(direction)
            known = ~np.isnan(label)
            ids, codes = np.unique(_judged(direction, train.pairs)[known], return_inverse=True)
            mean = float(label[known].sum() / looked[known].sum())
            yes = np.bincount(codes, label[known]) + PRIOR_LOOKS * mean
            rates[direction] = dict(
                zip(ids.tolist(), (yes / (np.bincount(codes, looked[known]) + PRIOR_LOOKS)).tolist(), strict=True)
            )
            prior[direction] = mean
        return cls(rates, prior)

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:  # noqa: ARG002
        """Rate of the judged side; the mean for one never seen."""
        rate = self.rates[direction]
        return np.array([rate.get(name, self.prior[direction]) for name in _judged(direction, pairs)])


@dataclass(frozen=True)
class Rules:
    """Scores as a checklist would: must-haves, experience, salary and place, or the candidate's wish list.

    Skills are compared as they are written: the rules know neither other spellings nor what is rare.
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
        """Points of the checklist."""

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


def _covered(pairs: Pairs, asked: str) -> Floats:
    """Share of the asked skills that are listed, by their very names; a half where none is asked."""
    people, person = np.unique(pairs.candidate_rows, return_inverse=True)
    posts, post = np.unique(pairs.job_rows, return_inverse=True)
    listed = name_rows([[skill["name"] for skill in row] for row in pairs.candidates["skills"].gather(people)])
    wanted = name_rows(pairs.jobs[asked].gather(posts).to_list())
    met, size = np.empty(len(pairs)), count(wanted)[post]
    for start in range(0, len(pairs), CHUNK):
        part = slice(start, start + CHUNK)
        met[part] = row_dots(listed[person[part]], wanted[post[part]])
    return np.where(size > 0, met / np.maximum(size, 1), 0.5)


@dataclass(frozen=True)
class TextSimilarity:
    """TF-IDF cosine of resume and post, the lexical floor."""

    feature_names: tuple[str, ...]

    USES: ClassVar = ("text_similarity",)

    def __call__(self, direction: Direction, pairs: Pairs, features: Floats32) -> Floats:  # noqa: ARG002
        """Cosine, 0 where it is not counted."""
        column = features[:, self.feature_names.index("text_similarity")]
        return np.nan_to_num(column.astype(np.float64), nan=0.0)


@dataclass(frozen=True)
class CalibratedBaseline:
    """A baseline whose scores were turned into probabilities on the calibration slice, as the model's were."""

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
        """Calibrated probabilities of shape (n_pairs,)."""
        raw = self.score(direction, pairs, features)
        return self.sigmoid[direction].apply(self._squashed(direction, raw))

    def _squashed(self, direction: Direction, raw: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(raw - self.centre[direction]) / self.spread[direction])))


def fit_baselines(
    train: LabelledPairs, calibration: LabelledPairs, features: Floats32, feature_names: tuple[str, ...]
) -> dict[str, CalibratedBaseline]:
    """All named baselines whose features are there, fitted on the same slices as the model.

    Args:
        train: the training slice.
        calibration: the calibration slice.
        features: its feature matrix, shape (n_calibration, n_features).
        feature_names: columns of that matrix.
    """
    named: dict[str, Baseline] = {"popularity": Popularity.fit(train)}
    for name, kind in (("rules", Rules), ("TF-IDF", TextSimilarity)):
        if set(kind.USES) <= set(feature_names):
            named[name] = kind(feature_names)
    return {name: CalibratedBaseline.fit(score, calibration, features) for name, score in named.items()}


def _judged(direction: Direction, pairs: Pairs) -> NDArray[np.str_]:
    """Identifiers of the side that is judged, one per pair."""
    if direction is Direction.COMPANY:
        return pairs.candidates["candidate_id"].to_numpy()[pairs.candidate_rows].astype(str)
    return pairs.jobs["job_id"].to_numpy()[pairs.job_rows].astype(str)
