"""Everything that a training measured, in the forms in which it is logged, printed and sealed."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from home.settings import Settings
from matching.data.dataset import Dataset
from matching.data.finite import finite_or_null
from matching.data.scores import Scores
from matching.data.splits import Splits
from matching.data.tables import Direction
from matching.evaluation import gate
from matching.evaluation.evaluation import Evaluation
from matching.evaluation.slices import SliceFigures
from matching.fairness.report import FairnessReport
from matching.model.match_model import MatchModel
from matching.value.report import ValueReport
from pipelines import card, steps
from pipelines.registry.runs import DataFacts

_MATCH_FIGURES = ("auc", "calibration_error", "log_loss", "ndcg_lists", "ndcg_candidates", "ndcg_jobs")


@dataclass(frozen=True)
class TrainingReport:
    """The figures that the command line prints, whether or not the gate refuses the model.

    Attributes:
        evaluation: figures of the model, the baselines and, if known, the truth.
        next_view: figures for the next view; None for a two-sided log.
        value: value of each ranking per week; None if the holdout is too short.
        slices: calibration by slice.
        verdict: decision of the gate; None if the model is already the champion.
        only_direction: the only direction with labels; None if both have some.
    """

    evaluation: Evaluation
    next_view: pl.DataFrame | None
    value: ValueReport | None
    slices: tuple[SliceFigures, ...]
    verdict: gate.GateVerdict | None
    only_direction: str | None


@dataclass(frozen=True)
class Findings:
    """The data, the model and its figures before registration."""

    dataset: Dataset
    splits: Splits
    model: MatchModel
    scores: Scores
    evaluation: Evaluation
    next_view: pl.DataFrame | None
    verdict: gate.GateVerdict | None
    slices: tuple[SliceFigures, ...]
    fairness: FairnessReport
    value: ValueReport | None
    data_digest: str

    def report(self) -> TrainingReport:
        """Return the printed figures, without the data and the model, which would stay in memory."""
        return TrainingReport(
            evaluation=self.evaluation,
            next_view=self.next_view,
            value=self.value,
            slices=self.slices,
            verdict=self.verdict,
            only_direction=str(self.model.directions[0]) if len(self.model.directions) == 1 else None,
        )

    def metrics(self) -> dict[str, Any]:
        """Return every figure as JSON; an undefined figure is null."""
        figures = {
            "evaluation": [asdict(row) for row in self.evaluation.rows],
            "next_view": None if self.next_view is None else self.next_view.to_dicts(),
            "slices": [asdict(figures) for figures in self.slices],
            "fairness": self.fairness.to_dict(),
            "value": None if self.value is None else self.value.to_dict(),
            "gate": None if self.verdict is None else self.verdict.to_dict(),
        }
        return {name: finite_or_null(value) for name, value in figures.items()}

    def next_view_metrics(self) -> dict[str, float]:
        """Return the figures for the next view by name."""
        rows = [] if self.next_view is None else self.next_view.to_dicts()
        return {
            f"next_view.{row['method'].replace(' ', '_')}.{figure}": row[figure]
            for row in rows
            for figure in ("recall_at_10", "ndcg_at_10")
        }

    def headline(self) -> dict[str, float]:
        """Return at most ten figures by which people compare runs; `flat` has all of them."""
        every = self.flat()
        named = [f"match.model.{name}" for name in _MATCH_FIGURES] + [f"{side}.model.auc" for side in Direction]
        found = {name: every[name] for name in named if name in every}
        lead = None if self.value is None else self.value.usd_lead
        return found | ({} if lead is None else {"value.usd_per_week_lead": lead.value})

    def run_name(self, settings: Settings) -> str:
        """Return the name of the run, such as `seed 7, AUC .906`."""
        auc = self.flat().get("match.model.auc")
        return f"seed {settings.seed}" + ("" if auc is None else f", AUC {auc:.3f}".replace(" 0.", " ."))

    def data(self, folder: Path | None) -> DataFacts:
        """Return the identity and size of the data for the registry."""
        rows = {name: table.height for name, (_, table) in self.dataset.tables().items()}
        return DataFacts(self.dataset.name, self.data_digest, str(folder or "simulated"), rows)

    def flat(self) -> dict[str, float]:
        """Return every figure by its name in the registry."""
        value = {} if self.value is None else self.value.flat()
        slices = {
            f"slice.{figures.direction}.{_dashed(figures.name)}.calibration_error": figures.calibration_error
            for figures in self.slices
            if figures.enough
        }
        return self.evaluation.flat() | self.next_view_metrics() | slices | self.fairness.flat() | value

    def parameters(self, settings: Settings) -> dict[str, Any]:
        """Return the settings of the run and the size of its data."""
        splits = {"train": self.splits.train, "calibration": self.splits.calibration, "holdout": self.splits.holdout}
        return {
            "source": settings.source,
            "seed": settings.seed,
            "label_maturity_days": settings.label_maturity_days,
            "text_encoder": self.model.text_encoder,
            "directions": ",".join(self.model.directions),
            **{f"model.{name}": value for name, value in self.model.facts["settings"].items()},
            **{f"cut.{name}": value for name, value in self.model.facts["cuts"].items()},
            **{f"rows.{name}": len(rows) for name, rows in splits.items()},
            **{f"dropped.{name}": sum(rules.values()) for name, rules in self.dataset.cleaning.dropped.items()},
        }

    def tags(self) -> dict[str, str]:
        """Return the identity of data and model, and the gate's verdict."""
        verdict = "identical" if self.verdict is None else "passed" if self.verdict.passed else "refused"
        compared = self.verdict.champion_version if self.verdict else None
        return {
            "tandem.data_hash": self.data_digest,
            "tandem.digest": self.model.digest,
            "tandem.gate": verdict,
            "tandem.compared_with": compared or "none",
            **self._cleaning_tags(),
        }

    def _cleaning_tags(self) -> dict[str, str]:
        """Return how many rows were left out and how many events were redelivered; nothing for none."""
        cleaning = self.dataset.cleaning
        found = {"tandem.dropped_rows": cleaning.n_dropped, "tandem.redelivered_events": cleaning.n_redelivered}
        return {name: str(n) for name, n in found.items() if n}

    def card(self, settings: Settings, *, has_data: bool) -> str:
        """Write the model card."""
        data = " --data DIR" if has_data else ""
        data += " --drop-invalid" if self.dataset.cleaning.n_dropped else ""
        data += "" if settings.text_encoder_folder is None else " --text-encoder FOLDER"
        facts = card.CardFacts(
            model_name=settings.model_name,
            digest=self.model.digest,
            data_hash=self.data_digest,
            git_commit=steps.git_commit(),
            seed=settings.seed,
            command=f"tandem train --source {settings.source} --seed {settings.seed}{data}",
        )
        return card.write(
            facts,
            self.dataset,
            self.splits,
            evaluation=self.evaluation,
            verdict=self.verdict,
            next_view=self.next_view,
            slices=self.slices,
            fairness=self.fairness,
            value=self.value,
        )


def _dashed(name: str) -> str:
    """Replace what the registry does not accept in a name."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_")


def write_json(file: Path, content: Any) -> None:
    """Write content as JSON; NaN and infinity are refused."""
    file.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False), encoding="utf-8")
