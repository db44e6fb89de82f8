"""Loads a model to serve, with everything that its answers need."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from home.settings import Settings
from matching.advice.gains import Spreads
from matching.advice.salary.model import SalaryModel
from matching.data.finite import finite_or_null
from matching.explaining.contributions import Explainer
from matching.model import support
from matching.model.manifest import NOT_SERVED, verify
from matching.model.match_model import MatchModel
from matching.text import pay_rates
from matching.text.pay_rates import BUILT_IN_FILE, PayRates
from serving.answers.example import log_example
from serving.answers.served_model import ServedModel
from serving.pool import StoredPool
from serving.release.deployed import Deployed
from serving.sides import CANDIDATE, JOB, Side
from store.answers import LoggedModel
from store.database import connect
from store.profiles import load_kind
from store.writer import LogWriter


def load_model(settings: Settings, bundle: Path) -> ServedModel:
    """Verify and load a bundle, open the log, load and encode the stored profiles, log the documented example.

    Raises:
        TamperedModel: a file of the bundle differs from its manifest, or the manifest from the deployed one.
        ModelError: the bundle is incomplete.
        InputError: the pay rates cannot be read.
        StorageError: the database cannot be reached.
    """
    deployed = Deployed.read(bundle, settings.source)
    verify(bundle, deployed.manifest_digest, without=NOT_SERVED)
    model = MatchModel.load(bundle)
    engine = connect(settings.log_url)
    names = LoggedModel(deployed.model_name, deployed.model_version, model.digest, model.feature_names)
    sides: tuple[Side[Any], ...] = (CANDIDATE, JOB)
    served = ServedModel(
        model=model,
        deployed=deployed,
        pools={side.name: StoredPool(side, model, load_kind(engine, model.source, side.name)) for side in sides},
        engine=engine,
        supports=support.read(bundle),
        explainer=Explainer.load(model, bundle),
        spreads=Spreads.load(bundle),
        salary=SalaryModel.load(bundle),
        metrics=_metrics(bundle / "metrics.json"),
        card=_text(bundle / "card.md"),
        pay_rates=_pay_rates(settings, bundle),
        # Last: it starts a thread, which nothing would stop if anything above failed.
        log=LogWriter(engine, names),
    )
    log_example(served, datetime.now(UTC))
    return served


def _pay_rates(settings: Settings, bundle: Path) -> PayRates:
    """Return the rates deployed beside the bundle, else those of the settings, else the built-in ones."""
    deployed = bundle.parent / BUILT_IN_FILE.name
    file = deployed if deployed.is_file() else settings.pay_rates
    return pay_rates.built_in() if file is None else pay_rates.read(file)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _metrics(file: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = finite_or_null(json.loads(_text(file) or "{}"))
    return metrics
