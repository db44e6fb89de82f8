"""Runs: one training, search or ablation in MLflow, from its start to its end."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from home.process import Process
from matching.errors import GateRefused
from pipelines.registry.client import Connection
from pipelines.registry.failures import explained

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput


# The kind of experiment that MLflow's pages show; which view they open is set in `pages`.
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}
_DESCRIPTION = "mlflow.note.content"
_MAX_DESCRIPTION = 4_900


@dataclass(frozen=True)
class DataFacts:
    """The data of a run.

    Attributes:
        name: name of the data.
        digest: SHA-256 of its values.
        source: its origin: a folder, or `simulated`.
        rows: rows by table.
    """

    name: str
    digest: str
    source: str
    rows: Mapping[str, int]


class Runs:
    """The runs of one home.

    Args:
        connection: whose registry.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._settings = connection.settings

    @contextmanager
    def recorded(self, tags: Mapping[str, str], *, of: str = "") -> Iterator[str]:
        """Record a run from its start to its end, however it ends.

        A run ends FINISHED (also if the gate refused the model: it reached its verdict), FAILED on an error, KILLED on
        Ctrl-C.

        Args:
            tags: tags known at the start.
            of: kind of the run if it is not a training; each kind has its own experiment.

        Yields:
            Identifier of the run.
        """
        client = self._connection.client
        with explained(self._settings.root):
            run = client.create_run(self._experiment(of), tags={**tags, **_process_tag()})
        run_id = str(run.info.run_id)
        try:
            yield run_id
        except GateRefused:
            client.set_terminated(run_id, "FINISHED")
            raise
        except BaseException as error:
            # This fails on a full disk; the next training then closes the run.
            with suppress(Exception):
                client.set_terminated(run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        client.set_terminated(run_id, "FINISHED")

    def log_nested(self, parent_id: str, name: str, *, metrics: Mapping[str, float], params: Mapping[str, Any]) -> str:
        """Record a finished run under another: one trial of a search.

        Args:
            parent_id: the parent run.
            name: name in the list of runs.
            metrics: figures by name; figures that are not finite are left out.
            params: settings of the trial.

        Returns:
            Identifier of the nested run.
        """
        client = self._connection.client
        with explained(self._settings.root):
            experiment = client.get_run(parent_id).info.experiment_id
            tags = {"mlflow.parentRunId": parent_id, **_process_tag()}
            run_id = str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)
            _log_batch(client, run_id, metrics=metrics, params=params, tags={})
            client.set_terminated(run_id, "FINISHED")
        return run_id

    def reap_orphans(self) -> list[str]:
        """Mark runs whose process is gone as KILLED: after `kill -9` they would stay RUNNING forever.

        Returns:
            Identifiers of the runs that were closed.
        """
        if not self._connection.exists():
            return []
        client = self._connection.client
        reaped = []
        with explained(self._settings.root):
            experiments = [str(experiment.experiment_id) for experiment in client.search_experiments()]
            for run in client.search_runs(experiments, "attributes.status = 'RUNNING'"):
                known = run.data.tags.get("tandem.process")
                if known and Process.from_facts(json.loads(known)).is_gone:
                    client.set_terminated(run.info.run_id, "KILLED")
                    reaped.append(str(run.info.run_id))
        return reaped

    def log(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float],
        params: Mapping[str, Any],
        tags: Mapping[str, str],
        files: Path,
        name: str | None = None,
        description: str = "",
        data: DataFacts | None = None,
    ) -> None:
        """Log the results of a run.

        Args:
            run_id: the run.
            metrics: figures by name; figures that are not finite are left out.
            params: settings of the run.
            tags: data hash, git commit, gate verdict and others.
            files: folder of files to show with the run: model card, plots, metrics.
            name: name in the list of runs; None keeps MLflow's random name.
            description: Markdown to show with the run, cut to MLflow's limit.
            data: the data of the run.
        """
        client = self._connection.client
        with explained(self._settings.root):
            noted = {_DESCRIPTION: fitting(description)} if description else {}
            _log_batch(client, run_id, metrics=metrics, params=params, tags={**tags, **noted})
            if name is not None:
                client.update_run(run_id, name=name)
            if data is not None:
                client.log_inputs(run_id, datasets=[_dataset(data)])
            client.log_artifacts(run_id, str(files))

    def _experiment(self, of: str) -> str:
        """Return the identifier of the experiment of the source; create it if it does not exist."""
        client, model = self._connection.client, self._settings.model_name
        name = f"{model}-{of}" if of else model
        found = client.get_experiment_by_name(name)
        if found is not None:
            for key, value in _TRAINING.items() - found.tags.items():
                client.set_experiment_tag(found.experiment_id, key, value)
            return str(found.experiment_id)
        location = (self._settings.mlflow_folder / "artifacts" / name).as_uri()
        return str(client.create_experiment(name, artifact_location=location, tags=_TRAINING))


def fitting(card: str) -> str:
    """Return as many whole sections of a Markdown text as fit into a description in MLflow."""
    if len(card) <= _MAX_DESCRIPTION:
        return card
    return card[:_MAX_DESCRIPTION].rpartition("\n## ")[0] + "\n\nThe artifact `card.md` of the run has every section.\n"


def _dataset(data: DataFacts) -> "DatasetInput":
    from mlflow.entities import Dataset, DatasetInput, InputTag

    stored = Dataset(
        name=data.name,
        digest=data.digest[:16],
        source_type="local",
        source=json.dumps({"uri": data.source}),
        profile=json.dumps({f"rows.{table}": rows for table, rows in data.rows.items()}),
    )
    return DatasetInput(stored, [InputTag("mlflow.data.context", "training")])


def _process_tag() -> dict[str, str]:
    return {"tandem.process": json.dumps(Process.current().facts())}


def _log_batch(
    client: "MlflowClient",
    run_id: str,
    *,
    metrics: Mapping[str, float],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(datetime.now(UTC).timestamp() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(_key(k), float(v), now, 0) for k, v in metrics.items() if abs(float(v)) < float("inf")],
        params=[Param(_key(name), str(value)[:6000]) for name, value in params.items()],
        tags=[RunTag(_key(name), str(value)[:5000]) for name, value in tags.items()],
    )


def _key(name: str) -> str:
    """Return a name that MLflow accepts; it refuses `ndcg@10`, for example."""
    return re.sub(r"[^\w\-. /]", "_", name.replace("@", "_at_"))[:250]
