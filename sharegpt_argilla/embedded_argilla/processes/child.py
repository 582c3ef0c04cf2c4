"""Entry of the Python child processes, ``server`` and ``worker``.

It imports nothing heavy, so that the process is tied to its launcher and has its log before the seconds in
which argilla-server is imported.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sharegpt_argilla.common.worker_processes import end_with
from sharegpt_argilla.embedded_argilla.processes.process_log import log_to
from sharegpt_argilla.settings import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = Literal["server", "worker"]


@dataclass(frozen=True)
class ChildOptions:
    """What the launcher tells a child.

    ``parent`` is the pipe end for `end_with`, ``listener`` the socket that the server answers on; both
    are numbers of inherited file descriptors. ``number`` counts the servers: the first one prepares the database.
    """

    role: Role
    home: Home
    api_url: str
    parent: int
    listener: int
    number: int = 1

    @property
    def name(self) -> str:
        """``server``, ``server-2`` and so on, or ``worker``."""
        return self.role if self.number == 1 else f"{self.role}-{self.number}"


def child_command(options: ChildOptions) -> list[str]:
    """The command line that starts this child with this interpreter."""
    # -P: a module of the same name in the user's current folder must not shadow one of ours.
    return [
        *(sys.executable, "-P", "-m", __name__, options.role, str(options.home.path)),
        *(options.api_url, str(options.parent), str(options.listener), str(options.number)),
    ]


def log_of(home: Home, name: str) -> Path:
    """The log file of the child with this name."""
    return home.logs / f"{name}.log"


def scratch_of(home: Home) -> Path:
    """Folder of the server's temporary files, such as its copy of the UI; emptied at every start.

    Not the system's: that one is swept of old files while a server of many weeks still needs them.
    """
    return home.path / "tmp"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one child until it is told to stop."""
    options = _parse(arguments)
    end_with(options.parent)
    log_to(log_of(options.home, options.name))
    tempfile.tempdir = str(scratch_of(options.home))
    try:
        _run(options)
    except Exception as error:  # this process's edge: all that can still be done is to say why
        traceback.print_exc()
        # Last, because the launcher shows the log's last line.
        sys.stderr.write(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}\n")
        sys.exit(1)


def _run(options: ChildOptions) -> None:
    # Importing argilla-server makes a great many objects that stay; looking through them for garbage again and
    # again takes an eighth of the start.
    gc.disable()
    module = importlib.import_module(f"{__package__}.{options.role}_process")
    gc.enable()
    module.run(options)


def _parse(arguments: Sequence[str] | None) -> ChildOptions:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("server", "worker"))
    parser.add_argument("home", type=Path)
    parser.add_argument("api_url")
    parser.add_argument("parent", type=int)
    parser.add_argument("listener", type=int)
    parser.add_argument("number", type=int)
    options = parser.parse_args(arguments)
    place = (Home(options.home), options.api_url)
    return ChildOptions(options.role, *place, options.parent, options.listener, options.number)


if __name__ == "__main__":
    main()
