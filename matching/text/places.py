"""The continent of a country: the last step of distance between where a candidate lives and where a job is."""

from matching.text.plain_text import plain

_CONTINENTS: dict[str, str] = {
    "Europe": "Albania, Andorra, Austria, Belarus, Belgium, Bosnia and Herzegovina, Bulgaria, Croatia, Cyprus, "
    "Czechia, Czech Republic, Denmark, Estonia, Finland, France, Germany, Greece, Hungary, Iceland, "
    "Ireland, Italy, Kosovo, Latvia, Liechtenstein, Lithuania, Luxembourg, Malta, Moldova, Monaco, "
    "Montenegro, Netherlands, North Macedonia, Norway, Poland, Portugal, Romania, Russia, San Marino, "
    "Serbia, Slovakia, Slovenia, Spain, Sweden, Switzerland, Ukraine, United Kingdom, UK, Great Britain, "
    "England, Scotland, Wales",
    "North America": "United States, USA, US, United States of America, Canada, Mexico, Guatemala, Honduras, Belize, "
    "El Salvador, Nicaragua, Costa Rica, Panama, Cuba, Jamaica, Haiti, Dominican Republic, Bahamas, "
    "Barbados, Trinidad and Tobago, Puerto Rico",
    "South America": "Argentina, Bolivia, Brazil, Chile, Colombia, Ecuador, Guyana, Paraguay, Peru, Suriname, Uruguay, "
    "Venezuela",
    "Asia": "Afghanistan, Armenia, Azerbaijan, Bahrain, Bangladesh, Bhutan, Brunei, Cambodia, China, Georgia, "
    "Hong Kong, India, Indonesia, Iran, Iraq, Israel, Japan, Jordan, Kazakhstan, Kuwait, Kyrgyzstan, "
    "Laos, Lebanon, Malaysia, Maldives, Mongolia, Myanmar, Nepal, North Korea, Oman, Pakistan, Palestine, "
    "Philippines, Qatar, Saudi Arabia, Singapore, South Korea, Korea, Sri Lanka, Syria, Taiwan, "
    "Tajikistan, Thailand, Timor-Leste, Turkey, Türkiye, Turkmenistan, United Arab Emirates, UAE, "
    "Uzbekistan, Vietnam, Yemen",
    "Africa": "Algeria, Angola, Benin, Botswana, Burkina Faso, Burundi, Cameroon, Cape Verde, Chad, Congo, "
    "Djibouti, Egypt, Eritrea, Eswatini, Ethiopia, Gabon, Gambia, Ghana, Guinea, Ivory Coast, Kenya, "
    "Lesotho, Liberia, Libya, Madagascar, Malawi, Mali, Mauritania, Mauritius, Morocco, Mozambique, "
    "Namibia, Niger, Nigeria, Rwanda, Senegal, Sierra Leone, Somalia, South Africa, South Sudan, Sudan, "
    "Tanzania, Togo, Tunisia, Uganda, Zambia, Zimbabwe",
    "Oceania": "Australia, Fiji, New Zealand, Papua New Guinea, Samoa, Solomon Islands, Tonga, Vanuatu",
}
_CODES = {
    country.casefold(): float(code)
    for code, countries in enumerate(_CONTINENTS.values(), start=1)
    for country in countries.split(", ")
}


def continent(country: str | None) -> float:
    """Return the number of a country's continent, from 1; 0 if the country is missing or unknown.

    >>> continent("Germany"), continent("peru"), continent("Atlantis")
    (1.0, 3.0, 0.0)
    """
    return _CODES.get(plain(country).casefold(), 0.0) if country else 0.0
