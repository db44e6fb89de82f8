"""RSS 2.0 and Atom. Read with expat alone; a document type, and so every entity of its own, is refused."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from xml.parsers import expat

from intake.jobs.boards import add_location
from intake.jobs.findings import Place
from intake.jobs.page import text_of_html
from intake.jobs.post import Raw
from intake.jobs.salary import add_stated
from intake.jobs.values import MAX_DEPTH, text_of, time_of
from matching.errors import UnreadableFile
from matching.text.pay_rates import PayRates

Item = dict[str, str]
_ITEMS = ("item", "entry", "job")
_BODIES = ("encoded", "content", "description", "summary")
# "Go engineer at Acme".
_AT = re.compile(r"(?P<role>.{3,200}?)\s+(?:at|@|bei|chez)\s+(?P<company>[A-Z0-9][^,|]{1,60})")


class _Items:
    """Collects the texts of the items; `job` is the element of plain XML feeds."""

    def __init__(self, name: str) -> None:
        self.items: list[Item] = []
        self._name = name
        self._path, self._texts = [""], [""]
        self._item: Item | None = None
        self._inside = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._path) > MAX_DEPTH:
            raise UnreadableFile(f"{self._name} contains elements inside elements without end: send the feed itself.")
        local = tag.rpartition(":")[2].casefold()
        self._path.append(local)
        self._texts.append("")
        if local in _ITEMS and self._item is None:
            self._item, self._inside = {}, len(self._path)
        elif local == "link" and self._item is not None and "href" in attributes:
            self._item.setdefault("link", attributes["href"])

    def data(self, text: str) -> None:
        self._texts[-1] += text

    def end(self, _tag: str) -> None:
        local, text = self._path.pop(), self._texts.pop().strip()
        if self._item is None:
            return
        if len(self._path) < self._inside:
            self.items.append(self._item)
            self._item = None
        elif text and len(self._path) == self._inside:
            self._item.setdefault(local, text)


def items(text: str, name: str) -> list[Item]:
    """Return the items of a feed: their texts by the name of the element, without its prefix.

    Raises:
        UnreadableFile: it is no XML, or it declares a document type.
    """
    found = _Items(name)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.CharacterDataHandler = found.data

    def refuse(*_: object) -> None:
        raise UnreadableFile(f"{name} declares a document type, which may hide a bomb: send the feed without it.")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        if not found.items:
            raise UnreadableFile(f"{name} is damaged in line {error.lineno}: send the feed itself.") from None
    return found.items


def raws(feed: list[Item], rates: PayRates) -> Iterator[Raw]:
    """Read the items of a feed."""
    for number, item in enumerate(feed):
        yield _raw(item, f"item[{number}]", rates)


def _raw(item: Item, path: str, rates: PayRates) -> Raw:
    def at(name: str) -> Place:
        return Place(f"{path}.{name}")

    body = max((item.get(name, "") for name in _BODIES), key=len)
    title = text_of(item.get("title"))
    raw = Raw(path, title, text_of_html(body), key=text_of(item.get("guid") or item.get("id") or item.get("link"), 128))
    raw.findings.add("company", text_of(item.get("company"), 120), at("company"))
    if title and "company" not in raw.findings.found and (match := _AT.fullmatch(title)):
        raw.title = match["role"]
        raw.findings.add("company", match["company"].strip(), at("title"), sure="likely")
    for name in ("pubdate", "published", "date", "updated"):
        raw.findings.add("posted_at", _time(item.get(name)), at(name))
    for name in ("location", "region", "city"):
        if not raw.locations:
            add_location(raw, text_of(item.get(name), 120), at(name))
    if item.get("salary"):
        add_stated(raw.findings, item["salary"][:200], at("salary").path, rates, is_field=True)
    return raw


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return time_of(text)
    return time_of((time if time.tzinfo else time.replace(tzinfo=UTC)).isoformat())
