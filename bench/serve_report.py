"""The figures of a benchmark: printed as they come, kept, and compared with targets."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

_STARTED = time.monotonic()


def tell(what: str) -> None:
    """Say on standard error what is being done now, and after how many minutes."""
    print(f"[{(time.monotonic() - _STARTED) / 60:5.1f} min] {what}", file=sys.stderr, flush=True)


@dataclass
class Report:
    """The lines of the result, and whether every target was met."""

    figures: dict[str, float] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def note(self, name: str, value: float, unit: str) -> None:
        """Print and keep a figure that has no target."""
        self.figures[name] = round(value, 3)
        print(f"{name:58} {value:10.1f} {unit}", flush=True)

    def check(self, name: str, value: float, at_least: float | None = None, at_most: float | None = None) -> None:
        """Print and keep a ratio, and whether it meets its target."""
        met = value >= at_least if at_least is not None else value <= (at_most or 0.0)
        target = f"at least {at_least}" if at_least is not None else f"at most {at_most}"
        self.figures[name] = round(value, 3)
        self.missed += [] if met else [name]
        print(f"{name:58} {value:10.2f} ({target}) {'ok' if met else 'MISSED'}", flush=True)
