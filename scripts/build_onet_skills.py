#!/usr/bin/env python3
"""Make matching/text/vocabulary/onet.tsv: scripts/build_onet_skills.py TECHNOLOGY_SKILLS ORDINARY...

TECHNOLOGY_SKILLS is "Technology Skills.txt" of the O*NET database (https://www.onetcenter.org/database.html, CC BY
4.0). ORDINARY are files with one ordinary word, name of a person or place a line. The committed file was made from
O*NET 29.2, the words of Debian's package wamerican, and the first and last names of Faker 40 for English, German,
French, Spanish, Italian, Dutch and Polish.

Kept are tools of a computer occupation (SOC 15), "hot" ones, and those of two or more occupations; left out are kinds
of software ("Word processing software") and what skills.tsv already names.
"""

import csv
import re
import sys
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "matching" / "text" / "vocabulary"
HEADER = """# Technologies by name and other spellings, in the form of skills.tsv. Made by scripts/build_onet_skills.py.
# Source: O*NET 29.2 Database by the U.S. Department of Labor, Employment and Training Administration (USDOL/ETA),
# used under the CC BY 4.0 license (https://creativecommons.org/licenses/by/4.0/). O*NET is a trademark of USDOL/ETA.
# Tandem has shortened and selected names; USDOL/ETA has not approved, endorsed or tested these modifications.
"""
VENDORS = (
    "Adobe Systems|Adobe|Amazon Web Services AWS|Amazon Web Services|Amazon|Apache|Apple|Atlassian|Autodesk|"
    "Avid Technology|Bentley|BMC|Borland|Broadcom|CA|Cadence|Cisco Systems|Cisco|Citrix|Cloudera|Corel|"
    "Dassault Systemes|Embarcadero|EMC|Epic Systems|ESRI|Facebook|Geographic|Google|Hewlett Packard|Hewlett-Packard|"
    "HP|IBM|Informatica|Informatica Corporation|Intel|Intuit|JetBrains|Kronos|LexisNexis|McAfee|Mentor Graphics|"
    "Microsoft|Mozilla|National Instruments|NetSuite|Novell|NVIDIA|Oracle|Oracle Corporation|PTC|Red Hat|RedHat|"
    "Rockwell|Sage|Salesforce|SAP|Siemens|SmartBear Software|Software AG|Sun Microsystems|Symantec|Synopsys|"
    "The MathWorks|ThoughtWorks|Trimble|VMware|Wolfram Research|Xilinx"
)
_ACRONYM = re.compile(r"^(?P<words>.+?) \(?(?P<acronym>[A-Z][A-Z0-9+/.-]{1,7})\)?$")
_GENERIC_END = re.compile(r" (?:software|systems?|applications?|tools?|programs?)$", re.IGNORECASE)


def main(technologies: Path, ordinary: list[Path]) -> None:
    """Write the file."""
    words = {word.strip().casefold() for path in ordinary for word in path.read_text(encoding="utf-8").splitlines()}
    taken = set(_own_spellings())
    lines = {}
    for example in _kept(technologies):
        spellings = [one for one in _spellings(example) if len(one) > 1 and any(letter.isupper() for letter in one)]
        fresh = [one for one in dict.fromkeys(spellings) if _key(one) not in taken]
        if not fresh or (len(fresh) < len(spellings) and _is_known(spellings, taken)):
            continue
        taken.update(_key(one) for one in fresh)
        fresh = [one for one in fresh if _key(one) not in words]  # "Designer" and "Meet" are products, too
        if not fresh:
            continue
        marked = [one + "?" * (len(one) < 3) for one in fresh]
        lines[fresh[0]] = marked[0] + ("\t" + "|".join(marked[1:]) if marked[1:] else "")
    ordered = [lines[name] for name in sorted(lines, key=str.casefold)]
    (FOLDER / "onet.tsv").write_text(HEADER + "\n".join(ordered) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(ordered)} technologies\n")


def _kept(technologies: Path) -> list[str]:
    rows = list(csv.DictReader(technologies.open(encoding="utf-8"), delimiter="\t"))
    occupations = Counter(row["Example"] for row in rows)
    computing = {row["Example"] for row in rows if row["O*NET-SOC Code"].startswith("15-")}
    hot = {row["Example"] for row in rows if row["Hot Technology"] == "Y"}
    return [name for name, count in occupations.items() if count > 1 or name in computing or name in hot]


def _spellings(example: str) -> list[str]:
    """The name that people use first, then others; nothing for a kind of software."""
    name = re.sub(r"\s*\(.*?\)$", "", example).strip()
    without_end = _GENERIC_END.sub("", _GENERIC_END.sub("", name))
    acronym = _ACRONYM.match(without_end)
    is_phrase = not any(letter.isupper() for letter in without_end[1:])
    if is_phrase and (without_end != name or " " in name):
        return []
    if acronym and _stands_for(acronym["acronym"], acronym["words"]):
        long = acronym["words"]
        if not any(letter.isupper() for letter in long[1:]) and without_end != name:
            return []  # a kind of software with its abbreviation
        short = _without_vendor(long)
        return [long, *([short] if short != long and " " in short else []), acronym["acronym"]]
    short = _without_vendor(without_end)
    # A single ordinary word is the vendor's only beside the vendor: Microsoft Word, Apple Keynote.
    return [short, without_end] if short != without_end else [without_end]


def _stands_for(acronym: str, words: str) -> bool:
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z0-9]+", words)).upper()
    letters = re.sub(r"[^A-Z]", "", acronym)
    rest = iter(initials)
    return len(letters) > 1 and all(letter in rest for letter in letters)


def _without_vendor(name: str) -> str:
    for vendor in sorted(VENDORS.split("|"), key=len, reverse=True):
        if name.startswith(f"{vendor} "):
            return name[len(vendor) + 1 :]
    return name


def _is_known(spellings: list[str], taken: set[str]) -> bool:
    return any(_key(one) in taken for one in spellings)


def _key(name: str) -> str:
    return " ".join(re.findall(r"[\w+#]+", name.casefold()))


def _own_spellings() -> list[str]:
    lines = (FOLDER / "skills.tsv").read_text(encoding="utf-8").splitlines()
    named = [re.split(r"[\t|]", line) for line in lines if line and not line.startswith("#")]
    return [_key(one.rstrip("?~")) for names in named for one in names]


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
