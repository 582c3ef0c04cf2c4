"""The Team page of a plan that adapts shows what the last round said, and what it saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharegpt_argilla.dashboard.session import watch
from sharegpt_argilla.project.adaptive_plan import Round
from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.plan import plan
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.dashboard.conftest import Run
from tests.embedded import EmbeddedArgilla
from tests.projects import TestProject, some_rows, write_project, write_rows

pytestmark = pytest.mark.live

ROWS = some_rows(8)
DISPUTED = ROWS[0]["id"]
ADAPT = {"until": 0.7, "most": 2, "questions": ["toxicity"]}
Told = tuple[TestProject, Path]


@pytest.fixture(scope="module")
def told(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A project whose plan adapts, without answers; in place of the story of the other pages."""
    folder = tmp_path_factory.mktemp("adapts")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, folder.name)
    project.rewrite(assignment={"mode": "queue", "seed": 3, "calibration": {"share": 0}, "adapt": ADAPT})
    rows = write_rows(folder / "rows.jsonl", ROWS)
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    return project, rows


def answer_all(project: TestProject, disputed: str) -> None:
    """Everybody answers their queue, and says ``disputed`` to one record."""
    for name in project.people:
        person = project.annotator(name)
        for record in person.pending():
            toxicity = disputed if record["external_id"] == DISPUTED else "none"
            person.answer(record["id"], values={"quality": 4, "intent": ["code"], "toxicity": toxicity})


def adapted(told: Told, disputed: str) -> Round:
    project, rows = told
    answer_all(project, disputed)
    done = plan(rows, project.config, connection=project.connection, adapt=True).adapted
    assert done is not None
    return done


def test_the_page_shows_the_last_round(run: Run, told: Told, lead: Viewer) -> None:
    first = adapted(told, "harmful")
    # One answer each, of people whom nothing was compared with yet: none counts, however equal they are.
    assert (first.settled, first.open, first.asked) == (0, len(ROWS), len(ROWS))
    assert_shown(run, lead, first)
    done = adapted(told, "none")
    assert_shown(run, lead, done)
    # The two people whom the record may have differ about it; the others are sure with the second answer.
    assert (done.settled, done.given_up) == (len(ROWS) - 1, 1)


def assert_shown(run: Run, lead: Viewer, done: Round) -> None:
    # A page shows what all sessions share, for some seconds; this is the refresh after them.
    watch().view(young=0)
    page = run("team", lead)
    assert not page.exception, page.exception
    tiles = {metric.label: metric.value for metric in page.metric}
    shown = [tiles[name] for name in ("Settled", "Open", "Given up at 2")]
    assert shown == [str(done.settled), str(done.open), str(done.given_up)]
    assert tiles["Records completed"] == f"{done.settled + done.given_up} of {len(ROWS)}"
    assert {"Hours so far", "Hours planned"} <= tiles.keys()
    saved = next(table.value for table in page.dataframe if "overlap" in table.value.columns)
    assert dict(zip(saved["overlap"], saved["answers"], strict=True)) == dict(done.saved)
    assert any("at least 70% sure" in caption.value for caption in page.caption)
