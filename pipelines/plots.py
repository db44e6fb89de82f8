"""Plots of a model: calibration, ranking quality, feature importance, fairness and value."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.evaluation import metrics
from matching.evaluation.evaluation import MATCH, MODEL, Evaluation
from matching.fairness.report import FairnessReport
from matching.value.report import HIRES, USD, ValueReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, GREY, ORANGE = "#2b6cb0", "#a0aec0", "#dd6b20"
SHOWN_FEATURES = 15
LOWEST_SKEW = -2.5  # the skew of an absent group is minus infinity
RERANKED = {MODEL: BLUE, "det_greedy": ORANGE, "det_const_sort": "#d6bcfa"}


def _figure(columns: int, height: float = 3.6) -> "tuple[Figure, list[Axes]]":
    """Make an empty figure; no window system is needed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * columns, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.atleast_1d(figure.subplots(1, columns)))


def _save(figure: "Figure", file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def calibration(holdout: LabelledPairs, scores: Scores, file: Path) -> None:
    """Draw predicted against observed probability, a panel for each direction."""
    directions = holdout.directions()
    figure, panels = _figure(len(directions))
    for panel, direction in zip(panels, directions, strict=True):
        label, probability = holdout.label(direction), scores.direction(direction)
        known = ~np.isnan(label)
        predicted, observed, _ = metrics.reliability(
            label[known],
            np.asarray(probability, dtype=np.float64)[known],
            holdout.label_propensity(direction)[known],
            holdout.weight[known],
        )
        top = float(max(predicted.max(), observed.max())) * 1.05
        panel.plot([0, top], [0, top], color=GREY, linewidth=1, label="perfect")
        panel.plot(predicted, observed, marker="o", markersize=4, color=BLUE, label="model")
        panel.set(title=f"Calibration: {direction}", xlabel="predicted probability", ylabel="observed share of yes")
        panel.legend(frameon=False)
    _save(figure, file)


def ranking(evaluation: Evaluation, file: Path) -> None:
    """Draw nDCG@10 of every ranker, a panel for each target."""
    targets = list(dict.fromkeys(row.target for row in evaluation.rows))
    figure, panels = _figure(len(targets))
    for panel, target in zip(panels, targets, strict=True):
        rows = [row for row in evaluation.rows if row.target == target]
        colours = [BLUE if row.ranker == MODEL else GREY for row in rows]
        panel.barh([row.ranker for row in rows], [row.ndcg_lists for row in rows], color=colours)
        panel.set(title=f"Ranking: {'both sides' if target == MATCH else target}", xlabel="nDCG@10 in the shown lists")
    _save(figure, file)


def importance(losses: dict[str, dict[str, float]], file: Path) -> None:
    """Draw the features whose shuffling adds most log loss, a panel for each direction.

    Args:
        losses: by direction and feature, nats per row.
        file: where to write.
    """
    figure, panels = _figure(len(losses), height=4.6)
    for panel, (direction, values) in zip(panels, losses.items(), strict=True):
        largest: list[Any] = sorted(values.items(), key=lambda item: item[1])[-SHOWN_FEATURES:]
        panel.barh([name for name, _ in largest], [loss for _, loss in largest], color=ORANGE)
        panel.tick_params(axis="y", labelsize=7)
        panel.set(title=f"Importance: {direction}", xlabel="log loss added by shuffling, nats")
    _save(figure, file)


def fairness(report: FairnessReport, file: Path, *, k: int = 10) -> None:
    """Draw each group's skew in the first k, as ranked and re-ranked; a panel for each attribute, no file without one.

    Grey is the range by chance alone. A bar that reaches the left edge is that low or lower.
    """
    measured = report.groups.filter(pl.col("is_enough") & (pl.col("k") == k))
    panels_of = list(measured.group_by("side", "attribute", maintain_order=True))
    if not panels_of:
        return
    figure, panels = _figure(len(panels_of), height=4.2)
    for panel, ((side, attribute), rows) in zip(panels, panels_of, strict=True):
        names = rows["group"].unique(maintain_order=True).to_list()
        place = np.arange(len(names), dtype=np.float64)
        model = rows.filter(pl.col("ranking") == MODEL)
        low, high = (model[edge].to_numpy().clip(LOWEST_SKEW) for edge in ("chance_low", "chance_high"))
        panel.barh(place, high - low, left=low, height=0.9, color="#edf2f7", label="by chance")
        for offset, (ranking, colour) in zip((-0.27, 0, 0.27), RERANKED.items(), strict=True):
            skew = rows.filter(pl.col("ranking") == ranking)["skew"].to_numpy().clip(LOWEST_SKEW)
            panel.barh(place + offset, skew, height=0.25, color=colour, label=ranking.replace("_", " "))
        panel.set_yticks(place, names)
        panel.axvline(0, color=GREY, linewidth=1)
        panel.set(title=f"{side} by {str(attribute).replace('_', ' ')}", xlabel=f"skew in the first {k}")
    panels[0].legend(frameon=False, fontsize=7)
    _save(figure, file)


def value(report: ValueReport, file: Path) -> bool:
    """Draw hires and value per week of every ranking, with intervals.

    Returns:
        Whether a file was written; none is if both are unknown.
    """
    terms = [term for term in (HIRES, USD) if term not in report.unknown]
    if not terms:
        return False
    figure, panels = _figure(len(terms))
    for panel, term in zip(panels, terms, strict=True):
        for place, ranking in enumerate(reversed(report.rankings)):
            found = ranking.terms[term]
            if found is not None:
                ends = [[found.value - found.low], [found.high - found.value]]
                colour = BLUE if ranking.ranker == MODEL else GREY
                panel.errorbar([found.value], [place], xerr=ends, fmt="o", color=colour, capsize=3)
        panel.set_yticks(range(len(report.rankings)), [ranking.ranker for ranking in reversed(report.rankings)])
        unit = "USD" if term == USD else term
        panel.set(title=f"Value: {unit} per week", xlabel=f"expected {unit} per week")
    _save(figure, file)
    return True
