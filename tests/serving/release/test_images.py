"""The base image that is used, and what a build gets to see of this machine."""

import os
import platform
from pathlib import Path

import pytest

from matching.errors import EngineError
from serving.release import images
from serving.release.bento import Bento
from serving.release.containers import ContainerEngine
from tests.serving.release.programs import Programs

PODMAN = ContainerEngine("podman")
SLIM = f"python:{'.'.join(platform.python_version_tuple()[:2])}-slim"
# Has the images in the file `images`, one a line; `pull` and `import` add one, unless there is no registry.
ENGINE = """
has() { while read -r image; do [ "$image" = "$1" ] && return; done < "$PATH/images"; return 1; }
case "$1" in
  image) has "$5";;
  pull) [ ! -e "$PATH/offline" ] || { echo "Error: registry unreachable" >&2; exit 1; }; echo "$3" >> "$PATH/images";;
  import) echo "$3" >> "$PATH/images";;
esac
"""


@pytest.fixture
def engine(programs: Programs) -> Programs:
    (programs.folder / "images").touch()
    programs.install("podman", ENGINE)
    return programs


def have(engine: Programs, *names: str) -> None:
    (engine.folder / "images").write_text("".join(f"{name}\n" for name in names))


def test_a_requested_base_image_is_pulled_once(engine: Programs) -> None:
    for _ in range(2):
        assert images.base_image(PODMAN, "mine:1", lambda _: None) == "mine:1"
    assert engine.calls_of("podman pull") == ["podman pull --quiet mine:1"]


@pytest.mark.parametrize("name", [SLIM, images.MADE_BASE])
def test_a_base_image_that_is_here_needs_no_registry(engine: Programs, name: str) -> None:
    have(engine, "other:1", name)
    assert images.base_image(PODMAN, None, lambda _: None) == name
    assert engine.calls_of("podman pull") == []


def test_otherwise_python_is_pulled(engine: Programs) -> None:
    lines: list[str] = []
    assert images.base_image(PODMAN, None, lines.append) == SLIM
    assert lines == [f"pulling the base image {SLIM}"]
    assert engine.calls_of("podman pull") == [f"podman pull --quiet {SLIM}"]


def test_without_a_registry_or_a_way_to_build_one_line_says_what_to_do(engine: Programs) -> None:
    (engine.folder / "offline").touch()
    with pytest.raises(EngineError, match=r"no base image: pulling .* unreachable; set TANDEM_BASE_IMAGE"):
        images.base_image(PODMAN, None, lambda _: None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can build a base image")
def test_without_a_registry_root_builds_one_from_packages(engine: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    (engine.folder / "offline").touch()
    engine.install("mmdebstrap", "")
    engine.install("base-image.sh", 'echo root > "$1"')
    monkeypatch.setattr(images, "INFRA", engine.folder)
    lines: list[str] = []
    assert images.base_image(PODMAN, None, lines.append) == images.MADE_BASE
    assert "no registry answers" in lines[-1]
    (imported,) = engine.calls_of("podman import")
    assert imported.endswith(f"root.tar {images.MADE_BASE}")


BUILD = """
case "$1" in
  image) exit 1;;
  build)
    for option; do
      case "$option" in
        id=pip_conf,src=*) while IFS= read -r line; do echo "$line"; done < "${option#*src=}" > "$PATH/pip.conf";;
        id=certificates,src=*) while IFS= read -r line; do echo "$line"; done < "${option#*src=}" > "$PATH/pem";;
      esac
    done;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose user has a pip configuration and a bundle of certificates."""
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://mine.example/simple\nextra-index-url = /a/folder https://more.example/simple\n"
        "trusted-host = mine.example\n  more.example\nproxy = http://secret\n"
    )
    (tmp_path / "ca.pem").write_text("a certificate\n")
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "ca.pem"))
    return tmp_path


def build(programs: Programs, bento: Path) -> str:
    programs.install("podman", BUILD)
    assert images.build(PODMAN, Bento("7-abc", "abc", bento), "base:1", lambda _: None) == "localhost/tandem:7-abc"
    (call,) = programs.calls_of("podman build")
    return call


def test_an_image_is_built_on_the_base_with_the_index_of_this_machine(programs: Programs, machine: Path) -> None:
    call = build(programs, machine / "bento")
    assert " --build-arg BASE=base:1 " in call
    assert call.endswith(f" {machine / 'bento'}")
    configuration = (programs.folder / "pip.conf").read_text().splitlines()
    assert "index-url = https://mine.example/simple" in configuration
    assert "extra-index-url = https://more.example/simple" in configuration
    assert "trusted-host = mine.example more.example" in configuration
    assert not [line for line in configuration if "secret" in line or "folder" in line]
    assert (programs.folder / "pem").read_text() == "a certificate\n"


def test_the_index_of_a_variable_comes_before_that_of_a_file(
    programs: Programs, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple")
    build(programs, machine / "bento")
    assert "index-url = https://variable.example/simple" in (programs.folder / "pip.conf").read_text().splitlines()


def test_what_a_build_sees_of_this_machine_is_gone_after_it(programs: Programs, machine: Path) -> None:
    call = build(programs, machine / "bento")
    mounted = [Path(option.partition("src=")[2]) for option in call.split() if "src=" in option]
    assert len(mounted) == 2
    assert not any(path.exists() for path in mounted)
