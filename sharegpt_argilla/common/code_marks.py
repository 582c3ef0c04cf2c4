"""What tells one state of this package's code from another, on machines that work on one thing together."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path


@cache
def code_mark(*parts: str) -> str:
    """A hash of the modules in these folders and files of the package, which are named from its own folder on."""
    package = Path(__file__).parents[1]
    digest = blake2b(digest_size=16)
    for part in parts:
        whole = package / part
        for path in [whole] if whole.is_file() else sorted(whole.rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode("utf-8") + path.read_bytes())
    return digest.hexdigest()
