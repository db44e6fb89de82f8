"""Places: all spellings of a country, a region or a city are one; what is not understood is no place."""

import unicodedata

import pytest

from matching.text import places


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("DE", ["Germany", "germany ", "DE", "DEU", "Deutschland", "Allemagne", "Alemania", "Niemcy", "Германия"]),
        ("GB", ["UK", "U.K.", "GB", "United Kingdom", "the United Kingdom", "Great Britain", "England", "Scotland"]),
        (
            "US",
            ["USA", "U.S.A.", "US", "United States of America", "America", "Estados Unidos", "US only", "Remote - US"],
        ),
        ("CZ", ["Czechia", "Czech Republic", "Česko"]),
        ("TR", ["Turkey", "Türkiye", "Turkiye"]),
        ("KR", ["South Korea", "Korea", "Republic of Korea", "대한민국"]),
        ("NL", ["Netherlands", "The Netherlands", "Holland", "Nederland"]),
        ("CI", ["Côte d'Ivoire", "Côte d\u2019Ivoire", "Ivory Coast"]),
        ("AT", ["Austria", "Österreich", unicodedata.normalize("NFD", "Österreich"), "OSTERREICH"]),
        ("UA", ["Ukraine", "Україна", "Украина"]),
        ("AE", ["UAE", "United Arab Emirates"]),
        ("VN", ["Vietnam", "Viet Nam"]),
    ],
)
def test_all_spellings_of_a_country_are_one(code: str, names: list[str]) -> None:
    assert {name: places.country(name) for name in names} == dict.fromkeys(names, code)


@pytest.mark.parametrize("missing", ["", None, " ", "-", "?", "N/A", "Unknown", "none", "TBD", "not specified"])
def test_a_missing_place_is_no_place(missing: str | None) -> None:
    assert places.countries(missing) == frozenset()
    assert places.city(missing) == places.region(missing) == ""
    assert places.cities(missing) == ()


@pytest.mark.parametrize("name", ["Atlantis", "Berlin", "wherever you are", "Middle-earth"])
def test_what_is_not_understood_is_no_country(name: str) -> None:
    assert places.countries(name) is None
    assert places.country(name) is None
    assert places.continent(name) == 0


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Germany, Austria or Switzerland", {"DE", "AT", "CH"}),
        ("Remote (Germany/Poland)", {"DE", "PL"}),
        ("DACH", {"DE", "AT", "CH"}),
        ("Berlin, Germany", {"DE"}),
        ("within the Benelux", {"BE", "NL", "LU"}),
    ],
)
def test_a_text_may_name_several_countries(text: str, codes: set[str]) -> None:
    assert places.countries(text) == codes


def test_areas_hold_their_countries() -> None:
    inside = {
        area: places.countries(area) or frozenset() for area in ("EU", "EEA", "EMEA", "LATAM", "Europe", "Anywhere")
    }
    assert len(inside["EU"]) == 27
    assert inside["EU"] < inside["EEA"] < inside["Europe"] < inside["EMEA"] < inside["Anywhere"]
    assert "GB" not in inside["EU"]
    assert {"BR", "MX"} <= inside["LATAM"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Munich", "München"),
        ("Muenchen", unicodedata.normalize("NFD", "München")),
        ("Kyiv", "Київ"),
        ("NYC", "New York City"),
        ("Bengaluru", "bangalore"),
        ("São Paulo", "Sao Paulo"),
        ("St. Petersburg", "Saint Petersburg"),
    ],
)
def test_all_spellings_of_a_city_are_one(one: str, other: str) -> None:
    assert places.city(one) == places.city(other)


def test_a_text_may_name_several_cities() -> None:
    assert places.cities("Berlin; München / Wien or remote") == ("berlin", "munich", "vienna")
    assert places.cities("Bengaluru / Bangalore") == ("bangalore",)


def test_states_have_abbreviations() -> None:
    assert places.region("TX") == places.region("Texas")
    assert places.region("Bayern") == places.region("bavaria")
    assert places.region("Ontario") != places.region("Oregon")
