"""Families of interchangeable members by name: our own, and those of other packages by entry point.

A package adds a member by an entry point whose name is the member's, in its pyproject.toml::

    [project.entry-points."sharegpt_argilla.corpora"]
    faq = "my_package:FAQ_CORPUS"

docs/extending.md has an example for each family.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sharegpt_argilla.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Member = TypeVar("Member")

OURS = "sharegpt-argilla"
"""The owner of the members that are not plug-ins."""

_LOG = logging.getLogger(__name__)


class Registry(Mapping[str, Member], Generic[Member]):
    """The table of one family's members.

    Plug-ins follow our own members, in the order of their packages' names. They are imported once, when a name is
    not built in or when all members are listed. One that cannot be used costs a line of the log.

    Args:
        kind: what a member is, as error messages call it (``corpus``).
        members: name -> member, in the order in which help and documentation list them.
        group: the group of entry points with more members; "" for none.
        needs: attributes that a plug-in has; the first gives its name, unless it is ``__call__``.
    """

    def __init__(
        self, kind: str, members: Mapping[str, Member], *, group: str = "", needs: Sequence[str] = ("name",)
    ) -> None:
        self.kind = kind
        self._members = dict(members)
        self._owners = dict.fromkeys(self._members, OURS)
        self._group = group
        self._needs = needs

    def __getitem__(self, name: str) -> Member:
        """The member of that name.

        Raises:
            UnknownNameError: no member has the name; the text gives the nearest name and all of them.
        """
        if name not in self._members:
            self._load_plugins()
        if name not in self._members:
            raise UnknownNameError(self.kind, name, self._members)
        return self._members[name]

    def __contains__(self, name: object) -> bool:
        if name not in self._members:
            self._load_plugins()
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        self._load_plugins()
        return iter(self._members)

    def __len__(self) -> int:
        self._load_plugins()
        return len(self._members)

    def _load_plugins(self) -> None:
        group, self._group = self._group, ""
        for point in _entry_points(group) if group else ():
            owner = package_of(point)
            if point.name in self._owners:
                self._warn(
                    point, f"is refused: {self._owners[point.name]} has a {self.kind} of that name; rename one"
                )
                continue
            try:
                member: Any = load_plugin(point)
                self._check(point.name, member)
            except UsageError as error:
                self._warn(point, str(error))
                continue
            self._members[point.name] = member
            self._owners[point.name] = owner

    def _check(self, name: str, member: object) -> None:
        for attribute in self._needs:
            if not hasattr(member, attribute):
                raise UsageError(f"is no {self.kind}: it has no {attribute}; see docs/extending.md")
        own = name if self._needs[0] == "__call__" else getattr(member, self._needs[0])
        if own != name:
            raise UsageError(f"calls itself {own!r}; the entry point has the same name")

    def _warn(self, point: EntryPoint, what: str) -> None:
        # Worker processes find what their parent found and said.
        if multiprocessing.parent_process() is None:
            _LOG.warning('the %s "%s" of the package %s %s', self.kind, point.name, package_of(point), what)


@cache
def plugin_names(group: str) -> tuple[str, ...]:
    """The names of a group's entry points; nothing is imported."""
    return tuple(dict.fromkeys(point.name for point in _entry_points(group)))


def find_plugin(group: str, name: str) -> object:
    """The object of one entry point.

    Raises:
        UsageError: it cannot be imported, or there is none of that name.
    """
    for point in _entry_points(group):
        if point.name == name:
            return load_plugin(point)
    raise UsageError(f'no package has "{name}" among its entry points {group}')


def load_plugin(point: EntryPoint) -> object:
    """The object that an entry point names.

    Raises:
        UsageError: it cannot be imported, for whatever reason: the code is another package's.
    """
    try:
        return point.load()
    except Exception as error:
        what = str(error).splitlines()[0] if str(error) else ""
        raise UsageError(
            f"cannot be imported ({type(error).__name__}: {what}); update or uninstall that package"
        ) from error


def package_of(point: EntryPoint) -> str:
    """The name of the package that an entry point belongs to."""
    return point.dist.name if point.dist else "?"


def _entry_points(group: str) -> list[EntryPoint]:
    # Imported only where plug-ins are looked for: it takes as long as a small file.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return sorted(entry_points(group=group), key=lambda point: (package_of(point), point.name))
