"""The model card, written from what was measured.

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
    "company": "the company reaches out to the candidate, once it looked",
    "candidate": "the candidate accepts, once asked (in a one-sided log: is interested)",
    MATCH: "both sides say yes",
}
_FAIRNESS_FIGURES = ("min_skew", "max_skew", "ndkl", "exposure_ratio", "ndcg_at_10")


@dataclass(frozen=True)
class CardFacts:
    """What the card tells besides the figures.

    Attributes:
        model_name: name of the registered model.
        digest: digest of the core files.
        data_hash: digest of the data.
        git_commit: commit of the code.
        seed: seed of everything random.
        command: how to train it again.
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
    parts: Splits,
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
        dataset: what it learned from.
        parts: the slices in time.
        evaluation: every figure.
        verdict: what the gate decided; None where it was not asked.
        next_view: figures for the next view, in a one-sided log.
        slices: calibration slice by slice.
        fairness: what was measured about both sides; None where it was not.
        value: what the ranking is worth; None where it was not measured.
    """
    sections = [
        f"# {facts.model_name}",
        _purpose(parts),
        _data(facts, dataset, parts),
        _figures(evaluation),
        _next_view(next_view),
        _slices(slices),
        fairness_section(fairness),
        _value(value),
        _gate(verdict),
        _limits(dataset, evaluation),
        _reproduce(facts),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"


def _purpose(parts: Splits) -> str:
    directions = [str(direction) for direction in parts.holdout.directions()]
    answers = "\n".join(f"- `{name}`: the probability that {_MEANING[name]}" for name in directions)
    product = (
        "the product of the two" if len(directions) == 2 else f"the same as `{directions[0]}`: the log has one side"
    )
    return (
        "## What it does\n\nIt scores a candidate and a job with calibrated probabilities, to rank one for the other:"
        "\n\n"
        f"{answers}\n- `match`: {product}\n\n"
        "It is made to order lists that people look through. It is not made to reject anyone without a person's look."
    )


def _data(facts: CardFacts, dataset: Dataset, parts: Splits) -> str:
    slices = {"train": parts.train, "calibration": parts.calibration, "holdout": parts.holdout}
    rows = [
        [name, f"{len(rows):,}", f"{len(set(rows.lists.tolist())):,}", str(rows.time[0])[:16], str(rows.time[-1])[:16]]
        for name, rows in slices.items()
    ]
    sizes = (
        f"Source `{dataset.name}`: {dataset.candidates.height:,} candidate profiles, {dataset.jobs.height:,} jobs, "
        f"{dataset.events.height:,} events. Data hash `{facts.data_hash[:16]}`."
    )
    cut = (
        f"Cut by time at {parts.cuts.train_end:%Y-%m-%d %H:%M} and {parts.cuts.calibration_end:%Y-%m-%d %H:%M} UTC: "
        "no slice knows an event, or a version of a profile, from after its own end."
    )
    table = _table(["slice", "pairs", "lists", "first", "last"], rows)
    return "\n\n".join(["## Data", sizes, *_cleaning(dataset.cleaning), table, cut])


def _cleaning(cleaning: Cleaning) -> Iterator[str]:
    """Say what was left out of the data, and how it was read where that needed an interpretation."""
    if cleaning.n_dropped:
        rules = "\n".join(
            f"- {table}: {n:,} x {rule}" for table, counts in cleaning.dropped.items() for rule, n in counts.items()
        )
        dropped = count(cleaning.n_dropped, "invalid row")
        yield f"**The training left out {dropped}** (`--drop-invalid`):\n\n{rules}"
    if cleaning.notes:
        yield "Noticed in the data:\n\n" + "\n".join(f"- {note}" for note in cleaning.notes)


def _figures(evaluation: Evaluation) -> str:
    names = ["AUC", "calibration error", "log loss", "nDCG@10 (lists)", "nDCG@10 (candidates)", "nDCG@10 (jobs)"]
    rows = []
    for row in evaluation.rows:
        values = (row.auc, row.calibration_error, row.log_loss, row.ndcg_lists, row.ndcg_candidates, row.ndcg_jobs)
        rows.append([f"{row.target}: {row.ranker}", *map(_number, values)])
    known = any(row.ranker == TRUTH for row in evaluation.rows)
    note = (
        "AUC, calibration error, log loss and the first nDCG are on realised outcomes; the last two rank whole pools "
        "and take the true probability as gain, so they are free of noise."
        if known
        else "All figures are on realised outcomes; the true probabilities are not known."
    )
    return f"## Figures on the newest slice\n\n{_table(['target: ranker', *names], rows)}\n\n{note}"


def _slices(slices: tuple[SliceFigures, ...]) -> str:
    """The slices with enough rows, the worst calibrated first."""
    enough = sorted((one for one in slices if one.enough), key=lambda one: -one.calibration_error)
    if not enough:
        return ""
    rows = [
        f"| {one.name} | {one.direction} | {one.rows:,} | {one.calibration_error:.3f} | {one.chance:.3f} |"
        for one in enough
    ]
    head = "| slice | direction | rows | calibration error | chance alone, 95 % |\n|---|---|---|---|---|"
    return "\n".join(["## Calibration by slice", "", "Slices of 1,000 labelled rows or more.", "", head, *rows])


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
        f"The last job each of {table['n_candidates'][0]:,} candidates discovered is left out, and all jobs are "
        "ranked; the model puts those last that were not there yet. Not cut at one moment in time."
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
        f"Expected per week of the newest slice ({report.weeks:.1f} weeks, {report.lists:,} lists), had each list been "
        f"shown in the order of each ranking; in brackets {report.confidence:.0%} one-sided limits. Outcomes are "
        "weighted by the logged chance of a look; what follows an accept is taken from the log before."
    )
    if report.assumed_looks:
        intro += (
            " The log says that every position was looked at: a chance that falls with the square root of the position "
            "is assumed."
        )
    amounts = [[meaning, f"{amount:,.2f}", basis] for meaning, amount, basis in report.costs.rows()]
    costs = _table(["for", "USD", "basis"], amounts)
    return f"## Value\n\n{intro}\n\n{_table(['ranking', *shown], rows)}\n{unknown}\n\n{costs}"


def _amount(ranking: RankingValue, term: str) -> str:
    """One term with its interval; money without cents."""
    found = ranking.terms[term]
    digits = 0 if term == USD else 1
    return "" if found is None else f"{found.value:,.{digits}f} [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"


def _gate(verdict: GateVerdict | None) -> str:
    if verdict is None:
        return ""
    rows = []
    for check in verdict.checks:
        interval = "" if check.low is None or check.high is None else f"[{check.low:.4f}, {check.high:.4f}]"
        asked = f"{'>' if check.strict else '>=' if check.at_least else '<='} {check.threshold:.4f}"
        rows.append([check.name, _number(check.value), interval, asked, "yes" if check.passed else "**no**"])
    against = f"version {verdict.champion_version}" if verdict.champion_version else "no champion: the floors decided"
    more = [
        f"- About {check.more_lists:,} more lists in the holdout would settle `{check.name}`."
        for check in verdict.checks
        if check.more_lists is not None
    ]
    warnings = [f"Note: {warning}." for warning in verdict.warnings]
    table = _table(["check", "value", "interval", "required", "holds"], rows)
    parts = ["## Gate", f"Compared with {against}.", table, "\n".join(more), *warnings]
    return "\n\n".join(part for part in parts if part)


def fairness_section(report: FairnessReport | None) -> str:
    """Write the section on fairness: by group and against chance, with proxies and stability; empty for None."""
    if report is None:
        return ""
    parts = [_balance(report), _beyond_chance(report), _proxies(report.proxies), _stability(report)]
    return "## Fairness\n\n" + "\n\n".join(part for part in parts if part)


def _balance(report: FairnessReport) -> str:
    if not report.measures.height:
        return "No groups with enough people are known: the rankings were not measured by group."
    rows = [
        [f"{row['side']}: {row['attribute']}", row["ranking"], *map(_figure, (row[name] for name in _FAIRNESS_FIGURES))]
        for row in report.measures.filter(pl.col("k") == 10).to_dicts()
    ]
    header = ["by", "ranking", "MinSkew@10", "MaxSkew@10", "NDKL@10", "exposure ratio@10", "nDCG@10 (truth)"]
    return (
        "How the places of the first ten are shared, as ranked and after re-ranking to the shares of the pool "
        f"(0, 0, 0 and 1 are even; groups under {MIN_MEMBERS} members in the pool are not judged).\n\n"
        f"{_table(header, rows)}"
    )


def _beyond_chance(report: FairnessReport) -> str:
    """Groups whose share of the first ten is outside what chance gives, and groups too small to say."""
    shown = report.groups.filter((pl.col("k") == 10) & (pl.col("ranking") == MODEL))
    beyond = (pl.col("skew") < pl.col("chance_low")) | (pl.col("skew") > pl.col("chance_high"))
    lines = [
        f"- {row['side']}, {row['attribute']} {row['group']}: {row['pool_share']:.1%} of the pool, "
        f"{row['top_share']:.1%} of the first ten (chance alone: skew {_figure(row['chance_low'])} to "
        f"{_figure(row['chance_high'])}, here {_figure(row['skew'])})"
        for row in shown.filter(pl.col("is_enough") & beyond).to_dicts()
    ]
    small = [f"{row['attribute']} {row['group']}" for row in shown.filter(~pl.col("is_enough")).to_dicts()]
    found = "Outside what chance gives:\n\n" + "\n".join(lines) if lines else "No share is outside what chance gives."
    return found + (f"\n\nNot enough data: {', '.join(small)}." if small else "")


def _proxies(table: pl.DataFrame) -> str:
    if not table.height:
        return ""
    rows = [
        [f"{row['attribute']} {row['group']}", f"{row['auc']:.3f} ± {row['standard_error']:.3f}", *row["features"]]
        for row in table.to_dicts()
    ]
    intro = "How well a group can be read off the features (AUC of a logistic regression, .5 is chance), and from what."
    named = ["features that carry it", *[""] * (max(len(row) for row in rows) - 3)]
    return f"{intro}\n\n{_table(['group', 'AUC', *named], rows)}"


def _stability(report: FairnessReport) -> str:
    found = report.stability
    return (
        f"Other first names and gendered words in every profile ({found.changed_share:.1%} of the texts change) give "
        f"rankings with a rank-biased overlap of {found.candidates:.4f} (candidates for a job, worst "
        f"{found.candidates_worst:.4f}) and {found.jobs:.4f} (jobs for a candidate, worst {found.jobs_worst:.4f}); "
        f"asked is .99: {'holds' if found.is_stable else '**does not hold**'}."
    )


def _figure(value: float) -> str:
    """Three decimals; a group that is never there has a skew without end."""
    return "none there" if value == -math.inf else "" if math.isnan(value) else f"{value:.3f}"


def _limits(dataset: Dataset, evaluation: Evaluation) -> str:
    names = ", ".join(name for name in ProtectedAttributes.model_fields if name != "candidate_id")
    one_sided = not any(row.target == MATCH for row in evaluation.rows)
    lines = [
        f"Protected attributes ({names}) are kept in a table of their own and are never an input. Other inputs, such "
        "as experience or place, can still stand in for them: audit the outcomes.",
        "Probabilities hold for pairs like those that were shown; a pair nobody would have shown is an extrapolation.",
        "Scores follow the market of the training period; watch drift and train again.",
    ]
    if one_sided:
        lines.append("Only one side's wishes are known: `match` says nothing about the other side.")
    if dataset.truth is not None:
        lines.append("The data comes from a simulator: the figures say nothing about real people.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _reproduce(facts: CardFacts) -> str:
    return (
        f"## Reproduce\n\n```\ngit checkout {facts.git_commit.removesuffix('-dirty')}\n{facts.command}\n```\n\n"
        f"Seed {facts.seed}; the core files must have the digest `{facts.digest}`."
    )
