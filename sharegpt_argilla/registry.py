"""Families of interchangeable members, found by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from sharegpt_argilla.errors import UnknownNameError

Member = TypeVar("Member")


class Registry(Mapping[str, Member], Generic[Member]):
    """The table of one family's members.

    Args:
        kind: what one member is, in the words of an error message (``corpus``).
        members: name -> member, in the order in which help and documentation list them.
    """

    def __init__(self, kind: str, members: Mapping[str, Member]) -> None:
        self.kind = kind
        self._members = dict(members)

    def __getitem__(self, name: str) -> Member:
        """The member of that name.

        Raises:
            UnknownNameError: there is none; the text gives the nearest name and all of them.
        """
        if name not in self._members:
            raise UnknownNameError(self.kind, name, self._members)
        return self._members[name]

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)
