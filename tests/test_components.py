"""A smoke test per component: a lock file can resolve cleanly and still contain combinations that do not run.

Each test does the smallest real thing with one library, so that a broken pin fails here, by name. Prefect's are in
tests/pipelines/test_prefect_flow.py, which starts a server anyway.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tandem import telemetry

ROOT = Path(__file__).resolve().parent.parent


def fresh_python(code: str, *arguments: str) -> str:
    """Run code in a new process, where nothing is imported yet, and return what it printed."""
    answer = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout.strip()


def test_mlflow_logs_and_registers_on_sqlite(tmp_path: Path) -> None:
    code = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run() as run:
    mlflow.log_metric("auc", 0.75)
client = mlflow.MlflowClient()
client.create_registered_model("m")
version = client.create_model_version("m", "file:///nowhere", run.info.run_id)
client.set_registered_model_alias("m", "champion", version.version)
print(client.get_run(run.info.run_id).data.metrics["auc"], client.get_model_version_by_alias("m", "champion").version)
"""
    assert fresh_python(code, f"sqlite:///{tmp_path / 'mlflow.db'}").splitlines()[-1] == "0.75 1"


def test_bentoml_builds_a_bento(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    # It calls uv, and would install one into this environment if it found none.
    monkeypatch.setenv("PATH", f"{ROOT / '.tandem-tools/bin'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "service.py").write_text(
        "import bentoml\n\n@bentoml.service(name='smoke')\nclass Smoke:\n"
        "    @bentoml.api\n    def double(self, number: int) -> int:\n        return 2 * number\n"
    )
    code = """
import sys, bentoml
bento = bentoml.build("service:Smoke", build_ctx=sys.argv[1], python={"packages": [], "lock_packages": False})
print(bento.tag.name)
"""
    assert fresh_python(code, str(tmp_path)).splitlines()[-1] == "smoke"


def test_evidently_finds_a_shift_between_two_frames() -> None:
    code = """
import numpy as np, pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
generator = np.random.default_rng(7)
before = pd.DataFrame({"same": generator.normal(size=500), "moved": generator.normal(size=500)})
now = pd.DataFrame({"same": generator.normal(size=500), "moved": generator.normal(3, size=500)})
found = Report([DataDriftPreset()]).run(now, before).dict()["metrics"]
print(next(m["value"]["count"] for m in found if "DriftedColumnsCount" in m["metric_name"]))
"""
    assert float(fresh_python(code).splitlines()[-1]) == 1.0


def test_pandera_reports_the_row_and_the_rule_of_a_polars_frame() -> None:
    code = """
import pandera.polars as pa, polars as pl
schema = pa.DataFrameSchema({"years": pa.Column(pl.Float64, pa.Check.in_range(0, 60))})
try:
    schema.validate(pl.DataFrame({"years": [1.0, 61.0]}), lazy=True)
except pa.errors.SchemaErrors as error:
    print(error.failure_cases["index"].to_list(), error.failure_cases["failure_case"].to_list())
"""
    assert fresh_python(code) == "[1] ['61.0']"


def test_skl2onnx_converts_gradient_boosting_to_the_same_probabilities() -> None:
    # skl2onnx 1.20 writes booleans where protobuf 7 takes only integers: converting a tree ensemble fails.
    code = """
import numpy as np, onnxruntime
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier
generator = np.random.default_rng(7)
X = generator.normal(size=(2000, 5)).astype(np.float32)
X[generator.random(X.shape) < 0.1] = np.nan
y = (np.nan_to_num(X[:, 0]) + generator.normal(size=2000) > 0).astype(int)
model = HistGradientBoostingClassifier(max_iter=20, random_state=7).fit(X, y)
graph = to_onnx(model, X[:1], options={"zipmap": False}, target_opset=17).SerializeToString()
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
served = session.run(None, {session.get_inputs()[0].name: X})[1]
print(float(np.abs(served - model.predict_proba(X)).max()) < 1e-5)
"""
    assert fresh_python(code) == "True"


def test_polars_joins_as_of_in_utc() -> None:
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 3, 5)]
    events = pl.DataFrame({"time": times}).set_sorted("time")
    profiles = pl.DataFrame({"time": times[:2], "salary": [1.0, 2.0]}).set_sorted("time")
    assert events.join_asof(profiles, on="time")["salary"].to_list() == [1.0, 2.0, 2.0]
    assert np.asarray(events["time"].dt.epoch("s"))[0] == 1767225600


def test_versions_stay_below_their_caps() -> None:
    def release(package: str) -> tuple[int, ...]:
        return tuple(int(part) for part in version(package).split(".")[:2])

    assert release("pandas") < (3, 1), "evidently 0.7.23 does not import with pandas 3.1"
    assert release("fastapi") < (0, 151), "every Prefect 3.8.8 flow crashes with fastapi 0.155"
    assert release("sqlalchemy") < (2, 1), "Prefect 3.8.8 schedules no cron run with sqlalchemy 2.1"
    assert release("protobuf") < (7, 0), "skl2onnx 1.20 cannot convert a tree ensemble with protobuf 7"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("from mlflow.telemetry.utils import is_telemetry_disabled; print(is_telemetry_disabled())", "True"),
        ("from bentoml._internal.utils.analytics import usage_stats; print(usage_stats.do_not_track())", "True"),
        ("from prefect.settings import get_current_settings as s; print(s().server.analytics_enabled)", "False"),
    ],
    ids=["mlflow", "bentoml", "prefect"],
)
def test_telemetry_is_off(code: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in telemetry.SWITCHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    switched = f"from tandem import telemetry; telemetry.switch_off()\n{code}"
    assert fresh_python(switched).splitlines()[-1] == answer


def test_a_service_starts_without_what_only_training_needs() -> None:
    """Each of them costs seconds at every start, and memory in every worker."""
    heavy = ("sklearn", "pandas", "scipy.optimize", "scipy.stats", "mlflow", "evidently")
    code = f"import sys, serving.service; print([name for name in {heavy} if name in sys.modules])"
    assert fresh_python(code) == "[]"


def test_xdist_keeps_what_shares_a_fixture_on_one_worker(tmp_path: Path) -> None:
    """A file's tests share its fixtures, and files share the service: spread over workers, each would start its own."""
    test = (
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('number', range(6))\n"
        "def test_it(number{}):\n"
        "    pathlib.Path(__file__).with_name(os.environ['PYTEST_XDIST_WORKER'] + __name__).touch()\n"
    )
    for name, fixture in (("test_a.py", ""), ("test_b.py", ", service"), ("test_c.py", ""), ("test_d.py", ", service")):
        (tmp_path / name).write_text(test.format(fixture))
    (tmp_path / "conftest.py").write_text(
        "import pytest\nfrom tests.conftest import pytest_collection_modifyitems\n"
        "@pytest.fixture(scope='session')\ndef service():\n    return 1\n"
    )
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-q", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    workers = {path.name[3:]: path.name[:3] for path in tmp_path.glob("gw*")}
    assert len(list(tmp_path.glob("gw*"))) == len(workers) == 4, "no file on two workers"
    assert workers["test_b"] == workers["test_d"]
    assert len(set(workers.values())) == 2
