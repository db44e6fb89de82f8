#!/usr/bin/env python3
"""Make matching/text/vocabulary/countries.tsv with Babel (pip install babel): scripts/build_countries.py

The names are those of the Unicode Common Locale Data Repository (CLDR), which Babel 2.19 holds, in the languages below.
Continents come from matching/text/vocabulary/continents.tsv, abbreviations and former names from the list in this file.
"""

import unicodedata
from pathlib import Path

from babel.core import Locale, get_global

FOLDER = Path(__file__).resolve().parent.parent / "matching" / "text" / "vocabulary"
LANGUAGES = (
    "en de fr es it pt nl pl uk ru cs sk sl hr sr sv da nb fi et lv lt tr ro hu el bg ja zh zh_Hant ko ar he fa hi bn "
    "id ms vi th ca eu gl ga cy is sq mk ka hy az kk"
)
HEADER = """# Countries: ISO 3166-1 code, number of the continent, English name, other names separated by "|".
# Continents: 1 Europe, 2 North America, 3 South America, 4 Asia, 5 Africa, 6 Oceania, 0 none.
# Made by scripts/build_countries.py. Source: Unicode CLDR (https://cldr.unicode.org), Copyright (c) 1991-2026 Unicode,
# Inc., used under the Unicode License V3 (https://www.unicode.org/license.txt); abbreviations and former names written
# for Tandem.
"""
OTHER_NAMES = {
    "US": "America|United States of America|the States|U.S.|U.S.A.|Estados Unidos|Etats-Unis|EEUU|EE.UU.",
    "GB": "UK|U.K.|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|G.B.",
    "AE": "UAE|U.A.E.|Emirates",
    "SA": "KSA",
    "CN": "PRC|P.R.C.|Mainland China|People's Republic of China",
    "KR": "Korea|Republic of Korea|ROK",
    "KP": "DPRK",
    "NL": "Holland|The Netherlands",
    "CZ": "Czech Republic",
    "RU": "Russian Federation",
    "VN": "Viet Nam",
    "MM": "Burma",
    "CI": "Ivory Coast",
    "TR": "Turkey",
    "MK": "Macedonia",
    "CV": "Cape Verde",
    "SZ": "Swaziland",
    "BA": "Bosnia",
    "HK": "Hong Kong",
    "MO": "Macau|Macao",
    "CH": "Switzerland|Swiss",
    "IE": "Eire|Republic of Ireland",
    "MD": "Republic of Moldova",
    "TW": "Republic of China",
    "PH": "The Philippines",
    "GM": "The Gambia",
    "BS": "The Bahamas",
    "CD": "DR Congo|DRC",
    "CG": "Congo",
    "TL": "East Timor",
    "VA": "Vatican",
    "SY": "Syrian Arab Republic",
    "IR": "Islamic Republic of Iran",
    "LA": "Lao PDR",
    "TZ": "United Republic of Tanzania",
    "BN": "Brunei Darussalam",
    "PS": "Palestine",
    "DE": "Federal Republic of Germany|BRD",
    "BY": "Byelorussia",
}


def main() -> None:
    """Write the file."""
    locales = [Locale.parse(language) for language in LANGUAGES.split()]
    continents = dict(
        line.split("\t")
        for line in (FOLDER / "continents.tsv").read_text(encoding="utf-8").splitlines()
        if line[0] != "#"
    )
    lines = []
    for code, english in sorted(Locale("en").territories.items()):
        if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"):
            longer = [
                name
                for name, codes in get_global("territory_aliases").items()
                if codes == [code] and len(name) == 3 and name.isalpha()
            ]
            names = [english.replace(" & ", " and "), english, *longer, *OTHER_NAMES.get(code, "").split("|")]
            names += [locale.territories.get(code, "") for locale in locales]
            unique = list(dict.fromkeys(unicodedata.normalize("NFC", name) for name in names if name))
            lines.append("\t".join([code, continents.get(code, "0"), unique[0], "|".join(unique[1:])]))
    (FOLDER / "countries.tsv").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
