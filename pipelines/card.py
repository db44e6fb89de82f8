"""The model card, written from the figures of a training.

Source: Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from matching.data.dataset import Cleaning, Dataset
from matching.data.splits import Splits
from matching.data.tables import ProtectedAttributes
from matching.data.validation_report import count
from matching.evaluation.evaluation import MATCH, MODEL, TRUTH, Evaluation
from matching.evaluation.gate import GateVerdict
from matching.evaluation.slices import SliceFigures
from matching.fairness.ranked_pool import MIN_MEMBERS
from matching.fairness.report import FairnessReport
from matching.value.report import LOOKS, TERMS, USD, RankingValue, ValueReport

_MEANING = {
    "company": "the company reaches out to a candidate whom it has examined",
    "candidate": "the candidate accepts the outreach (in a one-sided log: is interested in the job)",
    MATCH: "both sides say yes",
}
_FAIRNESS_FIGURES = ("min_skew", "max_skew", "ndkl", "exposure_ratio", "ndcg_at_10")


@dataclass(frozen=True)
class CardFacts:
    """Identity of the model on the card.

    Attributes:
        model_name: name of the registered model.
        digest: digest of the core files.
        data_hash: digest of the data.
        git_commit: commit of the code.
        seed: seed of everything random.
        command: command that trains the model again.
    """

    model_name: str
    digest: str
    data_hash: str
    git_commit: str
    seed: int
    command: str


def write(
    facts: CardFacts,
    dataset: Dataset,
    splits: Splits,
    *,
    evaluation: Evaluation,
    verdict: GateVerdict | None,
    next_view: pl.DataFrame | None,
    slices: tuple[SliceFigures, ...] = (),
    fairness: FairnessReport | None = None,
    value: ValueReport | None = None,
) -> str:
    """Write the card as Markdown.

    Args:
        facts: identity of the model.
        dataset: the data it learned from.
        splits: the splits of the log.
        evaluation: figures of the model, the baselines and, if known, the truth.
        verdict: decision of the gate; None if the model is already the champion.
        next_view: figures for the next view; None for a two-sided log.
        slices: calibration by slice.
        fairness: fairness of the rankings of both sides; None if not measured.
        value: value of each ranking; None if not measured.
    """
    sections = [
        f"# {facts.model_name}",
        _purpose(splits),
        _data(facts, dataset, splits),
        _figures(evaluation),
        _next_view(next_view),
        _slices(slices),
        fairness_section(fairness),
        _value(value),
        _gate(verdict),
        _limitations(dataset, evaluation),
        _reproduce(facts),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"


def _purpose(splits: Splits) -> str:
    directions = [str(direction) for direction in splits.holdout.directions()]
    answers = "\n".join(f"- `{name}`: the probability that {_MEANING[name]}" for name in directions)
    product = (
        "the product of the two"
        if len(directions) == 2
        else f"the same as `{directions[0]}`, the only direction with labels"
    )
    return (
        "## Purpose\n\nThe model gives calibrated probabilities for a candidate and a job, to rank one for the other:"
        "\n\n"
        f"{answers}\n- `match`: {product}\n\n"
        "It orders lists that people read. It must not reject anyone without a person's decision."
    )


def _data(facts: CardFacts, dataset: Dataset, splits: Splits) -> str:
    named = {"train": splits.train, "calibration": splits.calibration, "holdout": splits.holdout}
    rows = [
        [name, f"{len(rows):,}", f"{len(set(rows.lists.tolist())):,}", str(rows.time[0])[:16], str(rows.time[-1])[:16]]
        for name, rows in named.items()
    ]
    sizes = (
        f"Source `{dataset.name}`: {dataset.candidates.height:,} candidate profiles, {dataset.jobs.height:,} jobs, "
        f"{dataset.events.height:,} events. Data hash `{facts.data_hash[:16]}`."
    )
    cut = (
        f"Split by time at {splits.cuts.train_end:%Y-%m-%d %H:%M} and {splits.cuts.calibration_end:%Y-%m-%d %H:%M} "
        "UTC: no split uses an event, or a version of a profile, from after its own end."
    )
    table = _table(["split", "pairs", "lists", "first", "last"], rows)
    return "\n\n".join(["## Data", sizes, *_cleaning(dataset.cleaning), table, cut])


def _cleaning(cleaning: Cleaning) -> Iterator[str]:
    """List invalid rows that were left out, and what was odd or needed an interpretation."""
    if cleaning.n_dropped:
        rules = "\n".join(
            f"- {table}: {n:,} x {rule}" for table, counts in cleaning.dropped.items() for rule, n in counts.items()
        )
        dropped = count(cleaning.n_dropped, "invalid row")
        yield f"**The training left out {dropped}** (`--drop-invalid`):\n\n{rules}"
    if cleaning.notes:
        yield "Notes on the data:\n\n" + "\n".join(f"- {note}" for note in cleaning.notes)


def _figures(evaluation: Evaluation) -> str:
    names = ["AUC", "calibration error", "log loss", "nDCG@10 (lists)", "nDCG@10 (candidates)", "nDCG@10 (jobs)"]
    rows = []
    for row in evaluation.rows:
        values = (row.auc, row.calibration_error, row.log_loss, row.ndcg_lists, row.ndcg_candidates, row.ndcg_jobs)
        rows.append([f"{row.target}: {row.ranker}", *map(_number, values)])
    known = any(row.ranker == TRUTH for row in evaluation.rows)
    note = (
        "AUC, calibration error, log loss and the first nDCG@10 use the outcomes. The last two rank whole pools with "
        "the true probability as gain, so they have no label noise."
        if known
        else "All figures use the outcomes; the true probabilities are not known."
    )
    return f"## Figures on the holdout\n\n{_table(['target: ranker', *names], rows)}\n\n{note}"


def _slices(slices: tuple[SliceFigures, ...]) -> str:
    """Tabulate the slices with enough rows, the worst calibrated first."""
    enough = sorted((one for one in slices if one.enough), key=lambda one: -one.calibration_error)
    if not enough:
        return ""
    rows = [
        f"| {one.name} | {one.direction} | {one.rows:,} | {one.calibration_error:.3f} | {one.chance:.3f} |"
        for one in enough
    ]
    head = "| slice | direction | rows | calibration error | chance alone, 95 % |\n|---|---|---|---|---|"
    return "\n".join(["## Calibration by slice", "", "Slices of at least 1,000 labelled rows.", "", head, *rows])


def _next_view(table: pl.DataFrame | None) -> str:
    if table is None:
        return ""
    rows = [
        [
            row["method"],
            f"{row['recall_at_10']:.4f} [{row['recall_at_10_low']:.4f}, {row['recall_at_10_high']:.4f}]",
            f"{row['ndcg_at_10']:.4f} [{row['ndcg_at_10_low']:.4f}, {row['ndcg_at_10_high']:.4f}]",
        ]
        for row in table.to_dicts()
    ]
    intro = (
        f"The last job that each of {table['n_candidates'][0]:,} candidates discovered is left out, and all jobs are "
        "ranked; the model puts jobs last that did not exist yet. This is not a split at one moment in time."
    )
    return f"## The next view\n\n{intro}\n\n{_table(['method', 'Recall@10', 'nDCG@10'], rows)}"


def _value(report: ValueReport | None) -> str:
    if report is None:
        return ""
    unknown = "".join(f"\n- `{term}` cannot be known: {reason}." for term, reason in report.unknown.items())
    if len(report.unknown) == len(TERMS):
        return f"## Value\n{unknown}"
    shown = [term for term in TERMS if term != LOOKS and term not in report.unknown]
    rows = [
        [ranking.ranker, *(_amount(ranking, term) for term in shown)] for ranking in (*report.rankings, report.lead)
    ]
    intro = (
        f"Expected per week of the holdout ({report.weeks:.1f} weeks, {report.lists:,} lists), if each ranking "
        f"had ordered its lists; brackets show the ends of one-sided {report.confidence:.0%} intervals. Outcomes are "
        "weighted by the logged propensity; the rates of interviews and hires after an accept come from the log before "
        "the holdout."
    )
    if report.assumed_looks:
        intro += (
            " The log says that every position was examined, so a propensity that falls with the square root of the "
            "position is assumed."
        )
    amounts = [[meaning, f"{amount:,.2f}", basis] for meaning, amount, basis in report.costs.rows()]
    costs = _table(["for", "USD", "basis"], amounts)
    return f"## Value\n\n{intro}\n\n{_table(['ranking', *shown], rows)}\n{unknown}\n\n{costs}"


def _amount(ranking: RankingValue, term: str) -> str:
    """Format one term with its interval; money without cents."""
    found = ranking.terms[term]
    digits = 0 if term == USD else 1
    return "" if found is None else f"{found.value:,.{digits}f} [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"


def _gate(verdict: GateVerdict | None) -> str:
    if verdict is None:
        return ""
    rows = []
    for check in verdict.checks:
        interval = "" if check.low is None or check.high is None else f"[{check.low:.4f}, {check.high:.4f}]"
        required = f"{'>' if check.strict else '>=' if check.at_least else '<='} {check.threshold:.4f}"
        rows.append([check.name, _number(check.value), interval, required, "yes" if check.passed else "**no**"])
    compared = (
        f"Compared with champion version {verdict.champion_version}."
        if verdict.champion_version
        else "Without a champion to compare with, thresholds and baselines decide."
    )
    more = [
        f"- About {check.more_lists:,} more lists in the holdout would settle `{check.name}`."
        for check in verdict.checks
        if check.more_lists is not None
    ]
    warnings = [f"Note: {warning}." for warning in verdict.warnings]
    table = _table(["check", "value", "interval", "required", "passed"], rows)
    parts = ["## Gate", compared, table, "\n".join(more), *warnings]
    return "\n\n".join(part for part in parts if part)


def fairness_section(report: FairnessReport | None) -> str:
    """Write the section on fairness: groups, chance, proxies and stability; empty for None."""
    if report is None:
        return ""
    parts = [_balance(report), _beyond_chance(report), _proxies(report.proxies), _stability(report)]
    return "## Fairness\n\n" + "\n\n".join(part for part in parts if part)


def _balance(report: FairnessReport) -> str:
    if not report.measures.height:
        return "No group has enough people: the rankings were not measured by group."
    rows = [
        [f"{row['side']}: {row['attribute']}", row["ranking"], *map(_figure, (row[name] for name in _FAIRNESS_FIGURES))]
        for row in report.measures.filter(pl.col("k") == 10).to_dicts()
    ]
    header = ["by", "ranking", "MinSkew@10", "MaxSkew@10", "NDKL@10", "exposure ratio@10", "nDCG@10 (truth)"]
    return (
        "How groups share the first ten places, as ranked and after re-ranking to the shares of the pool (0, 0, 0 and "
        f"1 are even; groups with fewer than {MIN_MEMBERS} members in the pool are left out).\n\n"
        f"{_table(header, rows)}"
    )


def _beyond_chance(report: FairnessReport) -> str:
    """List the groups whose share of the first ten is beyond chance, and the groups that are too small."""
    shown = report.groups.filter((pl.col("k") == 10) & (pl.col("ranking") == MODEL))
    beyond = (pl.col("skew") < pl.col("chance_low")) | (pl.col("skew") > pl.col("chance_high"))
    lines = [
        f"- {row['side']}, {row['attribute']} {row['group']}: {row['pool_share']:.1%} of the pool, "
        f"{row['top_share']:.1%} of the first ten (skew {_figure(row['skew'])}; by chance alone "
        f"{_figure(row['chance_low'])} to {_figure(row['chance_high'])})"
        for row in shown.filter(pl.col("is_enough") & beyond).to_dicts()
    ]
    small = [f"{row['attribute']} {row['group']}" for row in shown.filter(~pl.col("is_enough")).to_dicts()]
    found = "Beyond chance:\n\n" + "\n".join(lines) if lines else "No share is beyond chance."
    return found + (f"\n\nNot enough data: {', '.join(small)}." if small else "")


def _proxies(table: pl.DataFrame) -> str:
    if not table.height:
        return ""
    rows = [
        [f"{row['attribute']} {row['group']}", f"{row['auc']:.3f} ± {row['standard_error']:.3f}", *row["features"]]
        for row in table.to_dicts()
    ]
    intro = "How well the features reveal a group (AUC of a logistic regression; .5 is chance), and which ones do."
    named = ["most revealing features", *[""] * (max(len(row) for row in rows) - 3)]
    return f"{intro}\n\n{_table(['group', 'AUC', *named], rows)}"


def _stability(report: FairnessReport) -> str:
    found = report.stability
    return (
        f"With other first names and gendered words in every profile ({found.changed_share:.1%} of the texts change), "
        f"the rankings have a rank-biased overlap of {found.candidates:.4f} (candidates for a job, worst "
        f"{found.candidates_worst:.4f}) and {found.jobs:.4f} (jobs for a candidate, worst {found.jobs_worst:.4f}); "
        f"at least .99 is required: {'passed' if found.is_stable else '**failed**'}."
    )


def _figure(value: float) -> str:
    """Format with three decimals; the skew of an absent group is minus infinity."""
    return "none there" if value == -math.inf else "" if math.isnan(value) else f"{value:.3f}"


def _limitations(dataset: Dataset, evaluation: Evaluation) -> str:
    names = ", ".join(name for name in ProtectedAttributes.model_fields if name != "candidate_id")
    one_sided = not any(row.target == MATCH for row in evaluation.rows)
    lines = [
        f"Protected attributes ({names}) are kept in a separate table and are never an input. Other inputs, such as "
        "experience or place, can still act as proxies for them: audit the outcomes.",
        "Probabilities hold for pairs like those that were shown; for others they are an extrapolation.",
        "Scores reflect the market of the training period: monitor drift and train again.",
    ]
    if one_sided:
        lines.append("Only one side has labels: `match` says nothing about the other side.")
    if dataset.truth is not None:
        lines.append("The data comes from a simulator: the figures say nothing about real people.")
    return "## Limitations\n\n" + "\n".join(f"- {line}" for line in lines)


def _reproduce(facts: CardFacts) -> str:
    return (
        f"## Reproduce\n\n```\ngit checkout {facts.git_commit.removesuffix('-dirty')}\n{facts.command}\n```\n\n"
        f"Seed {facts.seed}; the core files must have the digest `{facts.digest}`."
    )
