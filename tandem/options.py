"""The settings of one command: `TANDEM_*` variables, overridden by the command's own options."""

from typing import Any

from home.settings import Settings
from matching.errors import InputError


def settings_from(**options: Any) -> Settings:
    """Build the settings; an option that was not given (None) leaves the variable or the default.

    Raises:
        InputError: a variable or an option is out of its range; the line names it and its limit.
    """
    from pydantic import ValidationError

    try:
        settings = Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"TANDEM_{str(detail['loc'][0]).upper()}: {detail['msg'].lower()}" for detail in error.errors()
        )
        raise InputError(f"a setting is wrong: {wrong}") from error
    if settings.root.exists() and not settings.root.is_dir():
        raise InputError(f"TANDEM_HOME: {settings.root} is a file: name a folder")
    return settings
