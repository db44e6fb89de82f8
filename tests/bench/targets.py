"""The figures that the model must reach, measured beside the baselines of the same run.

python tests/bench/targets.py             # everything; takes minutes; public data if TANDEM_REALDATA is set
python tests/bench/targets.py ranking     # only some parts of: ranking, bias, flow, speed, same, views
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from home.settings import Settings
from matching.data.dataset import Dataset
from matching.data.labels import LabelledPairs
from matching.data.splits import Splits, split
from matching.data.tables import Direction
from matching.evaluation import baselines, metrics, slices
from matching.evaluation.evaluation import BEST_ACHIEVABLE, MATCH, MODEL, TRUTH, evaluate, importance
from matching.fairness.audit import measure_fairness
from matching.model.match_model import MatchModel
from matching.problems import load_problem
from matching.training import fit, next_view
from pipelines import companions, steps
from pipelines.training_flow import IMPORTANCE_ROWS

Line = tuple[str, str, str, str]
NOT_BASELINES = (MODEL, BEST_ACHIEVABLE, TRUTH)
LARGE, MATURITY, SEED = "marketplace_large", timedelta(days=14), 7
CALLS = 200
BIAS_FIGURES = (
    "nDCG@10, candidates",
    "nDCG@10, jobs",
    "mean error of the probability",
    "calibration error against truth",
)


def ranking() -> Iterator[Line]:
    """Rank whole pools of the large marketplace by true mutual probability: everything, and what training never saw."""
    dataset, parts = _dataset_and_splits(LARGE)
    fitted = fit.fit(parts.train, parts.calibration, seed=SEED, problem=load_problem(LARGE))
    features = fitted.transform(parts.calibration.pairs)
    named = baselines.fit_baselines(parts.train, parts.calibration, features, fitted.features.feature_names)
    for name, rows in _kinds(parts):
        found = evaluate(fitted, named, rows, truth=dataset.truth, seed=SEED)
        least = 0.95 if name == "all" else 0.90
        for figure in ("ndcg_candidates", "ndcg_jobs"):
            of = {row.ranker: getattr(row, figure) for row in found.rows if row.target == MATCH}
            what = f"{figure.replace('ndcg_', 'nDCG@10, ')}, {name}"
            ideal = of[BEST_ACHIEVABLE]
            yield what, f"{of[MODEL]:.3f}", f"best achievable {ideal:.3f}", _ratio(of[MODEL] / ideal, least)
            if name == "all":
                best, lead = max((value, key) for key, value in of.items() if key not in NOT_BASELINES)
                yield what, f"{of[MODEL]:.3f}", f"{lead} {best:.3f}", _ratio(of[MODEL] / best, 1.25)
        if name == "all":
            for direction in Direction:
                error, ideal = (found.find(direction, who).calibration_error for who in (MODEL, BEST_ACHIEVABLE))
                beside = f"on outcomes; best achievable {ideal:.4f}"
                yield f"calibration error, {direction}", f"{error:.4f}", beside, _verdict(error <= 0.02)
    scores = fitted.score_features(fitted.transform(parts.holdout.pairs))
    named_rows = list(slices.rows_by_slice(parts.holdout, parts.train, load_problem(LARGE).slices))
    truly = _truly_labelled(dataset, parts.holdout)
    for direction in Direction:
        known = ~np.isnan(truly.label(direction))
        probability = np.asarray(scores.direction(direction), dtype=np.float64)[known]
        ones = np.ones(len(probability))
        error = metrics.calibration_error(truly.label(direction)[known], probability, ones, ones)
        yield f"calibration error, {direction}", f"{error:.4f}", "on true probabilities", _verdict(error <= 0.02)
    for labelled, measured_on in ((parts.holdout, "outcomes"), (truly, "true probabilities")):
        enough = [one for one in slices.calibration(labelled, scores, named_rows, seed=SEED) if one.enough]
        worst = max(enough, key=lambda one: one.calibration_error)
        error, beside = worst.calibration_error, f"on {measured_on}; {worst.direction}, {worst.name}"
        yield f"worst of {len(enough)} slices", f"{error:.4f}", beside, _verdict(round(error, 4) <= 0.04)


def _truly_labelled(dataset: Dataset, holdout: LabelledPairs) -> LabelledPairs:
    """The same rows with true probabilities as labels: calibration without the noise of few outcomes."""
    assert dataset.truth is not None
    company, candidate = (
        np.where(np.isnan(holdout.label(direction)), np.nan, dataset.truth.probability(direction, holdout.pairs))
        for direction in Direction
    )
    return replace(holdout, company=company, candidate=candidate, propensity=np.ones(len(holdout)))


def bias() -> Iterator[Line]:
    """Learn from the log with its position bias corrected, and as if every position of a list were examined.

    Without the correction, the probabilities are wrong. The ranking has no target: both do about equally well there.
    """
    declared = load_problem("marketplace")
    dataset, parts = _dataset_and_splits("marketplace")
    corrected, naive = (
        _company_figures(fit.fit(*slices, seed=SEED, problem=declared), parts.holdout, dataset)
        for slices in ((parts.train, parts.calibration), (_as_if_seen(parts.train), _as_if_seen(parts.calibration)))
    )
    for what, mine, theirs in zip(BIAS_FIGURES, corrected, naive, strict=True):
        verdict = f"{mine / theirs:.3f}, no target" if what.startswith("nDCG") else _verdict(mine < theirs)
        yield f"company, {what}", f"{mine:.4f}", f"position bias not corrected {theirs:.4f}", verdict


def _as_if_seen(rows: LabelledPairs) -> LabelledPairs:
    return replace(rows, propensity=np.ones(len(rows)))


def _company_figures(fitted: fit.FittedModel, holdout: LabelledPairs, dataset: Dataset) -> tuple[float, ...]:
    found = evaluate(fitted, {}, holdout, truth=dataset.truth, seed=SEED).find(Direction.COMPANY, MODEL)
    scores = fitted.score_features(fitted.transform(holdout.pairs)).company
    assert dataset.truth is not None
    assert scores is not None
    true = dataset.truth.probability(Direction.COMPANY, holdout.pairs)
    ones = np.ones(len(true))
    error = metrics.calibration_error(true, scores.astype(np.float64), ones, ones)
    return found.ndcg_candidates, found.ndcg_jobs, float(np.abs(true - scores).mean()), error


def flow() -> Iterator[Line]:
    """Train on a million impressions: the whole flow beside the same model fitted and evaluated in one process.

    Both fit everything in a bundle and measure everything on a card. The flow adds Prefect, MLflow, checking and
    hashing the data, the plots, the stored profiles and the manifest. `--lean` fits and evaluates the scores alone.
    """
    lean, _ = _timed([sys.executable, __file__, "--lean"], "")
    bare, bare_peak = _timed([sys.executable, __file__, "--bare"], "")
    with tempfile.TemporaryDirectory() as home:
        whole, peak = _timed([str(Path(sys.executable).parent / "tandem"), "train", "--source", LARGE], home)
    yield "whole flow, seconds", f"{whole:.0f}", f"fit and evaluate {bare:.0f}", _ratio(whole / bare, 1.25, most=True)
    yield (
        "whole flow, seconds",
        f"{whole:.0f}",
        f"scores and their table alone {lean:.0f}",
        f"{whole / lean:.3f}, no target",
    )
    yield "peak memory, GiB", f"{peak:.2f}", f"fit and evaluate {bare_peak:.2f}", _verdict(peak < 6)


def bare() -> None:
    """Load, split, fit and measure everything that the flow does, with nothing around it."""
    settings = Settings(source=LARGE, seed=SEED)
    dataset, parts = _dataset_and_splits(LARGE)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        model = steps.build(settings, parts, bundle, data_digest="")
        rankers = steps.fit_baselines(model, parts)
        evaluation = steps.evaluate_model(settings, model, rankers, parts, dataset)
        scores = model.score(parts.holdout.pairs)
        compared = steps.HoldoutScores.of(parts.holdout, scores, rankers, champion=None)
        value = steps.estimate_value(settings, dataset, parts, compared)
        steps.calibration_by_slice(settings, parts, scores)
        measure_fairness(model, parts.holdout, dataset.protected, truth=dataset.truth, seed=SEED)
        steps.apply_gate(settings, evaluation, compared, value)
        companions.write(model, parts, dataset, bundle, seed=SEED)
        importance(model, parts.holdout, seed=SEED, rows=IMPORTANCE_ROWS)


def lean() -> None:
    """Load, split, fit the scores and measure them beside the baselines."""
    dataset, parts = _dataset_and_splits(LARGE)
    fitted = fit.fit(parts.train, parts.calibration, seed=SEED, problem=load_problem(LARGE))
    features = fitted.transform(parts.calibration.pairs)
    named = baselines.fit_baselines(parts.train, parts.calibration, features, fitted.features.feature_names)
    evaluate(fitted, named, parts.holdout, truth=dataset.truth, seed=SEED)


def speed() -> Iterator[Line]:
    """Score feature rows: the registered form beside scikit-learn's predict of the same trees, in CPU milliseconds."""
    fitted, model, rows = _default()
    for count, most in ((1, 0.1), (1_000, 10.0)):
        registered, theirs = _cpu(model.score_features, rows[:count]), _cpu(fitted.score_features, rows[:count])
        verdict = f"{_verdict(registered <= most)}, at most {most:g}"
        yield f"{count:,} pair{'s' * (count > 1)}, CPU ms", f"{registered:.3f}", f"scikit-learn {theirs:.2f}", verdict
    difference = np.abs(model.score_features(rows).match - fitted.score_features(rows).match).max()
    yield "largest difference of a score", f"{difference:.1e}", "scikit-learn", _verdict(difference <= 1e-5)


def same() -> Iterator[Line]:
    """Train twice on the same data with the same seed."""
    (_, one, rows), (_, other, _) = _default(), _default()
    alike = one.digest == other.digest and np.array_equal(
        one.score_features(rows).match, other.score_features(rows).match
    )
    yield "trained twice, digest and scores", one.digest[:12], other.digest[:12], _verdict(alike)


def views() -> Iterator[Line]:
    """Rank the next view of a public job board, beside the baselines."""
    folder = os.environ.get("TANDEM_REALDATA")
    if not folder:
        yield "job_views", "not measured", "TANDEM_REALDATA is not set", ""
        return
    board = load_problem("job_board")
    dataset = board.source.load(Path(folder) / "job_views", seed=SEED, progress=lambda _: None)
    found = next_view.report(dataset, lambda rest: next_view.fit_model(rest, seed=SEED, problem=board), seed=SEED)
    for figure, least in (("recall_at_10", 0.35), ("ndcg_at_10", 0.24)):
        of = dict(zip(found["method"].to_list(), found[figure].to_list(), strict=True))
        best = max((value, name) for name, value in of.items() if name != "model")
        yield f"job_views, {figure}", f"{of['model']:.3f}", f"{best[1]} {best[0]:.3f}", _ratio(of["model"], least)


def _dataset_and_splits(name: str) -> tuple[Dataset, Splits]:
    dataset = load_problem(name).source.load(None, seed=SEED, progress=lambda _: None)
    return dataset, split(dataset, maturity=MATURITY, seed=SEED)


def _kinds(parts: Splits) -> Iterator[tuple[str, LabelledPairs]]:
    yield "all", parts.holdout
    for side, key in (("candidate", "candidate_id"), ("job", "job_id")):
        yield f"new {side}s", parts.holdout.take(slices.unseen(parts.holdout, parts.train, side, key))


def _default() -> tuple[fit.FittedModel, MatchModel, NDArray[np.float32]]:
    _, parts = _dataset_and_splits("marketplace")
    fitted = fit.fit(parts.train, parts.calibration, seed=SEED, problem=load_problem("marketplace"))
    rows = fitted.transform(parts.holdout.pairs.take(np.arange(2_000)))
    with tempfile.TemporaryDirectory() as folder:
        fit.write(fitted, Path(folder) / "bundle", source="marketplace", facts={}, check=rows)
        return fitted, MatchModel.load(Path(folder) / "bundle"), rows


def _cpu(score: Callable[[NDArray[np.float32]], object], rows: NDArray[np.float32]) -> float:
    """Median CPU milliseconds, over all threads, of scoring rows."""
    score(rows)
    taken = []
    for _ in range(CALLS):
        began = time.process_time()
        score(rows)
        taken.append(1_000 * (time.process_time() - began))
    return float(np.median(taken))


def _timed(command: list[str], home: str) -> tuple[float, float]:
    """Seconds of a command that must succeed, and its peak memory, GiB."""
    environment = os.environ | ({"TANDEM_HOME": home} if home else {})
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if child.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed: {output.read()[-2_000:].decode(errors='replace')}")
    return seconds, used.ru_maxrss / 2**20


def _ratio(value: float, limit: float, *, most: bool = False) -> str:
    holds = value <= limit if most else value >= limit
    return f"{_verdict(holds)}, {value:.3f} of {'at most' if most else 'at least'} {limit:g}"


def _verdict(holds: bool) -> str:
    return "reached" if holds else "MISSED"


PARTS = {"ranking": ranking, "bias": bias, "flow": flow, "speed": speed, "same": same, "views": views}


def main() -> None:
    """Print one line per figure as soon as it is measured."""
    alone = {"--bare": bare, "--lean": lean}
    if len(sys.argv) == 2 and sys.argv[1] in alone:
        alone[sys.argv[1]]()
        return
    sys.stdout.write(f"{'figure':<40} {'measured':>12}  {'beside':<54} target\n")
    for name in sys.argv[1:] or PARTS:
        for line in PARTS[name]():
            sys.stdout.write(f"{line[0]:<40} {line[1]:>12}  {line[2]:<54} {line[3]}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
