"""Reasons: what each group of features does to a score, with a sentence of facts for each side."""

from dataclasses import dataclass
from typing import Literal

from matching.data.tables import CandidateProfile, JobProfile
from matching.explaining.contributions import Contributions
from matching.explaining.wording import CANDIDATE, COMPANY, sentence

Effect = Literal["raises", "lowers", "does not matter"]

MATTERS = 0.05  # on the scale of the contributions: a factor of 1.05 on the odds, or on the probability of a match


@dataclass(frozen=True)
class Reason:
    """What one group of features does to a score.

    Attributes:
        group: name of the group.
        contribution: what the group adds, on the scale of the score.
        effect: whether the contribution raises or lowers the score.
        for_candidate: what the two profiles say, addressed to the candidate.
        for_company: the same, addressed to the company.
    """

    group: str
    contribution: float
    effect: Effect
    for_candidate: str
    for_company: str


def reasons(explained: Contributions, candidate: CandidateProfile, job: JobProfile) -> tuple[Reason, ...]:
    """Return one reason per group of features, the largest contribution first.

    Args:
        explained: the contributions to one score of the pair.
        candidate: profile of the candidate.
        job: profile of the job.
    """
    largest_first = sorted(explained.groups.items(), key=lambda item: -abs(item[1]))
    return tuple(_reason(group, contribution, candidate, job) for group, contribution in largest_first)


def effect(contribution: float) -> Effect:
    """Return what a contribution does to its score.

    >>> effect(-0.9), effect(0.04)
    ('lowers', 'does not matter')
    """
    if abs(contribution) < MATTERS:
        return "does not matter"
    return "raises" if contribution > 0 else "lowers"


def _reason(group: str, contribution: float, candidate: CandidateProfile, job: JobProfile) -> Reason:
    sentences = (sentence(group, candidate, job, reader) for reader in (CANDIDATE, COMPANY))
    return Reason(group, contribution, effect(contribution), *sentences)
