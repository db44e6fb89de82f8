"""Which styles hide text. Inline styles and simple selectors (tag, .class, #id) of a style sheet are read."""

import re
from collections.abc import Mapping
from typing import Any

Rules = dict[str, dict[str, str]]
"""Declarations by simple selector."""

_RULE = re.compile(r"([^{}@]{1,500})\{([^{}]{0,5000})\}")
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SIMPLE = re.compile(r"[a-z][a-z0-9]*|[a-z0-9]*[.#][\w-]+", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d*\.?\d+")
_PIXELS = {"pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16, "mm": 3.78, "cm": 37.8, "in": 96.0}
_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "transparent": None}
_READ = frozenset([
    "display", "visibility", "opacity", "font-size", "color", "background", "background-color", "position", "left",
    "top", "text-indent", "width", "height", "overflow", "clip",
])  # fmt: skip
_NOT_INHERITED = ("display", "opacity", "position", "left", "top", "width", "height", "overflow", "clip")
TINY_PIXELS = 3.0
"""Text below this size cannot be read on a page."""


def rules(sheet: str) -> Rules:
    """Read the simple rules of a style sheet.

    >>> rules(".a, p { display: none } @media print { .b { color: white } }")
    {'.a': {'display': 'none'}, 'p': {'display': 'none'}, '.b': {'color': 'white'}}
    """
    found: Rules = {}
    for selectors, body in _RULE.findall(_CSS_COMMENT.sub("", sheet)):
        for selector in selectors.split(","):
            if _SIMPLE.fullmatch(selector.strip()):
                found.setdefault(selector.strip().lower(), {}).update(_declared(body))
    return found


def declarations(element: Any, sheet: Rules) -> dict[str, str]:
    """Return what is declared for one element, later and narrower rules winning."""
    tag = element.tag.lower()
    selectors = [tag]
    for one in (element.get("class") or "").lower().split():
        selectors += [f".{one}", f"{tag}.{one}"]
    if element.get("id"):
        selectors += [f"#{element.get('id').lower()}", f"{tag}#{element.get('id').lower()}"]
    declared: dict[str, str] = dict.fromkeys(_NOT_INHERITED, "")
    for selector in selectors:
        declared |= sheet.get(selector, {})
    if element.get("bgcolor"):
        declared["background"] = element.get("bgcolor").lower()
    if tag == "font" and element.get("color"):
        declared["color"] = element.get("color").lower()
    declared |= _declared(element.get("style") or "")
    if declared.get("background-color"):
        declared["background"] = declared["background-color"]
    return declared


def hidden_by(style: Mapping[str, str], element: Any) -> str | None:
    """Say why an element with a style cannot be seen; None if it can.

    >>> hidden_by({"color": "#fff"}, {}), hidden_by({"color": "#fff", "background": "navy"}, {})
    ('no contrast with what is behind it', None)
    """
    if style.get("display") == "none" or element.get("hidden") is not None:
        return "not displayed"
    if style.get("visibility") in ("hidden", "collapse") or _is_below(style.get("opacity"), 0.1):
        return "invisible"
    if _is_below(style.get("font-size"), TINY_PIXELS):
        return "too small to be read"
    if _is_far_out(style):
        return "outside the page"
    return "no contrast with what is behind it" if _is_lost(style) else None


def _is_far_out(style: Mapping[str, str]) -> bool:
    offsets = [style.get("text-indent")]
    if style.get("position") in ("absolute", "fixed", "relative"):
        offsets += [style.get("left"), style.get("top")]
    is_clipped = style.get("overflow") == "hidden" and any(
        _is_below(style.get(side), 2) for side in ("width", "height")
    )
    return is_clipped or any((_pixels(offset) or 0) < -500 for offset in offsets)


def _is_lost(style: Mapping[str, str]) -> bool:
    """Whether text has the colour of its background; an unknown colour counts as visible."""
    color, behind = _rgb(style.get("color")), _rgb(style.get("background") or "white")
    if style.get("color") == "transparent":
        return True
    return color is not None and behind is not None and max(abs(a - b) for a, b in zip(color, behind, strict=True)) < 24


def _declared(body: str) -> dict[str, str]:
    pairs = (one.partition(":")[::2] for one in body.split(";"))
    cleaned = ((name.strip().lower(), value.replace("!important", "").strip().lower()) for name, value in pairs)
    return {name: value for name, value in cleaned if name in _READ}


def _is_below(value: str | None, bound: float) -> bool:
    pixels = _pixels(value)
    return pixels is not None and pixels < bound


def _pixels(value: str | None) -> float | None:
    """Return a length in pixels, and a plain number as it is; None where there is none."""
    number = _NUMBER.match(value or "")
    if not value or not number:
        return None
    return float(number[0]) * _PIXELS.get(value[number.end() :].strip(), 1.0)


def _rgb(value: str | None) -> tuple[int, int, int] | None:
    """Return a colour as red, green and blue; None where it is not understood."""
    value = (value or "").strip()
    if value in _NAMED:
        return _NAMED[value]
    hexadecimal = re.match(r"#([0-9a-f]{3}|[0-9a-f]{6})\b", value)
    if hexadecimal:
        digits = hexadecimal[1] if len(hexadecimal[1]) == 6 else "".join(digit * 2 for digit in hexadecimal[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    numbers = re.match(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", value)
    return (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else None
