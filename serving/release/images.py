"""The image of the service and its base image."""

import configparser
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.data.progress import Progress
from matching.errors import EngineError
from serving.release.bento import Bento
from serving.release.commands import run
from serving.release.containers import ContainerEngine

INFRA = Path(__file__).resolve().parents[2] / "infra"
MADE_BASE = "localhost/tandem-base:1"
PULL_SECONDS = 180.0
MAKE_SECONDS = 600.0


def base_image(engine: ContainerEngine, requested: str | None, progress: Progress) -> str:
    """Return the name of a local image with Python: the requested one, or else one found, pulled or built here.

    Raises:
        EngineError: there is none; the message says what to do.
    """
    if requested is not None:
        if not engine.has_image(requested):
            progress(f"pulling the base image {requested}")
            engine.pull(requested, PULL_SECONDS)
        return requested
    pulled = f"python:{'.'.join(platform.python_version_tuple()[:2])}-slim"
    for image in (pulled, MADE_BASE):
        if engine.has_image(image):
            return image
    progress(f"pulling the base image {pulled}")
    try:
        engine.pull(pulled, PULL_SECONDS)
    except EngineError as error:
        return _make_base(engine, str(error), progress)
    return pulled


def _make_base(engine: ContainerEngine, why: str, progress: Progress) -> str:
    if os.geteuid() or shutil.which("mmdebstrap") is None:
        raise EngineError(
            f"no base image: {why}; set TANDEM_BASE_IMAGE to a local image, "
            "or run as root on Debian with mmdebstrap installed (infra/install-engine.sh) to build one"
        )
    progress("building a base image from this machine's Debian packages, because no registry answers")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "root.tar"
        run([INFRA / "base-image.sh", archive], doing="building a base image", timeout_seconds=MAKE_SECONDS)
        engine.load_root(archive, MADE_BASE)
    return MADE_BASE


def build(engine: ContainerEngine, bento: Bento, base: str, progress: Progress) -> str:
    """Build the image of a Bento, unless it exists, and return its name.

    Raises:
        EngineError: the build failed.
    """
    image = image_name(bento.version)
    if engine.has_image(image):
        progress(f"image {image} already exists")
        return image
    progress(f"building image {image} with {engine.name}")
    with _secrets() as secrets:
        recipe = INFRA / "Containerfile"
        engine.build(bento.path, recipe=recipe, image=image, arguments={"BASE": base}, secrets=secrets)
    return image


def image_name(version: str) -> str:
    """Return the name of the image for a version of the Bento."""
    return f"localhost/tandem:{version}"


@contextmanager
def _secrets() -> Iterator[dict[str, Path]]:
    """Provide this machine's access to a package index for the duration of a build."""
    with tempfile.TemporaryDirectory() as folder:
        secrets = {"pip_conf": Path(folder) / "pip.conf", "certificates": Path(folder) / "certificates.pem"}
        secrets["pip_conf"].write_text(_pip_configuration(), encoding="utf-8")
        bundle = _certificates()
        secrets["certificates"].write_bytes(bundle.read_bytes() if bundle else b"")
        yield secrets


def _certificates() -> Path | None:
    """Return the bundle of certificates that this machine trusts; None if there is none."""
    configured = [os.environ.get(name) for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    paths = [*filter(None, configured), "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    return next((path for path in map(Path, paths) if path.is_file()), None)


def _pip_configuration() -> str:
    """Return the package index that this machine uses, as a pip configuration without local folders."""
    found: dict[str, str] = {}
    for path in (Path("/etc/pip.conf"), Path("~/.pip/pip.conf"), Path("~/.config/pip/pip.conf")):
        parser = configparser.RawConfigParser(strict=False)
        parser.read(path.expanduser(), encoding="utf-8")
        if parser.has_section("global"):
            found |= dict(parser.items("global"))
    for name, variables in {
        "index-url": ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
        "extra-index-url": ("UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"),
    }.items():
        for variable in variables:
            found[name] = os.environ.get(variable) or found.get(name, "")
    addresses = {name: _remote(found.get(name, "")) for name in ("index-url", "extra-index-url")}
    lines = [f"{name} = {' '.join(urls)}" for name, urls in addresses.items() if urls]
    if found.get("trusted-host"):
        lines.append(f"trusted-host = {' '.join(found['trusted-host'].split())}")
    return "\n".join(["[global]", *lines, ""])


def _remote(addresses: str) -> list[str]:
    return [address for address in addresses.split() if address.startswith(("http://", "https://"))]
