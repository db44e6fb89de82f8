"""Values of untrusted JSON: each accessor returns what it asks for, or None for anything else."""

import html
import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from matching.data.tables import EARLIEST, LATEST
from matching.errors import UnreadableFile
from matching.text.plain_text import plain

MAX_DEPTH = 60
"""Lists and objects inside each other; a post needs six."""
MAX_NAME = 120


def parsed(text: str, name: str) -> Any:
    """Read JSON.

    Raises:
        UnreadableFile: it is no JSON, or nested too deeply.

    >>> parsed("[" * 100_000, "feed.json")
    Traceback (most recent call last):
        ...
    matching.errors.UnreadableFile: feed.json contains lists inside lists without end: send the feed itself.
    """
    try:
        content = json.loads(text, strict=False)
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError:
        raise UnreadableFile(f"{name} is damaged: its JSON cannot be read; send the feed itself.") from None
    if depth_of(content) > MAX_DEPTH:
        raise _too_deep(name)
    return content


def _too_deep(name: str) -> UnreadableFile:
    return UnreadableFile(f"{name} contains lists inside lists without end: send the feed itself.")


def depth_of(content: Any) -> int:
    """How deep lists and objects are inside each other; more than `MAX_DEPTH` is not counted."""
    depth, level = 0, [content]
    while level and depth <= MAX_DEPTH:
        level = [inner for one in level for inner in children(one)]
        depth += 1
    return depth


def children(one: Any) -> Iterator[Any]:
    """What is directly inside a list or an object."""
    yield from one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def encodable(text: str) -> str:
    """Return a text without halves of characters, which JSON can write and nothing can store."""
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


def text_of(value: Any, longest: int | None = None) -> str | None:
    """Return a text, or the number that stands for one; None if it is empty, too long or something else.

    >>> text_of(" Go&amp;C "), text_of(7), text_of([]), text_of(""), text_of(True)
    ('Go&C', '7', None, None, None)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    shown = plain(html.unescape(encodable(value[:200_000])))
    return shown if shown and (longest is None or len(shown) <= longest) else None


def name_of(value: Any) -> str | None:
    """Return a text, or the `name` of an object, or that of the only entry of a list; at most 120 characters.

    >>> name_of({"@type": "Country", "name": "DE"}), name_of(["Berlin"]), name_of(["Berlin", "Bonn"]), name_of(None)
    ('DE', 'Berlin', None, None)
    """
    if isinstance(value, list):
        return name_of(value[0]) if len(value) == 1 and not isinstance(value[0], list) else None
    if isinstance(value, dict):
        value = value.get("name")
    return text_of(value, MAX_NAME)


def number_of(value: Any) -> float | None:
    """Return a finite number; texts may have it in either decimal convention.

    >>> number_of(5), number_of("60,000.00"), number_of("60.000"), number_of("many"), number_of(float("nan"))
    (5.0, 60000.0, 60000.0, None, None)
    """
    if isinstance(value, str) and re.fullmatch(r"\s*\d[\d.,' \u00a0]{0,20}\s*", value):
        digits = re.sub(r"[\s'\u00a0]", "", value)
        whole = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", digits)
        return float(f"{re.sub('[.,]', '', whole[1]) or 0}.{whole[2] or 0}") if whole else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def time_of(value: Any) -> datetime | None:
    """Return a time in UTC: ISO 8601, or milliseconds since 1970; None outside the known years.

    >>> str(time_of("2026-03-01")), str(time_of(1_772_323_200_000)), time_of("soon"), time_of(3)
    ('2026-03-01 00:00:00+00:00', '2026-03-01 00:00:00+00:00', None, None)
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            time: datetime | None = datetime.fromtimestamp(value / 1000, UTC)
        else:
            time = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if time is not None:
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return time if time is not None and EARLIEST <= time < LATEST else None
