"""A verdict as text."""

from monitoring.quality import QualityFigure
from monitoring.verdict import WindowVerdict

SHOWN_ALSO = 6


def render(verdict: WindowVerdict) -> str:
    """Return a verdict as lines: state, window, reasons with the cause first, quality, notes."""
    window = verdict.window
    labels = ", ".join(f"{count:,} {direction} labels" for direction, count in window.labelled.items())
    lines = [
        f"{verdict.state}: {verdict.model_name} version {verdict.model_version}",
        f"  window: {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC, "
        f"{window.rows:,} predictions in {window.requests:,} requests, {labels}",
    ]
    for number, reason in enumerate(verdict.reasons, start=1):
        lines.append(f"  {number}. {reason.kind}: {reason.words}")
        lines.append(f"     change {reason.statistic:.3f}, quiet windows stay under {reason.threshold:.3f}")
        if reason.also:
            more = len(reason.also) - SHOWN_ALSO
            rest = f" and {more} more" if more > 0 else ""
            lines.append(f"     follows from the same input: {', '.join(reason.also[:SHOWN_ALSO])}{rest}")
    lines += [f"  {_quality_line(figure)}" for figure in verdict.quality if figure.enough]
    return "\n".join([*lines, *(f"  note: {note}" for note in verdict.notes)])


def _quality_line(figure: QualityFigure) -> str:
    state = "worse" if figure.severity > 1 else "as expected"
    threshold = max(figure.margin, figure.minimum)
    if figure.measure == "calibration":
        low, high = (100 * figure.expected * max(0.0, 1 + side * threshold) for side in (-1, 1))
        found = f"{100 * figure.observed:.1f} % yes, {low:.1f} to {min(high, 100.0):.1f} % expected"
    else:
        found = f"AUC {figure.observed:.3f}, at least {figure.expected - threshold:.3f} expected"
    return f"quality of {figure.direction}: {found}, {state}"
