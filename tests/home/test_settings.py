"""The reference page names every variable that is read anywhere, as the code describes it now."""

import re

from home.settings import Settings
from scripts import settings_page

ROOT = settings_page.TARGET.parents[2]
PLACES = ("home", "intake", "matching", "monitoring", "pipelines", "scripts", "serving", "store", "tandem", "tests")
MADE_UP = {"TANDEM_PAGES_PORT"}  # the port of a program that a test invents


def test_the_page_is_what_the_code_says() -> None:
    assert settings_page.TARGET.read_text(encoding="utf-8") == settings_page.page(), "run scripts/settings_page.py"


def test_every_variable_that_is_read_is_on_the_page() -> None:
    files = [ROOT / "Makefile", *(file for place in PLACES for file in (ROOT / place).rglob("*.py"))]
    read = {name for file in files for name in re.findall(r"TANDEM_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8"))}
    named = set(re.findall(r"`(TANDEM_[A-Z_]+)`", settings_page.page()))
    assert read - named - MADE_UP == set()
    assert named - read - {f"TANDEM_{name.upper()}" for name in Settings.model_fields} == set()


def test_every_setting_is_described_in_one_sentence_or_more() -> None:
    described = {name: field.description or "" for name, field in Settings.model_fields.items()}
    assert [name for name, text in described.items() if not text.endswith(".")] == []
