"""A page of HTML: its blocks of JSON-LD, and its text.

Python's own parser takes time in the square of the length for tags that are never closed, and lxml stays in the process
with limits. This one finds tags alone; each step goes on where the last one ended.
"""

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from intake.jobs.values import MAX_DEPTH, depth_of, encodable

_BREAKS = frozenset((
    "p", "br", "div", "li", "ul", "ol", "tr", "td", "th", "table", "section", "article", "header", "footer", "main",
    "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "blockquote", "pre", "hr",
))  # fmt: skip
_NOT_TEXT = frozenset(("script", "style", "template", "noscript", "title", "svg", "iframe"))
_NAME = re.compile(r"<(?P<close>/?)(?P<name>[a-z!?][a-z0-9]{0,20})")
_JSON_LD = re.compile(r"application/ld\+json", re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_ESCAPED = re.compile(r"&lt;/?(?:p|div|ul|li|br|strong|b|h\d|span|em)\b")


@dataclass(frozen=True)
class Page:
    """What a page of HTML shows, and the data in it.

    Attributes:
        text: lines; an entry of a list begins with a dash.
        title: its first main heading; empty if it has none.
        blocks: its JSON-LD, as text.
    """

    text: str
    title: str
    blocks: tuple[str, ...]


def read_page(page: str) -> Page:
    r"""Read a page from its start to its end, once: what is never closed ends the reading.

    >>> read_page("<h1>Go &amp; C</h1><ul><li>SQL</ul><script type='application/ld+json'>[]</script>")
    Page(text='Go & C\n- SQL', title='Go & C', blocks=('[]',))
    """
    lower = page.lower() if len(page.lower()) == len(page) else page
    parts: list[str] = []
    blocks: list[str] = []
    title, heading_from = "", None
    place = 0
    while (start := page.find("<", place)) >= 0:
        parts.append(page[place:start])
        name, opening, end = _tag(page, lower, start)
        if end < 0:
            place = len(page)
        elif name in _NOT_TEXT and opening:
            close = lower.find(f"</{name}", end)
            if name == "script" and _JSON_LD.search(page[start : min(end, start + 500)]):
                blocks.append(page[end : close if close >= 0 else len(page)])
            place = close if close >= 0 else len(page)
        else:
            if name in _BREAKS:
                parts.append("\n- " if name == "li" and opening else "\n")
            if name == "h1" and not title:
                title = _words("".join(parts[heading_from:])) if heading_from is not None else ""
                heading_from = len(parts) if opening else None
            if not name:
                parts.append("<")
            place = end
    parts.append(page[place:])
    lines = (_words(line) for line in html.unescape("".join(parts)).split("\n"))
    return Page("\n".join(line for line in lines if line not in ("", "-")), html.unescape(title), tuple(blocks))


def _words(text: str) -> str:
    return " ".join(text.split())


def _tag(page: str, lower: str, start: int) -> tuple[str, bool, int]:
    """Return name, whether it opens, and the end of the tag at `start`; the end is -1 if it never ends."""
    if lower.startswith("<!--", start):
        end = page.find("-->", start)
        return "!", False, end + 3 if end >= 0 else -1
    match = _NAME.match(lower, start)
    if match is None:
        return "", False, start + 1
    end = page.find(">", match.end())
    return match["name"], not match["close"], end + 1 if end >= 0 else -1


def text_of_html(description: str) -> str:
    r"""Return the text of a description, which may be plain, HTML or HTML that is escaped once more.

    >>> text_of_html("&lt;p&gt;Go &amp;amp; C&lt;/p&gt;&lt;ul&gt;&lt;li&gt;SQL&lt;/li&gt;&lt;/ul&gt;")
    'Go & C\n- SQL'
    """
    description = encodable(description)
    if _ESCAPED.search(description):
        description = description.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    return read_page(description).text


def json_of(block: str) -> Any:
    """Read a block of JSON-LD as browsers' tools do: comments around it and commas too many are forgiven.

    >>> json_of('<!-- {"a": [1, 2,],} -->')
    {'a': [1, 2]}

    Returns:
        None if it cannot be read.
    """
    bare = re.sub(r"^\s*(?:<!--|<!\[CDATA\[|//<!\[CDATA\[)|(?:-->|//\]\]>|\]\]>)\s*;?\s*$", "", block.strip()).strip()
    for text in (bare, _TRAILING_COMMA.sub("", bare)):
        try:
            content = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        return content if depth_of(content) <= MAX_DEPTH else None
    return None
