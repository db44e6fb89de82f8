"""What a training measured, as tables."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tandem.console import out, table

if TYPE_CHECKING:
    from matching.evaluation.evaluation import Figures
    from matching.evaluation.slices import SliceFigures
    from matching.value.report import ValueReport
    from pipelines.findings import TrainingReport
    from pipelines.training_flow import TrainingResult

COLUMNS = ["direction", "ranked by", "AUC", "ECE", "log loss", "nDCG@10 shown", "nDCG@10 candidates", "nDCG@10 jobs"]
LEGEND = (
    "ECE: calibration error. nDCG@10 shown: within the lists that were shown, by what happened; candidates and jobs: "
    "ranking a large pool for a job or a candidate, by the true probability (known only where the data is simulated)."
)


def show_report(report: "TrainingReport") -> None:
    """Print every figure beside the baselines, the best achievable and the truth, and how many the gate checked."""
    show_evaluation(report.evaluation.rows)
    if report.next_view is not None:
        out.print()
        _show_next_view(report.next_view.to_dicts())
    if report.value is not None:
        out.print()
        show_value(report.value)
    out.print()
    _show_slices(report.slices)
    if report.only_direction:
        out.print(f"the source has labels for one direction only: {report.only_direction}")
    if report.verdict is not None:
        failed = "" if report.verdict.passed else f", {len(report.verdict.failures)} failed"
        out.print(f"the gate checked {len(report.verdict.checks)} figures{failed}")


def show_outcome(result: "TrainingResult") -> None:
    """Print which version a training ended with."""
    words = {"promoted": "is champion now", "registered": "is challenger", "identical": "was champion already"}
    out.print(f"[bold]{result.model_name} version {result.version}[/bold] {words[result.outcome]}")


def show_evaluation(rows: "Iterable[Figures]") -> None:
    """Print one line per direction and ranker."""
    lines = [
        [
            row.target,
            row.ranker,
            *_numbers(row.auc, row.calibration_error, row.log_loss),
            *_numbers(row.ndcg_lists, row.ndcg_candidates, row.ndcg_jobs),
        ]
        for row in rows
    ]
    table("Holdout: the newest fifth, never trained on", COLUMNS, lines, numbers_from=2)
    out.print(f"[dim]{LEGEND}[/dim]")


def _show_slices(slices: "Iterable[SliceFigures]") -> None:
    """Say how many slices there are, and which is calibrated worst."""
    from matching.data.validation_report import count

    enough = [one for one in slices if one.enough]
    if enough:
        worst = max(enough, key=lambda one: one.calibration_error)
        out.print(
            f"calibration error of {count(len(enough), 'slice')} of 1,000 labelled rows or more: at most "
            f"{worst.calibration_error:.3f} ({worst.direction}, {worst.name}; chance alone up to {worst.chance:.3f})"
        )


def _show_next_view(rows: list[dict[str, Any]]) -> None:
    lines = [[str(row["method"]), *_numbers(row["recall_at_10"], row["ndcg_at_10"])] for row in rows]
    table("Next view: the last view of each applicant left out, all jobs ranked", ["", "Recall@10", "nDCG@10"], lines)


def show_value(report: "ValueReport") -> None:
    """Print what every ranking brings per week, and the model's lead with its interval; a dash is not known."""
    columns = ["outreach", "accepts", "interviews", "hires", "usd"]
    with_truth = any(ranking.truth for ranking in report.rankings)
    lines = []
    for ranking in report.rankings:
        values = [None if found is None else found.value for found in map(ranking.terms.get, columns)]
        values += [(ranking.truth or {}).get("usd")] if with_truth else []
        people, money = [_amount(value, 1) for value in values[:4]], [_amount(value, 0) for value in values[4:]]
        lines.append([ranking.ranker, *people, *money])
    title = f"Value per week if each ranker had ordered the lists ({report.weeks:.1f} weeks)"
    table(title, ["", *columns[:4], "USD", *(["true USD"] if with_truth else [])], lines)
    for term, reason in report.unknown.items():
        out.print(f"[dim]{term} cannot be known: {reason}[/dim]")
    lead = report.usd_lead
    if lead is not None:
        interval = f"[{lead.low:,.0f}, {lead.high:,.0f}]"
        out.print(f"lead over {report.against}: {lead.value:,.0f} USD per week {interval}", markup=False)


def _amount(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _numbers(*values: float) -> list[str]:
    return [f"{value:.3f}" if math.isfinite(value) else "-" for value in values]
