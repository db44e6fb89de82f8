"""The fairness report: what was measured about both sides of a model's rankings."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from matching.fairness.stability import STABLE

GROUPS = pl.Schema(
    {
        "side": pl.String(),
        "attribute": pl.String(),
        "group": pl.String(),
        "members": pl.Int64(),
        "is_enough": pl.Boolean(),
        "k": pl.Int64(),
        "ranking": pl.String(),
        "pool_share": pl.Float64(),
        "top_share": pl.Float64(),
        "skew": pl.Float64(),
        "chance_low": pl.Float64(),
        "chance_high": pl.Float64(),
        "mean_exposure": pl.Float64(),
    }
)
MEASURES = pl.Schema(
    {
        "side": pl.String(),
        "attribute": pl.String(),
        "k": pl.Int64(),
        "ranking": pl.String(),
        "min_skew": pl.Float64(),
        "max_skew": pl.Float64(),
        "ndkl": pl.Float64(),
        "infeasible_share": pl.Float64(),
        "exposure_ratio": pl.Float64(),
        "ndcg_at_10": pl.Float64(),
    }
)
PROXIES = pl.Schema(
    {
        "attribute": pl.String(),
        "group": pl.String(),
        "members": pl.Int64(),
        "auc": pl.Float64(),
        "standard_error": pl.Float64(),
        "features": pl.List(pl.String()),
    }
)


@dataclass(frozen=True)
class Stability:
    """How much the rankings change when first names and gendered words are swapped in every profile.

    Attributes:
        changed_share: share of the candidates whose text the swap changes.
        candidates: rank-biased overlap of the candidates ranked for a job, mean over jobs.
        candidates_worst: the lowest overlap of them.
        jobs: rank-biased overlap of the jobs ranked for a candidate, mean over candidates.
        jobs_worst: the lowest overlap of them.
    """

    changed_share: float
    candidates: float
    candidates_worst: float
    jobs: float
    jobs_worst: float

    @property
    def is_stable(self) -> bool:
        """Whether both means are at least .99."""
        return min(self.candidates, self.jobs) >= STABLE


@dataclass(frozen=True)
class FairnessReport:
    """Everything measured about fairness.

    A `ranking` is by the `model`, by the `truth` if it is known, or by one of the methods of re-ranking.

    Attributes:
        groups: schema `GROUPS`, one row per side, attribute, group, depth k and ranking: share of the pool and of the
            top k, skew with its range by chance alone, and exposure per member.
        measures: schema `MEASURES`, one row per side, attribute, k and ranking: MinSkew, MaxSkew and exposure ratio
            over the groups with enough members, NDKL and the share of infeasible prefixes over all groups, and nDCG@10
            against the truth (NaN if it is unknown).
        proxies: schema `PROXIES`, one row per declared group: the AUC at which the features distinguish it from all
            others, and the features that contribute most.
        stability: counterfactual stability.
    """

    groups: pl.DataFrame
    measures: pl.DataFrame
    proxies: pl.DataFrame
    stability: Stability

    def flat(self) -> dict[str, float]:
        """Return every defined figure by a name such as `fairness.candidates.gender.model.min_skew_at_10`."""
        figures: dict[str, float] = {}
        for row in self.measures.to_dicts():
            start = f"fairness.{row['side']}.{row['attribute']}.{row['ranking']}"
            names = ("min_skew", "max_skew", "ndkl", "infeasible_share", "exposure_ratio")
            figures |= {f"{start}.{name}_at_{row['k']}": row[name] for name in names}
            figures[f"{start}.ndcg_at_10"] = row["ndcg_at_10"]
        for (attribute,), rows in self.proxies.group_by("attribute", maintain_order=True):
            figures[f"fairness.proxies.{attribute}.highest_auc"] = float(rows["auc"].to_numpy().max())
        for name in ("changed_share", "candidates", "candidates_worst", "jobs", "jobs_worst"):
            figures[f"fairness.stability.{name}"] = getattr(self.stability, name)
        return {name: value for name, value in figures.items() if np.isfinite(value)}

    def to_dict(self) -> dict[str, Any]:
        """Return every table as rows, for `metrics.json`."""
        tables = {"groups": self.groups, "measures": self.measures, "proxies": self.proxies}
        stability = {**vars(self.stability), "is_stable": self.stability.is_stable}
        return {name: table.to_dicts() for name, table in tables.items()} | {"stability": stability}
