"""A bundle for use from Python: the probability that a pair matches, with its reasons."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.explaining.contributions import MATCH, Explainer
from matching.explaining.reasons import Reason, reasons
from matching.model.manifest import NOT_SERVED, verify
from matching.model.match_model import MatchModel


@dataclass(frozen=True)
class Match:
    """The scores of one pair.

    Attributes:
        probability: calibrated P(both sides say yes).
        company: calibrated P(the company reaches out); None if the model lacks this direction.
        candidate: calibrated P(the candidate accepts); None if the model lacks this direction.
        reasons: what each group of features does to the match probability, the largest contribution first; empty if
            the bundle has no background, or too many groups to explain.
    """

    probability: float
    company: float | None
    candidate: float | None
    reasons: tuple[Reason, ...]


class Matcher:
    """Matches candidates and jobs with one model.

    Args:
        folder: a sealed bundle, as the registry returns it.

    Raises:
        ModelError: the folder is not a bundle that this version can read.
        TamperedModel: a file differs from the digest recorded at training.

    >>> matcher = Matcher(bundle)
    >>> matcher.model.directions
    (<Direction.COMPANY: 'company'>, <Direction.CANDIDATE: 'candidate'>)
    """

    def __init__(self, folder: Path | str) -> None:
        folder = Path(folder)
        verify(folder, without=NOT_SERVED)
        self.model = MatchModel.load(folder)
        self._explainer = Explainer.load(self.model, folder)

    def match(self, candidate: CandidateProfile, job: JobProfile) -> Match:
        """Score one pair and explain its match probability."""
        row = np.zeros(1, dtype=np.int64)
        candidates, jobs = frame(CandidateProfile, [candidate.model_dump()]), frame(JobProfile, [job.model_dump()])
        scores = self.model.score(Pairs(candidates, jobs, row, row))
        company, accepts = (None if p is None else float(p[0]) for p in (scores.company, scores.candidate))
        why: tuple[Reason, ...] = ()
        if self._explainer is not None:
            explained = {one.target: one for one in self._explainer.explain(scores.features[0])}
            why = reasons(explained[MATCH], candidate, job)
        return Match(float(scores.match[0]), company, accepts, why)
