"""``demo``: a whole project on the package's own examples, then an Argilla that stays up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path

from sharegpt_argilla.common.jsonl import open_output
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.embedded_argilla.processes.launcher import ServerInfo
from sharegpt_argilla.errors import EmbeddedArgillaError, SharegptArgillaError
from sharegpt_argilla.settings import DEFAULT_PORT, Connection, Home, default_home, find_password, read_json
from sharegpt_argilla.workflows.dashboard import DEFAULT_PORT as DASHBOARD_PORT
from sharegpt_argilla.workflows.dashboard import DashboardOptions, running_dashboard
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.init import init, starter
from sharegpt_argilla.workflows.load_records import LoadSummary
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.serve import serve
from sharegpt_argilla.workflows.setup_dataset import SetupSummary

FOLDER = "sharegpt-demo"
"""The demo's project, in the current folder."""
HOME = "demo"
"""The demo's home folder, inside the usual one: nobody's own records are mixed with its examples."""
ROWS = "demo-rows.jsonl"
ANNOTATED = "annotated.jsonl"
ANNOTATOR = "ana"
EXAMPLES = {"sharegpt_vicuna.json": "vicuna", "sharegpt_gpt4.jsonl": "gpt4"}
"""Raw corpus in the package's examples -> the name of its corpus."""

CREATE_TIME = "20231101 12:00:00"
"""The examples were made up and have no time of their own; a fixed one gives the same rows every time."""

_NAMES = {
    "workspace: sharegpt\n": "workspace: sharegpt-demo\n",
    "dataset: sharegpt-prompts\n": "dataset: demo-prompts\n",
}


@dataclass(frozen=True)
class DemoSummary:
    """What is ready once the server is up.

    Attributes:
        server: its address, home folder and owner.
        setup: what was made.
        load: what was loaded.
        rows: where the rows are.
        sign_ins: username -> password of the owner and of one annotator; they were made for this demo alone.
        dashboard: address of the dashboard; "" where it does not run.
        no_dashboard: why it does not.
    """

    server: ServerInfo
    setup: SetupSummary
    load: LoadSummary
    rows: Path
    sign_ins: dict[str, str]
    dashboard: str = ""
    no_dashboard: str = ""


def demo(
    on_ready: Callable[[DemoSummary], None],
    *,
    port: int = DEFAULT_PORT,
    home: Home | None = None,
    config: str | Path | None = None,
    dashboard_port: int = DASHBOARD_PORT,
) -> int:
    """Serve, extract the examples, set up the dataset, load the rows, and stay up until SIGINT or SIGTERM.

    The same call again finds everything done and adds nothing twice.

    Args:
        on_ready: called once all is ready.
        port: where to serve, on 127.0.0.1.
        home: where the embedded Argilla keeps its data; by default a folder of its own in the usual one.
        config: a project file to use; by default one of its own in the folder ``sharegpt-demo``.
        dashboard_port: where the dashboard is served; the demo runs without it if that fails.

    Raises:
        SharegptArgillaError: what the single steps raise.
    """
    home = home or Home(default_home().path / HOME)
    project = _demo_project() if config is None else Path(config)
    rows = project.with_name(ROWS)
    _extract_all(rows)
    with ExitStack() as stack:

        def prepare(server: ServerInfo) -> None:
            connection = Connection(server.api_url, read_json(server.home.owner)["api_key"])
            setup, load = push_to_argilla(rows, project, connection=connection, home=server.home)
            options = DashboardOptions(str(project), str(rows), str(project.with_name(ANNOTATED)))
            url, reason = "", ""
            try:
                url, _ = stack.enter_context(running_dashboard(options, port=dashboard_port, home=server.home))
            except SharegptArgillaError as error:
                reason = str(error).replace("--port", "--dashboard-port (make demo DASHBOARD_PORT=…)")
            on_ready(DemoSummary(server, setup, load, rows, _sign_ins(server), url, reason))

        try:
            return serve(port=port, home=home, on_ready=prepare)
        except EmbeddedArgillaError as error:
            raise EmbeddedArgillaError(str(error).replace("--port", "--port (make demo PORT=…)")) from None


def _demo_project() -> Path:
    """The demo's own project file, with names that no other project has."""
    folder = Path(FOLDER)
    summary = init(folder)
    config = folder / DEFAULT_CONFIG
    if DEFAULT_CONFIG in summary.written:
        text = config.read_text(encoding="utf-8")
        for usual, own in _NAMES.items():
            text = text.replace(usual, own)
        with open_output(config) as file:
            file.write(text)
    return config


def _sign_ins(server: ServerInfo) -> dict[str, str]:
    owner = read_json(server.home.owner)
    annotator = find_password(server.home, ANNOTATOR, server.api_url)
    return {owner["username"]: owner["password"]} | ({ANNOTATOR: annotator} if annotator else {})


def _extract_all(rows: Path) -> None:
    with open_output(rows) as file:
        for part in _extracted(rows):
            file.write(part.read_text(encoding="utf-8"))
            part.unlink()


def _extracted(rows: Path) -> Iterator[Path]:
    for name, model in EXAMPLES.items():
        part = rows.with_name(f".{rows.name}.{model}")
        with as_file(starter() / "examples" / name) as source:
            extract([source], model, part, create_time=CREATE_TIME)
        yield part
