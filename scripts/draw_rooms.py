"""Draw the rooms and their arrows: `python scripts/draw_rooms.py` writes docs/images/rooms.svg."""

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "docs" / "images" / "rooms.svg"
WIDTH, MARGIN, GAP = 1200, 30, 20
INK, QUIET, LINE, PAPER = "#1f2933", "#52606d", "#7b8794", "#ffffff"
Lines = tuple[str, ...]

# Rooms by row, top to bottom: name, what is inside, background.
ROOMS: tuple[tuple[tuple[str, Lines, str], ...], ...] = (
    (("tandem", ("the command line: composes all rooms",), "#e3e8ef"),),
    (
        ("pipelines", ("training, tuning, the registry", "Prefect, MLflow, Optuna"), "#dcebf9"),
        ("serving", ("api · answers · contract · release", "BentoML, FastAPI"), "#dcebf9"),
        ("monitoring", ("windows, drift, quality, verdicts", "Evidently"), "#dcebf9"),
    ),
    (
        ("intake", ("files and feeds to profiles",), "#e2f3e5"),
        ("store", ("profiles, prediction log, outcomes", "SQLAlchemy"), "#e2f3e5"),
        ("home", ("settings, locks, processes, disk",), "#e2f3e5"),
    ),
)
# Packages of `matching` by floor, top to bottom; within a floor from left to right.
FLOORS: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("sources", "marketplace, job board, tables"),
        ("problems", "source, features, estimator"),
        ("training", "fit, ONNX graph, trials"),
    ),
    (
        ("explaining", "contributions, wording"),
        ("advice", "changes, effects, salary"),
        ("market", "policies, congestion"),
        ("value", "USD per week"),
    ),
    (
        ("model", "bundle, calibration, support"),
        ("evaluation", "metrics, slices, gate"),
        ("fairness", "measures, re-ranking, proxies"),
    ),
    (("rules", "hard limits"), ("features", "from profiles to numbers"), ("retrieval", "to come")),
    (
        ("errors", "one error tree"),
        ("arrays", "kinds of arrays"),
        ("onnx_session", "how graphs run"),
        ("text", "words, skills, places"),
        ("data", "tables, labels, splits"),
    ),
)


def packages() -> tuple[str, ...]:
    """Return the packages of `matching` from the bottom up, each after those it may import."""
    return tuple(name for floor in reversed(FLOORS) for name, _ in floor)


def rooms() -> tuple[str, ...]:
    """Return every room."""
    return ("matching", *(name for row in ROOMS for name, _, _ in row))


def box(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Draw a rounded rectangle."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10" fill="{fill}" '
        f'stroke="{LINE}" stroke-width="1.2"/>'
    )


def label(x: float, y: float, text: str, size: int, *, colour: str = INK, weight: int = 400) -> str:
    """Write one centred line."""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="middle">{escape(text)}</text>'
    )


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw an arrow from the room that imports to the room that is imported."""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{QUIET}" stroke-width="1.8" '
        'marker-end="url(#head)"/>'
    )


def columns(count: int, left: float, right: float) -> list[tuple[float, float]]:
    """Return left edge and width of boxes that share a row evenly."""
    width = (right - left - GAP * (count - 1)) / count
    return [(left + place * (width + GAP), width) for place in range(count)]


def room_row(row: tuple[tuple[str, Lines, str], ...], y: float, height: float) -> Iterator[str]:
    """Draw one row of rooms."""
    for (name, lines, fill), (x, width) in zip(row, columns(len(row), MARGIN, WIDTH - MARGIN), strict=True):
        yield box(x, y, width, height, fill)
        yield label(x + width / 2, y + 28, f"{name}/", 19, weight=700)
        for number, line in enumerate(lines):
            yield label(x + width / 2, y + 52 + 21 * number, line, 15, colour=QUIET)


def matching(y: float) -> Iterator[str]:
    """Draw `matching` with its floors."""
    yield box(MARGIN, y, WIDTH - 2 * MARGIN, 52 + 72 * len(FLOORS), "#fdf3dc")
    note = "what a match is: no framework, no database, no clock; a package imports those below it and to its left"
    yield label(WIDTH / 2, y + 30, f"matching/  {note}", 16, weight=600)
    for number, floor in enumerate(FLOORS):
        top = y + 46 + 72 * number
        places = columns(len(floor), MARGIN + 20, WIDTH - MARGIN - 20)
        for (name, what), (x, width) in zip(floor, places, strict=True):
            yield box(x, top, width, 58, PAPER)
            yield label(x + width / 2, top + 24, name, 16, weight=700)
            yield label(x + width / 2, top + 45, what, 14, colour=QUIET)


def picture() -> str:
    """Return the whole picture as SVG."""
    tops, heights = (20.0, 130.0, 268.0), (70.0, 96.0, 96.0)
    bottom = 406.0
    height = bottom + 52 + 72 * len(FLOORS) + 20
    parts = [part for row, y, high in zip(ROOMS, tops, heights, strict=True) for part in room_row(row, y, high)]
    middles = [x + width / 2 for x, width in columns(3, MARGIN, WIDTH - MARGIN)]
    for x in middles:
        parts.append(arrow(x, tops[0] + heights[0], x, tops[1] - 3))
        parts.append(arrow(x, tops[1] + heights[1], x, tops[2] - 3))
        parts.append(arrow(x, tops[2] + heights[2], x, bottom - 3))
    edge = columns(3, MARGIN, WIDTH - MARGIN)[2][0]
    parts.append(arrow(edge - GAP, tops[2] + 48, edge - 3, tops[2] + 48))  # the store reads the settings
    head = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{QUIET}"/></marker></defs>'
    )
    body = "\n".join([head, f'<rect width="{WIDTH}" height="{height:g}" fill="{PAPER}"/>', *parts, *matching(bottom)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        'font-family="Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif">\n'
        f"<title>The rooms of Tandem and their arrows</title>\n{body}\n</svg>\n"
    )


if __name__ == "__main__":
    TARGET.write_text(picture(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
