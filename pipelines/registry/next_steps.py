"""Which call of make comes next, as messages name it."""

# A simulated source needs no folder.
_SIMULATED = ("marketplace", "marketplace_large")


def make(target: str, source: str) -> str:
    """The call of a target for one source.

    >>> make("deploy", "marketplace"), make("deploy", "tables")
    ('make deploy', 'make deploy SOURCE=tables')
    """
    return f"make {target}" if source == "marketplace" else f"make {target} SOURCE={source}"


def train(source: str) -> str:
    """The call that trains a source's first model.

    >>> train("tables")
    'make train SOURCE=tables DATA=folder'
    """
    return make("train", source) + ("" if source in _SIMULATED else " DATA=folder")


def promote(source: str, version: str) -> str:
    """The call that makes a version the champion.

    >>> promote("tables", "1")
    'make promote VERSION=1 SOURCE=tables'
    """
    return make("promote", source).replace("promote", f"promote VERSION={version}", 1)
