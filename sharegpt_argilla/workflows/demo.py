"""``demo``: the whole path on ``examples/``, then an Argilla that stays up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.embedded_argilla.launcher import ServerInfo
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.jsonl import open_output
from sharegpt_argilla.settings import DEFAULT_PORT, Connection, Home, default_home, read_json
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.load_records import LoadSummary
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.serve import serve
from sharegpt_argilla.workflows.setup_dataset import SetupSummary

DEFAULT_ROWS = "demo-rows.jsonl"
EXAMPLES = {"sharegpt_vicuna.json": "vicuna", "sharegpt_gpt4.jsonl": "gpt4"}
"""Raw corpus under ``examples/`` -> the name of its corpus."""

CREATE_TIME = "20231101 12:00:00"
"""The examples were made up and have no time of their own; a fixed one gives the same rows every time."""


@dataclass(frozen=True)
class DemoSummary:
    """What stands ready once the server is up: its address, what was made, what was loaded, where the rows are."""

    server: ServerInfo
    setup: SetupSummary
    load: LoadSummary
    rows: Path


def demo(
    on_ready: Callable[[DemoSummary], None],
    *,
    port: int = DEFAULT_PORT,
    home: Home | None = None,
    examples: Path = Path("examples"),
    config: str | Path = DEFAULT_CONFIG,
    rows: str | Path = DEFAULT_ROWS,
) -> int:
    """Serve, extract the examples, set up the dataset, load the rows, and stay up until SIGINT or SIGTERM.

    Doing it again finds everything in place and adds nothing twice.

    Args:
        on_ready: called once all is in place.
        port: where to serve, on 127.0.0.1.
        home: where the embedded Argilla keeps its data.
        examples: the folder with the raw corpora.
        config: the project file.
        rows: takes the extracted rows.

    Raises:
        SharegptArgillaError: what the single steps raise.
    """
    home = home or default_home()

    def prepare(server: ServerInfo) -> None:
        connection = Connection(server.api_url, read_json(server.home.owner)["api_key"])
        setup, load = push_to_argilla(rows, config, connection=connection, home=server.home)
        on_ready(DemoSummary(server, setup, load, Path(rows)))

    _extract_all(examples, Path(rows))
    return serve(port=port, home=home, on_ready=prepare)


def _extract_all(examples: Path, rows: Path) -> None:
    missing = [name for name in EXAMPLES if not (examples / name).is_file()]
    if missing:
        raise InputError(f"{examples / missing[0]}: no such file; run the demo in the project's folder")
    with open_output(rows) as file:
        for part in _extracted(examples, rows):
            file.write(part.read_text(encoding="utf-8"))
            part.unlink()


def _extracted(examples: Path, rows: Path) -> Iterator[Path]:
    for name, model in EXAMPLES.items():
        part = rows.with_name(f".{rows.name}.{model}")
        extract([examples / name], model, part, create_time=CREATE_TIME)
        yield part
