"""Explains the scores of one pair in numbers and in words."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from matching.arrays import Floats32
from matching.data.tables import CandidateProfile, JobProfile
from matching.explaining import contributions, wording
from matching.explaining.contributions import Contributions, Explainer
from matching.model.match_model import MatchModel
from matching.model.support import Support
from serving.api.errors import Problem
from serving.api.requests import Explained, Reason, interval_of


class Explanations:
    """Explains the scores of one model, if its bundle says how.

    Args:
        model: the model.
        bundle: its folder; without a background in it nothing is explained, and nothing is where the model's features
            are in more groups than can be explained exactly.
        supports: support of each target.
    """

    def __init__(self, model: MatchModel, bundle: Path, supports: dict[str, Support]) -> None:
        names, groups = tuple(model.feature_names), model.groups
        background = contributions.read_background(bundle, names)
        named = {name for members in groups.values() for name in members}
        few = len(groups) + (not named >= set(names)) <= contributions.MOST_GROUPS  # the rest is a group, too
        self._explainer = Explainer(model, background, names, groups) if background and few else None
        self._supports = supports

    def explain(self, features: Floats32, candidate: CandidateProfile, job: JobProfile) -> list[Explained]:
        """Explain every score of a pair; raises Problem.

        Args:
            features: as the model used them, shape (n_features,).
            candidate: the candidate, for the words.
            job: the job, for the words.
        """
        if self._explainer is None:
            message = (
                "the model that answers was registered without explanations, or its features are in more than "
                f"{contributions.MOST_GROUPS} groups: train, promote and deploy a new one"
            )
            raise Problem(404, "not_explained", message)
        return [self._explained(one, features, candidate, job) for one in self._explainer.explain(features)]

    def _explained(
        self, told: Contributions, features: Floats32, candidate: CandidateProfile, job: JobProfile
    ) -> Explained:
        if not np.isfinite([told.base, told.score, *told.groups.values()]).all():
            raise Problem(
                500, "model_failure", "the model gave no number: report the request_id of this answer's header"
            )
        supported = self._supports.get(told.target, Support()).interval(told.probability, features)
        return Explained(
            target=told.target,
            probability=told.probability,
            scale=told.scale,
            base=told.base,
            score=told.score,
            contributions=[Reason(**asdict(reason)) for reason in wording.reasons(told, candidate, job)],
            **interval_of(supported),
        )
