"""`tandem promote`: verdict on record, override with a reason, undo of a rollback; on a real registry."""

import shutil
from pathlib import Path

import pytest

from home.settings import Settings
from matching.errors import InputError, ModelError
from pipelines.registry import audit
from pipelines.registry.registry import Registry
from tandem.commands.promote import promote_version
from tests.pipelines.conftest import bundle, dataset, empty_registry, other_bundle, settings  # noqa: F401 - fixtures

pytestmark = pytest.mark.slow


@pytest.fixture
def home(settings: Settings, empty_registry: Path, bundle: Path, other_bundle: Path) -> Settings:  # noqa: F811
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    registry = Registry(settings)
    for folder, verdict in ((bundle, "passed"), (other_bundle, "refused")):
        with registry.runs.recorded({}) as run:
            tags = {"tandem.gate": verdict, "tandem.compared_with": "none"}
            registry.versions.register(run, folder, tags=tags)
    return settings


def test_the_verdict_is_shown_and_written_to_the_trail(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    promote_version(home, "1")
    shown = capsys.readouterr().out
    assert "version 1, gate: passed, without a champion to compare with" in shown
    assert "run `make deploy SOURCE=tables` to serve it" in " ".join(shown.split())
    last = audit.moves(home, home.model_name, "champion")[-1]
    assert last.why == "promoted by hand; gate: passed, without a champion to compare with"
    with pytest.raises(InputError, match=r"no passed gate on record \(refused.*--override-gate --reason"):
        promote_version(home, "2", reason="only a reason")
    for version in ("1", "2"):
        with pytest.raises(InputError, match="--override-gate needs a reason"):
            promote_version(home, version, override_gate=True)
    promote_version(home, "2", reason="a hot fix", override_gate=True)
    last = audit.moves(home, home.model_name, "champion")[-1]
    assert last.why.startswith("a hot fix; gate overridden; gate: refused")
    for absent in ("9", "9" * 20):
        with pytest.raises(ModelError, match=f"no version {absent} "):
            promote_version(home, absent)
    registry = Registry(home)
    registry.aliases.rollback(expected="2", reason="worse")
    promote_version(home, "2", reason="not worse after all", override_gate=True)
    assert registry.aliases.succession().previous == "1"
    promote_version(home, "2")
    assert "is champion already" in capsys.readouterr().out


def test_versions_from_before_have_their_verdict_in_the_trail(home: Settings) -> None:
    registry = Registry(home)
    for version in ("1", "2"):
        registry.client.delete_model_version_tag(home.model_name, version, "tandem.gate")
    registry.aliases.promote("1", expected=None, reason="passed the gate in run abc")
    assert registry.versions.get("1").gate == "passed in run abc"
    assert not registry.versions.get("2").passed_gate
