"""Picture of a comparison of policies: matches a week, and how evenly the lists are spread."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from matching.market import congestion

if TYPE_CHECKING:
    from matching.sources.marketplace.comparison import PolicyResult

BLUE, GREY, ORANGE, GREEN = "#2b6cb0", "#a0aec0", "#dd6b20", "#2f855a"


def draw(markets: "dict[str, list[PolicyResult]]", file: Path) -> None:
    """Draw a row per market: bars of matches with their intervals, Lorenz curves of exposure.

    Args:
        markets: results by name of the market.
        file: where to write, PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2 * len(markets)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(markets), 2, squeeze=False)
    for (name, results), (left, right) in zip(markets.items(), panels, strict=True):
        _matches(left, results)
        _lorenz(right, results)
        left.set_title(name.split(":")[0], loc="left", fontsize=10)
    figure.savefig(file, dpi=110)


def _matches(panel: Any, results: "list[PolicyResult]") -> None:
    names = [one.policy for one in results]
    means = [one.matches.mean for one in results]
    errors = [
        [one.matches.mean - one.matches.low for one in results],
        [one.matches.high - m for one, m in zip(results, means, strict=True)],
    ]
    panel.barh(names, means, xerr=errors, color=[_colour(name) for name in names], ecolor="black", capsize=2)
    panel.invert_yaxis()
    panel.tick_params(axis="y", labelsize=8)
    panel.set_xlabel("matches a week, 95 % interval")


def _lorenz(panel: Any, results: "list[PolicyResult]") -> None:
    panel.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="all alike")
    for one in results:
        if one.policy.startswith("model") and "no limit" not in one.policy:
            people, held = congestion.lorenz(one.exposure)
            panel.plot(people, held, color=_colour(one.policy), label=f"{one.policy}, Gini {one.gini:.2f}")
    panel.set(xlabel="share of the candidates, fewest lists first", ylabel="share of all places in lists")
    panel.legend(frameon=False, fontsize=8)


def _colour(policy: str) -> str:
    """Prices and caps stand out from ranking for one query, and the model from the others."""
    if not policy.startswith("model"):
        return GREY
    return ORANGE if "caps" in policy else GREEN if "prices" in policy else BLUE
