"""Every error of this package, in one tree.

::

    SharegptArgillaError            exit 1   stop
    ├── UsageError                  exit 2   stop    wrong option, wrong combination, wrong configuration
    │   ├── UnknownNameError        exit 2   stop    a name that is not in a registry
    │   └── ConfigError             exit 2   stop    dataset-config.yml or guidelines.md is wrong
    ├── InputError                  exit 1   stop    a file that cannot be read or written at all
    ├── RejectedError               exit 1   skip    one conversation or row is unusable; skip it
    ├── ServerUnreachableError      exit 1   retry   nothing answers at the address
    ├── CredentialsError            exit 1   stop    the server refuses the key, or the role is too low
    ├── ServerRefusedError          exit 1   stop    the server answered with an error that no retry fixes
    ├── DatasetDiffersError         exit 1   stop    the dataset on the server is not the one in the file
    └── EmbeddedArgillaError        exit 1   stop    the embedded Argilla cannot start or keep running

``exit_code`` is what the command line returns; ``fate`` says what a loop does with the error: ``skip`` the
item, ``retry`` the call, or ``stop``. Errors of other libraries are mapped to these where the library is called,
never further up.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Fate = Literal["skip", "retry", "stop"]


class SharegptArgillaError(Exception):
    """Root of the tree; its text is one line: what is wrong, where, what was found, what to do."""

    exit_code: ClassVar[int] = 1
    fate: ClassVar[Fate] = "stop"


class UsageError(SharegptArgillaError):
    """The command or the call was used in a way that cannot work."""

    exit_code = 2


class UnknownNameError(UsageError, KeyError):
    """An unknown name; the text gives the nearest known name and all of them.

    Args:
        kind: what the name should denote, as the message says it (``corpus``).
        name: the unknown name.
        known: all valid names.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self._arguments = (kind, name, sorted(known))
        names = self._arguments[2]
        nearest = get_close_matches(name, names, n=1)
        hint = f'; did you mean "{nearest[0]}"?' if nearest else ";"
        super().__init__(f'unknown {kind} "{name}"{hint} known: {", ".join(names)}')

    # KeyError shows the repr of its argument.
    __str__ = Exception.__str__

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        # Worker processes pickle errors, by default as a call with the text alone.
        return type(self), self._arguments


class ConfigError(UsageError):
    """dataset-config.yml, or the guidelines it names, cannot be used."""


class InputError(SharegptArgillaError):
    """A file or stream that cannot be read or written at all."""


class RejectedError(SharegptArgillaError):
    """One conversation or row is unusable. Its text is the reason that goes into the rejects file."""

    fate = "skip"


class ServerUnreachableError(SharegptArgillaError):
    """Nothing answers at the server's address, or the server stopped answering."""

    fate = "retry"


class CredentialsError(SharegptArgillaError):
    """The server refuses the API key, or the account may not do this."""


class ServerRefusedError(SharegptArgillaError):
    """The server answered with an error that a retry does not fix."""


class DatasetDiffersError(SharegptArgillaError):
    """The dataset on the server is not the one that the file describes."""


class EmbeddedArgillaError(SharegptArgillaError):
    """The embedded Argilla cannot start, or cannot keep running."""
