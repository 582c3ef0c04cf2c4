"""``python -m sharegpt_argilla.embedded_argilla``: the embedded Argilla without the rest of the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, ServerInfo, run
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.settings import DEFAULT_PORT, Home, default_home


def main() -> int:
    """Serve until told to stop; the address is the one line on stdout. Returns the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    parser.add_argument("--home", type=Path, default=default_home().path, help="data folder (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes any free one (%(default)s)")
    parser.add_argument("--base-url", default="/", help="path below which a proxy shows it (%(default)s)")
    options = parser.parse_args()
    try:
        return run(ServeOptions(Home(options.home), options.host, options.port, options.base_url), _show)
    except SharegptArgillaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def _show(info: ServerInfo) -> None:
    sys.stdout.write(f"{info.api_url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
