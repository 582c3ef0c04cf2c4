"""Wheel and source archive, installed into empty environments of every supported Python that is found here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import httpx
import pytest

from tests.embedded import clean_environment, free_port
from tests.live.rest import signed_in
from tests.live.test_demo import Demo
from tests.projects import ROOT, read_annotations

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.timeout(1800),
    pytest.mark.skipif("INSTALL_TESTS" not in os.environ, reason="INSTALL_TESTS is not set"),
]
VERSIONS = ("3.11", "3.12", "3.13")


def find_pythons() -> dict[str, str]:
    """Version -> an interpreter: on the PATH, or among pyenv's."""
    pythons: dict[str, str] = {}
    for version in VERSIONS:
        pyenv = Path.home() / ".pyenv" / "versions"
        names = [f"python{version}", *sorted(map(str, pyenv.glob(f"{version}.*/bin/python3")))]
        works = [name for name in names if shutil.which(name) and runs(name)]
        if works:
            pythons[version] = works[0]
    return pythons


def runs(python: str) -> bool:
    """Whether it starts; pyenv's stand-ins of versions that are not chosen do not."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source") / "tree"
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-W", "error", "-m", "build", "--outdir", str(folder), str(source)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "eprecat" not in done.stdout + done.stderr
    return folder


def test_the_sdist_has_all_that_its_tests_need(archives: Path) -> None:
    (sdist,) = archives.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    wanted = {name for name in listed if name.startswith(("tests/", "sharegpt_argilla/", "examples/", "docs/"))}
    assert wanted - names == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stranger_with_the_wheel(version: str, archives: Path, tmp_path: Path) -> None:
    python = find_pythons().get(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    command = install(python, archives, tmp_path / "venv")
    environment = clean_environment() | {"HOME": str(tmp_path)}

    def run(*arguments: str, folder: Path) -> None:
        done = subprocess.run(
            [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    run("init", "my-project", folder=tmp_path)
    project = tmp_path / "my-project"
    run("config", "check", folder=project)
    run("extract", "examples", "-m", "auto", "-o", "rows.jsonl", folder=project)
    run("curate", "rows.jsonl", "-o", "curated.jsonl", folder=project)
    answer_in_the_demo(command, tmp_path)


def install(python: str, archives: Path, environment: Path) -> Path:
    """The program, out of the wheel in an empty environment."""
    (wheel,) = archives.glob("*.whl")
    subprocess.run([python, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    wanted = f"{wheel}[serve,dashboard]"
    done = subprocess.run(
        [*pip, "-c", str(ROOT / "constraints.txt"), wanted], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return environment / "bin" / "sharegpt-argilla"


def answer_in_the_demo(command: Path, folder: Path) -> None:
    """Start the demo, answer one record as ana, and export as the demo says."""
    demo = Demo(folder, free_port(), free_port(), command)
    try:
        url = re.search(r"^Argilla is running at (\S+)$", demo.said, re.MULTILINE)[1]
        password = re.search(r"ana / ([\w-]+)", demo.said)[1]
        dataset = re.search(r"/dataset/([0-9a-f-]+)/", demo.said)[1]
        with signed_in(url, "ana", password) as api:
            found = api("POST", f"/me/datasets/{dataset}/records/search", {}, limit=1)["items"]
            api.answer(found[0]["record"]["id"], quality=6, intent=["code"], toxicity="none")
        assert httpx.get(re.search(r"^  dashboard +(\S+)$", demo.said, re.MULTILINE)[1]).status_code == 200
        export = re.search(r"^  export +in another terminal: (.+)$", demo.said, re.MULTILINE)[1]
        subprocess.run(export, shell=True, cwd=folder, check=True)
    finally:
        assert demo.interrupt() == 0
    (annotation,) = read_annotations(folder / "sharegpt-demo" / "annotated.jsonl").values()
    assert (annotation["quality"], annotation["intent"], annotation["toxicity"]) == (6, ["code"], "none")
