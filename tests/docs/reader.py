"""Somebody who follows a page: a folder like a clone, an empty home, an Argilla."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharegpt_argilla.cli import main
from sharegpt_argilla.settings import find_password
from tests.docs.pages import Block, words
from tests.embedded import STOP_WITHIN, EmbeddedArgilla, free_port
from tests.live.rest import Rest, owner_of, signed_in

CONFIG = "dataset-config.yml"
DATASET = "sharegpt-prompts"
PATH_OF_PROGRAM = str(Path(sys.executable).parent)
Answers = Sequence[Mapping[str, Any]] | Callable[[str], Mapping[str, Any]]


@dataclass
class Reader:
    """Runs blocks of one page in ``folder``, the way that a terminal there would."""

    folder: Path
    argilla: EmbeddedArgilla
    workspace: str
    capture: pytest.CaptureFixture[str]

    def run(self, block: Block, command: str) -> str:
        """One command of ours, in this process; what it says on stdout and stderr."""
        self.capture.readouterr()
        try:
            code: Any = main(words(command))
        except SystemExit as ended:  # --help
            code = ended.code
        said = "".join(self.capture.readouterr())
        assert code == 0, f"{block.page}:{block.line}: {command}: exit code {code}: {said}"
        return said

    def run_in_a_shell(self, block: Block, script: str) -> str:
        """Run several lines, or what only a shell can run; returns its output."""
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{block.page}:{block.line}: {script}: exit code {done.returncode}: {said}"
        return said

    def like_the_page(self, said: str) -> str:
        """What was said, with the places that a reader has in place of the test's own."""
        for here, on_the_page in (
            (str(self.argilla.home.path), "~/.sharegpt-argilla"),
            (self.argilla.api_url, "http://127.0.0.1:6900"),
            (self.workspace, "sharegpt"),
            (f"{self.folder}/", ""),
        ):
            said = said.replace(here, on_the_page)
        return said

    def configure(self, sections: Mapping[str, Any]) -> None:
        """Put sections into the project file, as a reader would type them."""
        path = self.folder / CONFIG
        content = yaml.safe_load(path.read_text(encoding="utf-8")) | dict(sections)
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def answer(self, person: str, answers: Answers, limit: int = 100) -> None:
        """Answer the first records of somebody's queue: one answer after the other in turn, or by the prompt."""
        home, url = self.argilla.home, self.argilla.api_url
        with signed_in(url, person, find_password(home, person, url) or "") as api:
            dataset = self._dataset(owner_of(self.argilla))
            found = api("POST", f"/me/datasets/{dataset}/records/search", {}, limit=100)["items"]
            # Each queue is another shuffle, and another one on each server.
            records = sorted((item["record"] for item in found), key=lambda record: record["external_id"])
            for number, record in enumerate(records[:limit]):
                values = (
                    answers(record["fields"]["prompt"]) if callable(answers) else answers[number % len(answers)]
                )
                api.answer(record["id"], **values)

    def _dataset(self, owner: Rest) -> str:
        with owner:
            spaces = {item["id"]: item["name"] for item in owner("GET", "/me/workspaces")["items"]}
            (names,) = [
                item["id"]
                for item in owner("GET", "/me/datasets")["items"]
                if item["name"] == DATASET and spaces[item["workspace_id"]] == self.workspace
            ]
        return str(names)

    def like_here(self, command: str) -> str:
        """A command with the test's own places in place of the page's."""
        for on_the_page, here in (
            ("https://argilla.example.org", self.argilla.api_url),
            ("KEY=…", f"KEY={self.argilla.api_key}"),
            ("/var/lib/argilla", str(self.argilla.home.path)),
            ("/backups/", f"{self.folder}/"),
            ("/srv/annotation", str(self.folder)),
        ):
            command = command.replace(on_the_page, here)
        return command


@contextmanager
def staying_up(
    command: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A command that stays up, on a port of the test's own: its address and its process; ended by Ctrl-C."""
    process = subprocess.Popen(
        [*shlex.split(command), "--port", str(free_port())],
        env={**os.environ, **(environment or {})},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        for line in process.stderr:
            said += line
            if "Ctrl-C stops it" in line:
                break
        assert process.poll() is None, said
        yield re.search(r"http://[\d.:]+\d", said)[0], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        code = process.wait(STOP_WITHIN)
        process.stderr.close()
    assert code == 0
