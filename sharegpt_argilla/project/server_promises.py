"""What a project asks of its server that the server does not do, in one line each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharegpt_argilla.argilla_client.server_counts import read_capabilities
from sharegpt_argilla.errors import UsageError

if TYPE_CHECKING:
    from sharegpt_argilla.argilla_client.connection import ArgillaClient
    from sharegpt_argilla.argilla_client.server_counts import Capabilities
    from sharegpt_argilla.config import Project


def asks_for_promises(project: Project) -> bool:
    """Whether the project asks for anything that not every Argilla does."""
    return _enforced_queue(project) or project.config.gold is not None


def broken_promises(client: ArgillaClient, project: Project) -> list[str]:
    """A line for each thing that the project promises and the server does not do; asks the server at most once."""
    if not asks_for_promises(project):
        return []
    capabilities = read_capabilities(client)
    lines = [_open_queue(client.url, capabilities)] if _enforced_queue(project) else []
    if project.config.gold is not None and capabilities is None:
        lines.append(
            f"{client.url} runs without the plug-in: annotators can find out which records have a known answer "
            "(gold); run argilla-server with it (docs/deployment.md)"
        )
    return [line for line in lines if line]


def require_promises(client: ArgillaClient, project: Project) -> list[str]:
    """The same lines; refuses a queue that nobody enforces or wanted open.

    Raises:
        UsageError: the project has mode queue, and the server offers everybody every record.
    """
    if _enforced_queue(project):
        capabilities = read_capabilities(client)
        if capabilities is None or capabilities.plans == "off":
            raise UsageError(
                f"{project.path}: assignment.mode: {_open_queue(client.url, capabilities)}; to go on with a queue "
                "that everybody is offered, set assignment.open_queue to true"
            )
    return broken_promises(client, project)


def _enforced_queue(project: Project) -> bool:
    assignment = project.config.assignment
    return assignment.mode == "queue" and not assignment.open_queue


def _open_queue(url: str, capabilities: Capabilities | None) -> str:
    """Why the plan is not enforced; empty if it is."""
    if capabilities is None:
        return (
            f"{url} does not enforce the plan of mode queue, and answers are not private; set assignment.mode to "
            "links, or run argilla-server with the plug-in (docs/deployment.md)"
        )
    if capabilities.plans == "open":
        return (
            f"{url} does not enforce the plan: its queue was opened (serve --open-queue); start it without that, "
            "or set assignment.open_queue to true"
        )
    if capabilities.plans != "enforced":
        return (
            f"{url} does not enforce the plan: the plug-in there does not fit its argilla-server or its search "
            "engine; its log says why; set assignment.mode to links meanwhile"
        )
    return ""
