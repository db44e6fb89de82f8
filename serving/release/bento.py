"""The Bento: service code, one model and the locked requirements in one folder, built by `bentoml build`."""

import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from pathlib import Path

from home.settings import Settings
from matching.data.progress import Progress
from matching.errors import EngineError, StorageError
from matching.features import ENCODER_FOLDER
from matching.model.manifest import NOT_SERVED, SCORING_FOLDER
from matching.text import pay_rates
from serving.release.commands import run, without_tandem
from serving.release.release import Release

PROJECT = Path(__file__).resolve().parents[2]
NAME = "tandem"
SERVICE = "serving.service:TandemMatch"
CODE = ("home", "matching", "serving", "store")
KEPT = 3  # the running one, the one before, and one more
BUILD_SECONDS = 300.0

BENTOFILE = f"""\
name: {NAME}
service: {SERVICE}
include: ["*"]
python:
  requirements_txt: requirements.txt
  # Locking again would write this machine's package index into the Bento; uv.lock has locked everything.
  lock_packages: false
"""


@dataclass(frozen=True)
class Bento:
    """A built Bento.

    Attributes:
        version: model version and the start of the digest.
        digest: SHA-256 over the code, the model and the requirements in it.
        path: its folder.
    """

    version: str
    digest: str
    path: Path

    @property
    def tag(self) -> str:
        """Its name and version, as BentoML writes them."""
        return f"{NAME}:{self.version}"


def build(settings: Settings, release: Release, progress: Progress) -> Bento:
    """Build the Bento of a release; the same release, code and requirements give the same Bento, built once.

    A Bento that differs from a built one in the model alone is a copy of it with the other model: `bentoml build`
    imports the service to describe its interface, and that does not depend on the model.

    Raises:
        EngineError: `bentoml build` or the export of the requirements failed.
        StorageError: the disk is full.
        InputError: the pay rates of the settings cannot be read.
    """
    store = settings.root / "bentoml"
    store.mkdir(parents=True, exist_ok=True)
    # Not in the home: BentoML refuses to build where any folder of the path is hidden, as .tandem is.
    with tempfile.TemporaryDirectory(prefix="tandem-build-") as folder:
        staging = Path(folder)
        try:
            _stage(staging, release, settings.pay_rates)
        except OSError as error:
            raise StorageError(f"cannot write {staging}: {error.strerror}: free some space and deploy again") from error
        digest = _digest(staging)
        version = f"{release.model_version}-{digest[:12]}"
        bento = Bento(version, digest, store / "bentos" / NAME / version)
        if _is_current(bento.path / "src", staging):
            progress(f"Bento {bento.tag} is already built")
            return bento
        shutil.rmtree(bento.path, ignore_errors=True)
        progress(f"building Bento {bento.tag}")
        similar = _built_from_the_same_code(store, staging)
        if similar is None:
            _bentoml_build(staging, store, version)
        else:
            _copy(similar, staging, bento.path)
    if not (bento.path / "bento.yaml").is_file():
        raise EngineError(f"`bentoml build` produced no Bento {bento.tag} in {store}")
    return bento


def prune(settings: Settings, keep: set[str]) -> list[str]:
    """Remove old Bentos except the newest ones and the versions to keep; return the removed versions."""
    folders = [path for path in (settings.root / "bentoml" / "bentos" / NAME).glob("*") if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    old = [path for path in folders[KEPT:] if path.name not in keep]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in old]


def _stage(staging: Path, release: Release, rates: Path | None) -> None:
    for package in CODE:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(PROJECT / package, staging / package, ignore=ignored)
    shutil.copytree(release.bundle, staging / "bundle", ignore=shutil.ignore_patterns(*NOT_SERVED))
    (staging / "release.json").write_text(dumps(release.facts(), indent=1), encoding="utf-8")
    if rates is not None:
        pay_rates.read(rates)
        shutil.copyfile(rates, staging / pay_rates.BUILT_IN_FILE.name)
    (staging / "requirements.txt").write_text(_requirements(release.bundle), encoding="utf-8")
    (staging / "bentofile.yaml").write_text(BENTOFILE, encoding="utf-8")


def _requirements(bundle: Path) -> str:
    """Return what serving this model imports, pinned with hashes, from uv.lock."""
    if not (PROJECT / "uv.lock").is_file():
        raise EngineError(f"{PROJECT} holds no uv.lock: deploy from a checkout of the project")
    groups = ["--group", "serve"]
    if (bundle / SCORING_FOLDER / ENCODER_FOLDER).is_dir():
        groups += ["--group", "transformer"]
    return run(
        [_uv(), "export", "--frozen", "--no-default-groups", *groups, "--no-emit-project", "--no-header",
         "--no-annotate", "--format", "requirements-txt"],
        doing="exporting the locked requirements", timeout_seconds=60, folder=PROJECT,
    ) + "\n"  # fmt: skip


def _uv() -> str:
    places = [os.environ.get("UV"), shutil.which("uv"), PROJECT / ".tandem-tools/bin/uv", Path(sys.prefix, "bin/uv")]
    for place in places:
        if place and Path(place).is_file():
            return str(place)
    raise EngineError("uv is not found: run `make setup`, which installs it in the project")


def _digest(folder: Path) -> str:
    digest = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _is_current(source: Path, staging: Path) -> bool:
    """Whether a built Bento is what would be built now."""
    names = _files(staging)
    return _files(source) == names and _are_equal(source, staging, names)


def _built_from_the_same_code(store: Path, staging: Path) -> Path | None:
    """Return a built Bento that differs at most in its model; None if there is none."""
    names = {name for name in _files(staging) if not _is_of_the_model(name)}
    for folder in (store / "bentos" / NAME).glob("*"):
        source = folder / "src"
        theirs = {name for name in _files(source) if not _is_of_the_model(name)}
        if (folder / "bento.yaml").is_file() and theirs == names and _are_equal(source, staging, names):
            return folder
    return None


def _files(folder: Path) -> set[Path]:
    """The files that decide what is served, which the bentofile (BentoML rewrites it) and cached modules do not."""
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in paths if path.name != "bentofile.yaml" and path.suffix != ".pyc"}


def _are_equal(source: Path, staging: Path, names: set[Path]) -> bool:
    return all((source / name).read_bytes() == (staging / name).read_bytes() for name in names)


def _is_of_the_model(name: Path) -> bool:
    return name.parts[0] == "bundle" or name.name == "release.json"


def _copy(similar: Path, staging: Path, target: Path) -> None:
    """Copy a built Bento with the model that is staged."""
    # Until it is complete, its name hides it from whoever lists the store.
    fresh = target.with_name(f".{target.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        shutil.copytree(similar, fresh, ignore=shutil.ignore_patterns("__pycache__", "bundle", "release.json"))
        shutil.copytree(staging / "bundle", fresh / "src" / "bundle")
        shutil.copy2(staging / "release.json", fresh / "src" / "release.json")
        description = (fresh / "bento.yaml").read_text(encoding="utf-8")
        facts = {"version": target.name, "creation_time": f"'{datetime.now(UTC).isoformat()}'"}
        for name, value in facts.items():
            description = re.sub(rf"(?m)^{name}: .*$", f"{name}: {value}", description, count=1)
        (fresh / "bento.yaml").write_text(description, encoding="utf-8")
        page = (fresh / "README.md").read_text(encoding="utf-8")
        (fresh / "README.md").write_text(page.replace(similar.name, target.name), encoding="utf-8")
        fresh.rename(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StorageError(f"cannot write {target}: {error.strerror}: free some space and deploy again") from error


def _bentoml_build(staging: Path, store: Path, version: str) -> None:
    environment = {
        **without_tandem(),
        "BENTOML_HOME": str(store),
        "BENTOML_DO_NOT_TRACK": "true",
        "TANDEM_HOME": str(staging / ".home"),
        # `bentoml build` looks for uv and would otherwise try to install one.
        "PATH": os.pathsep.join([str(Path(_uv()).parent), os.environ.get("PATH", os.defpath)]),
    }
    run(
        [sys.executable, "-m", "bentoml", "build", "--version", version, "--output", "tag", "."],
        doing="`bentoml build`",
        timeout_seconds=BUILD_SECONDS,
        environment=environment,
        folder=staging,
    )
