"""``demo``: the whole path on ``examples/``, then an Argilla that stays up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.common.jsonl import open_output
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.embedded_argilla.processes.launcher import ServerInfo
from sharegpt_argilla.errors import InputError, SharegptArgillaError
from sharegpt_argilla.settings import DEFAULT_PORT, Connection, Home, default_home, read_json
from sharegpt_argilla.workflows.dashboard import DEFAULT_PORT as DASHBOARD_PORT
from sharegpt_argilla.workflows.dashboard import DashboardOptions, running_dashboard
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.load_records import LoadSummary
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.serve import serve
from sharegpt_argilla.workflows.setup_dataset import SetupSummary

DEFAULT_ROWS = "demo-rows.jsonl"
ANNOTATED = "annotated.jsonl"
EXAMPLES = {"sharegpt_vicuna.json": "vicuna", "sharegpt_gpt4.jsonl": "gpt4"}
"""Raw corpus under ``examples/`` -> the name of its corpus."""

CREATE_TIME = "20231101 12:00:00"
"""The examples were made up and have no time of their own; a fixed one gives the same rows every time."""


@dataclass(frozen=True)
class DemoSummary:
    """What stands ready once the server is up.

    Attributes:
        server: its address, home folder and owner.
        setup: what was made.
        load: what was loaded.
        rows: where the rows are.
        dashboard: address of the dashboard; "" where it does not run.
        no_dashboard: why it does not.
    """

    server: ServerInfo
    setup: SetupSummary
    load: LoadSummary
    rows: Path
    dashboard: str = ""
    no_dashboard: str = ""


def demo(
    on_ready: Callable[[DemoSummary], None],
    *,
    port: int = DEFAULT_PORT,
    home: Home | None = None,
    examples: Path = Path("examples"),
    config: str | Path = DEFAULT_CONFIG,
    rows: str | Path = DEFAULT_ROWS,
    dashboard_port: int = DASHBOARD_PORT,
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
        dashboard_port: where the dashboard is served; the demo goes on without it where it cannot be.

    Raises:
        SharegptArgillaError: what the single steps raise.
    """
    home = home or default_home()

    _extract_all(examples, Path(rows))
    with ExitStack() as stack:

        def prepare(server: ServerInfo) -> None:
            connection = Connection(server.api_url, read_json(server.home.owner)["api_key"])
            setup, load = push_to_argilla(rows, config, connection=connection, home=server.home)
            options = DashboardOptions(str(config), str(rows), ANNOTATED)
            url, reason = "", ""
            try:
                url, _ = stack.enter_context(running_dashboard(options, port=dashboard_port, home=server.home))
            except SharegptArgillaError as error:
                reason = str(error)
            on_ready(DemoSummary(server, setup, load, Path(rows), url, reason))

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
