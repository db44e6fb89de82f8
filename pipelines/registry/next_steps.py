"""Which call of make comes next, as messages name it."""

# They need no folder. A message must not fail because the file of a problem is broken or gone, so none is loaded.
SIMULATED = ("marketplace", "marketplace_large")


def make(target: str, source: str, *options: str) -> str:
    """The call of a target for one source, with further options.

    >>> make("deploy", "marketplace"), make("deploy", "tables")
    ('make deploy', 'make deploy SOURCE=tables')
    """
    named = () if source == "marketplace" else (f"SOURCE={source}",)
    return " ".join(("make", target, *named, *options))


def train(source: str) -> str:
    """The call that trains a source's first model.

    >>> train("tables")
    'make train SOURCE=tables DATA=folder'
    """
    return make("train", source, *(() if source in SIMULATED else ("DATA=folder",)))


def promote(source: str, version: str) -> str:
    """The call that makes a version the champion.

    >>> promote("tables", "1")
    'make promote SOURCE=tables VERSION=1'
    """
    return make("promote", source, f"VERSION={version}")
