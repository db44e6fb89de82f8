"""The scores that a model gives to pairs."""

from dataclasses import dataclass
from typing import Protocol

from matching.arrays import Floats32
from matching.data.tables import Direction


@dataclass(frozen=True)
class Scores:
    """Scores of pairs; arrays have shape (n_pairs,).

    >>> company, candidate = np.array([0.5], np.float32), np.array([0.25], np.float32)
    >>> scores = Scores(np.empty((1, 0), np.float32), company, candidate, match=company * candidate)
    >>> scores.direction(Direction.CANDIDATE).item(), scores.match.item()
    (0.25, 0.125)

    Attributes:
        features: shape (n_pairs, n_features), exactly as the model used them.
        company: calibrated P(the company reaches out | it examined the pair); None without labels of this direction.
        candidate: calibrated P(the candidate accepts | outreach); None without labels of this direction.
        match: calibrated P(both say yes); for a one-sided dataset, the probability of its one direction.
    """

    features: Floats32
    company: Floats32 | None
    candidate: Floats32 | None
    match: Floats32

    def direction(self, direction: Direction) -> Floats32 | None:
        """Probabilities of one direction."""
        return self.company if direction is Direction.COMPANY else self.candidate


class FeatureScorer(Protocol):
    """A model that scores feature matrices: fitted in memory, or loaded from its bundle."""

    def score_features(self, features: Floats32) -> Scores:
        """Score a feature matrix, shape (n_pairs, n_features)."""
        ...
