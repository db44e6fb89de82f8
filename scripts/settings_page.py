"""Write every variable that Tandem reads, with default, unit and meaning, to docs/reference/settings.md."""

import sys
from pathlib import Path

from pydantic.fields import FieldInfo

from home.settings import Settings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"
HEAD = """\
# Settings

Tandem reads its settings from environment variables; an empty one counts as unset, and options of the commands take
precedence. With the defaults everything runs on one machine. `scripts/settings_page.py` writes this page from
`home.settings.Settings`.

| variable | default | unit | meaning |
|---|---|---|---|
"""
OTHERS = """
## Variables outside `Settings`

| variable | read by | meaning |
|---|---|---|
"""
# Read before `Settings` exist, or by the tests alone.
ELSEWHERE = {
    "TANDEM_BUNDLE": ("the service", "Folder of the bundle to serve if there is none beside the code."),
    "TANDEM_DEBUG": ("every command", "`1` prints the stack trace of an error beside its message."),
    "TANDEM_CHROMIUM": ("tests", "Path of the Chromium that the tests of pages run."),
    "TANDEM_REALDATA": (
        "tests, `make bench`",
        "Folder of public data sets; tests that need them are skipped without it.",
    ),
    "TANDEM_SCREENSHOTS": ("tests", "Folder for screenshots of the pages; `make screenshots` sets it."),
    "TANDEM_TEST_CONTAINER": ("tests", "`1` runs the tests that need a container engine; they are skipped without it."),
    "TANDEM_TEST_ENCODER": ("tests", "Folder of the encoder that `scripts/encoder-tools.sh --test-encoder` exports."),
}


def page() -> str:
    """Return the page."""
    settings = "".join(_row(name, field) for name, field in Settings.model_fields.items())
    others = "".join(f"| `{name}` | {by} | {meaning} |\n" for name, (by, meaning) in sorted(ELSEWHERE.items()))
    return HEAD + settings + OTHERS + others


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.default is None else f"`{_shown(field.default)}`"
    extra = field.json_schema_extra
    unit = extra.get("unit", "") if isinstance(extra, dict) else ""
    return f"| `TANDEM_{name.upper()}` | {default} | {unit} | {field.description} |\n"


def _shown(value: object) -> str:
    """Return a default as it is written in the environment."""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
