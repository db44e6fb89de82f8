"""Policies of ranking compared on the weeks after the marketplace's log: one query at a time, or the whole market."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matching.errors import InputError
from tandem.console import out, steps, table
from tandem.options import MarketSeed, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from matching.data.dataset import Dataset
    from matching.data.progress import Progress
    from matching.evaluation.baselines import Popularity
    from matching.model.match_model import MatchModel
    from matching.sources.marketplace.comparison import Interval, PolicyResult, Ranker
    from matching.sources.marketplace.season import Season, SeasonRules

CHUNK = 100_000
MODEL = "model alone"
COLUMNS = ["policy", "matches a week", "gain", "outreach a week", "lost", "to top 10", "Gini", "in lists"]
LEGEND = (
    "alone: each job ranked for itself. no limit: as if every outreach were answered, which shows what congestion "
    "costs. gain: over the model alone, on the same chance. lost: outreach that candidates leave unanswered. Gini, "
    "in lists: how evenly places in lists are spread, and who has any. ±: 95 % interval over chance in one market."
)


def market(
    *,
    seed: MarketSeed = None,
    weeks: Annotated[int, typer.Option(min=1, max=26, help="Weeks after the log to simulate.")] = 8,
    repeats: Annotated[int, typer.Option(min=2, max=1_000, help="Random draws behind the intervals.")] = 20,
    length: Annotated[int, typer.Option(min=1, max=100, help="Candidates in a job's weekly list.")] = 10,
    answers: Annotated[int, typer.Option(min=1, help="Outreaches a candidate answers in a week.")] = 1,
    max_exposure: Annotated[
        int | None,
        typer.Option(
            min=1, help="In how many lists a candidate may appear in a week.", show_default="by the market's size"
        ),
    ] = None,
    crowding: Annotated[int, typer.Option(min=1, help="Also simulate with one candidate in N; 1 turns this off.")] = 4,
) -> None:
    """Compare ranking for one query with ranking for the whole market, in matches a week on the marketplace."""
    plan = Plan(weeks, repeats, length, answers, max_exposure, crowding)
    compare(settings_from(source="marketplace", seed=seed), plan)


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Attributes:
        weeks: weeks after the log.
        repeats: draws of chance.
        list_length: candidates in a job's weekly list.
        answers_per_week: outreaches a candidate answers in a week.
        max_exposure: lists a candidate may stand in, or the capacity behind the prices; None for what suits the market.
        crowding: in the second market only one candidate in so many is there.
    """

    weeks: int
    repeats: int
    list_length: int
    answers_per_week: int
    max_exposure: int | None
    crowding: int


def compare(settings: "Settings", plan: Plan) -> None:
    """Simulate the weeks after the log with the champion and its peers; print a table per market and draw a picture.

    Raises:
        InputError: the source is not the marketplace: nothing else has a known truth.
        NoChampion: nothing was promoted yet.
    """
    if settings.source != "marketplace":
        raise InputError(f"policies are compared on the simulated marketplace only, not on {settings.source}")
    from tandem import market_picture

    folder = settings.make_root() / "market"
    with steps("simulating the market") as say:
        markets = _simulate(settings, plan, say)
        folder.mkdir(exist_ok=True)
        market_picture.draw(markets, folder / "market.png")
        _write(markets, plan, folder / "market.json")
    for name, results in markets.items():
        out.print()
        table(name, COLUMNS, [_row(result) for result in results])
    out.print(f"[dim]{LEGEND}[/dim]")
    out.print(f"{folder / 'market.png'}  {folder / 'market.json'}")


def _simulate(settings: "Settings", plan: Plan, say: "Progress") -> "dict[str, list[PolicyResult]]":
    from matching.model.match_model import MatchModel
    from matching.sources.marketplace import SOURCE
    from matching.sources.marketplace.comparison import compare as compare_policies
    from matching.sources.marketplace.season import SeasonRules, draw_season
    from tandem.releases import champion, fetched

    with fetched(settings, champion(settings)) as release:
        model = MatchModel.load(release.bundle)
    say(f"champion is version {release.model_version}; simulating the log")
    popularity = _popularity(settings, SOURCE.load(None, seed=settings.seed, progress=lambda _: None))
    rules = SeasonRules(plan.list_length, plan.answers_per_week)
    markets = {}
    for crowding in dict.fromkeys((1, plan.crowding)):
        season = draw_season(SOURCE.config, seed=settings.seed, weeks=plan.weeks, crowding=crowding)
        name = _name(season, rules, crowding)
        say(f"scoring {len(season.pairs):,} pairs: {name}")
        exposure = plan.max_exposure or _exposure(season, rules)
        rankers = _rankers(season, model, popularity, exposure)
        markets[name] = compare_policies(season, rankers, rules, repeats=plan.repeats, reference=MODEL, progress=say)
    return markets


def _name(season: "Season", rules: "SeasonRules", crowding: int) -> str:
    """Say which market it is, by what a week holds."""
    who = "As in the log" if crowding == 1 else f"Crowded, one candidate in {crowding}"
    jobs, candidates = season.open.sum(axis=1).mean(), season.active.sum(axis=1).mean()
    answers = f"{rules.answers_per_week} answer{'s' * (rules.answers_per_week > 1)}"
    return f"{who}: {jobs:,.0f} jobs, {candidates:,.0f} candidates, lists of {rules.list_length}, {answers} a week"


def _exposure(season: "Season", rules: "SeasonRules") -> int:
    """The cap suggested for a week of this market."""
    from matching.market.policies import suggested_exposure

    jobs, candidates = season.open.sum(axis=1).mean(), season.active.sum(axis=1).mean()
    return suggested_exposure(round(jobs), round(candidates), rules.list_length, rules.answers_per_week)


def _popularity(settings: "Settings", dataset: "Dataset") -> "Popularity":
    from matching.data.splits import split
    from matching.evaluation.baselines import Popularity

    parts = split(dataset, maturity=timedelta(days=settings.label_maturity_days), seed=settings.seed)
    return Popularity.fit(parts.train)


def _rankers(season: "Season", model: "MatchModel", popularity: "Popularity", max_exposure: int) -> "dict[str, Ranker]":
    from matching.market import policies
    from matching.sources.marketplace.comparison import Ranker

    scores = {name: season.matrix(values) for name, values in _scores(season, model, popularity).items()}
    mine, truth = scores.pop("model"), season.company * season.candidate
    caps, prices = (policies.policy(method, max_exposure) for method in ("caps", "transferable_utility"))
    return {
        **{name: Ranker(score, policies.per_query) for name, score in scores.items()},
        MODEL: Ranker(mine, policies.per_query),
        f"model, caps {max_exposure}": Ranker(mine, caps),
        f"model, prices {max_exposure}": Ranker(mine, prices),
        "model, no limit": Ranker(mine, policies.per_query, all_answered=True),
        "truth alone": Ranker(truth, policies.per_query),
        f"truth, caps {max_exposure}": Ranker(truth, caps),
        f"truth, prices {max_exposure}": Ranker(truth, prices),
    }


def _scores(season: "Season", model: "MatchModel", popularity: "Popularity") -> dict[str, Any]:
    """Scores of every pair that can meet, by ranker; a baseline whose features the model lacks is left out."""
    import numpy as np

    from matching.data.tables import Direction
    from matching.evaluation.baselines import Rules, TextSimilarity

    pairs = season.pairs
    candidates, jobs = model.encode_candidates(pairs.candidates), model.encode_jobs(pairs.jobs)
    known = model.feature_names
    checklists: dict[str, Rules | TextSimilarity] = {"rules": Rules(known), "TF-IDF": TextSimilarity(known)}
    checklists = {name: one for name, one in checklists.items() if set(one.USES) <= set(known)}
    parts: dict[str, list[Any]] = {"popularity": [], **{name: [] for name in checklists}, "model": []}
    for start in range(0, len(pairs), CHUNK):
        part = pairs.take(np.arange(start, min(start + CHUNK, len(pairs))))
        answer = model.score_encoded(candidates, jobs, part.candidate_rows, part.job_rows)
        parts["popularity"].append(popularity(Direction.COMPANY, part, answer.features))
        for name, checklist in checklists.items():  # both sides' points are summed
            parts[name].append(sum(checklist(direction, part, answer.features) for direction in Direction))
        parts["model"].append(answer.match)
    return {name: np.concatenate(values) for name, values in parts.items()}


def _row(one: "PolicyResult") -> list[str]:
    return [
        one.policy,
        _spread(one.matches, ".1f"),
        "-" if one.policy == MODEL else _spread(one.gain, "+.1f"),
        f"{one.outreach:.0f}",
        f"{100 * one.lost:.1f}%",
        f"{100 * one.top_10:.0f}%",
        f"{one.gini:.2f}",
        f"{100 * one.coverage:.0f}%",
    ]


def _spread(interval: "Interval", form: str) -> str:
    return f"{interval.mean:{form}}±{interval.high - interval.mean:.1f}"


def _write(markets: "dict[str, list[PolicyResult]]", plan: Plan, file: Path) -> None:
    """Write every figure, without the exposure of single candidates."""
    figures = {
        name: [{key: value for key, value in asdict(one).items() if key != "exposure"} for one in results]
        for name, results in markets.items()
    }
    file.write_text(json.dumps({"plan": asdict(plan), "markets": figures}, indent=1), encoding="utf-8")
