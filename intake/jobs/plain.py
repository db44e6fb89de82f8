"""A post as a text: its title, and what labelled lines say."""

import re

from intake.jobs.boards import add_location
from intake.jobs.findings import Place
from intake.jobs.post import Raw
from intake.jobs.salary import add_stated
from matching.text.pay_rates import PayRates

_LABELS = {
    "title": r"(?:job )?title|position|role|stelle|stellenbezeichnung|poste|intitulé du poste|puesto",
    "company": r"company|employer|firma|unternehmen|arbeitgeber|entreprise|société|empresa",
    "location": r"(?:job )?locations?|standort|arbeitsort|ort|lieu|localisation|ubicación|lugar",
    "salary": r"salary|compensation|pay|gehalt|vergütung|salaire|rémunération|salario",
}
_LABELLED = {
    name: re.compile(rf"(?im)^[ \t*•#-]*(?:{words})\**[ \t]*:[ \t*]*(?P<value>[^\n]{{2,200}})$")
    for name, words in _LABELS.items()
}
MAX_TITLE_LINE = 120


def raw_of_text(text: str, rates: PayRates, *, title: str = "") -> Raw:
    """Read a post that is nothing but text.

    Args:
        text: the post.
        rates: for its salary.
        title: what a page gives as its main heading.
    """
    raw = Raw("text", title or None, text)
    values = {name: match for name, pattern in _LABELLED.items() if (match := pattern.search(text))}
    if "title" in values and not title:
        raw.title = values["title"]["value"].strip(" *")
    if not raw.title:
        first = next((line.strip(" \t#*•-") for line in text.split("\n") if line.strip(" \t#*•-")), "")
        raw.title = first if len(first) <= MAX_TITLE_LINE and not first.endswith((".", "!")) else None
        raw.findings.doubt("title", "The title is the first line of the text.", Place("text", 0, len(first)))
    if match := values.get("company"):
        raw.findings.add("company", match["value"].strip(" *")[:120], _place(match), sure="likely")
    if match := values.get("location"):
        add_location(raw, match["value"].strip(" *")[:120], _place(match))
    if match := values.get("salary"):
        add_stated(raw.findings, match["value"], "text", rates, is_field=True)
    return raw


def _place(match: re.Match[str]) -> Place:
    return Place("text", match.start("value"), match.end("value"))
