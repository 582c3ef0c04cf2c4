"""How argilla-server is changed from outside: a patch, and the check of the code that it replaces.

A patch is written for code that was read. When it is applied, the source of that code is compared with what was
read, by hash. If it differs, nothing is replaced and the log says what is lost.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions, version
from typing import Any

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Code:
    """A function, property or class of another package.

    Attributes:
        target: ``module:name`` or ``module:Class.name``.
        source_hash: `hash_source` of each version of it that was read.
    """

    target: str
    source_hash: tuple[str, ...]

    @property
    def location(self) -> tuple[Any, str]:
        """The module or object that has it, and the name of the attribute.

        Raises:
            ImportError: the module does not exist.
            AttributeError: a part of the path does not exist.
        """
        module, _, path = self.target.partition(":")
        *parents, name = path.split(".")
        owner: Any = import_module(module)
        for parent in parents:
            owner = getattr(owner, parent)
        return owner, name

    def unchanged(self) -> bool:
        """Whether the installed source is one that was read."""
        try:
            owner, name = self.location
            return hash_source(inspect.getattr_static(owner, name)) in self.source_hash
        except (ImportError, AttributeError, OSError, TypeError):  # the last two: it has no source
            return False


@dataclass(frozen=True)
class Replacement(Code):
    """Code that a patch replaces.

    Attributes:
        make: builds the new attribute from the old one.
    """

    make: Callable[[Any], Any]

    def unchanged(self) -> bool:
        """Whether the installed source is one that was read, or the replacement itself."""
        return self.applied or super().unchanged()

    @property
    def applied(self) -> bool:
        """Whether the attribute is replaced in this process."""
        try:
            owner, name = self.location
            return self.target in _APPLIED and inspect.getattr_static(owner, name) is _APPLIED[self.target]
        except (ImportError, AttributeError):
            return False

    def apply(self) -> None:
        """Replace the attribute, unless that has been done."""
        if not self.applied:
            owner, name = self.location
            setattr(owner, name, self.make(getattr(owner, name)))
            _APPLIED[self.target] = inspect.getattr_static(owner, name)


@dataclass(frozen=True)
class Patch:
    """A change of another package's behaviour; applied as a whole or not at all.

    Attributes:
        name: a few words for the list of patches.
        owner: the distribution whose behaviour changes.
        reason: why it is changed.
        upstream: a report or pull request upstream, or the documentation that the change follows.
        loss: what is lost when it cannot be applied; begins the log line.
        replaces: what is replaced.
        relies_on: further code that must be as it was read.
        install: does what is more than a replacement.
    """

    name: str
    owner: str
    reason: str
    upstream: str
    loss: str
    replaces: tuple[Replacement, ...] = ()
    relies_on: tuple[Code, ...] = ()
    install: Callable[[], None] | None = None

    def changed(self) -> list[str]:
        """The targets whose installed source was never read."""
        return [code.target for code in (*self.replaces, *self.relies_on) if not code.unchanged()]

    def apply(self) -> bool:
        """Apply the patch in this process; if the code below it changed, only write a line to the log.

        Returns:
            Whether it is applied.
        """
        if changed := self.changed():
            code = ", ".join(f"{target} ({_installed(target)})" for target in changed)
            _LOG.warning("%s: the patch %r was written for other code than %s", self.loss, self.name, code)
            return False
        for replacement in self.replaces:
            replacement.apply()
        if self.install is not None:
            self.install()
        return True


def hash_source(code: Any) -> str:
    """A hash of the source of a function, method, property or class: 16 hexadecimal digits.

    Indentation, blank lines and comment lines do not count.

    Raises:
        OSError: the source is not available.
        TypeError: the object has no source.
    """
    function = getattr(code, "fget", None) or getattr(code, "__func__", code)
    lines = [line.strip() for line in inspect.getsource(function).splitlines()]
    text = "\n".join(line for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _installed(target: str) -> str:
    """Distribution and version that a target belongs to, as ``SQLAlchemy 2.0.31``."""
    package = target.partition(":")[0].partition(".")[0]
    names = _distributions().get(package, [])
    return f"{names[0]} {version(names[0])}" if names else f"{package} is not installed"


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()  # reads all that is installed, which takes half a second


_APPLIED: dict[str, Any] = {}
"""Target -> what has replaced it in this process."""
