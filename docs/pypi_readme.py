"""Make a copy of the tree ready for PyPI: links and pictures of README.md lead to the repository's public address.

    python docs/pypi_readme.py https://github.com/OWNER/NAME FOLDER

`make dist URL=https://github.com/OWNER/NAME` does it on a copy. PyPI shows README.md alone, so that a link to
docs/install.md leads nowhere there. The address is in no file of the repository: it is given here, once.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PICTURES = (".png", ".webp")
_LINK = re.compile(r"(?<=\]\()(?!https?://|#)([^)\s]+)(?=\))")


def absolute_links(text: str, url: str, version: str) -> str:
    """The page with links below `url`, at the tag of that version; those within the page stay."""

    def lead(found: re.Match[str]) -> str:
        kind = "raw" if found[1].partition("#")[0].endswith(PICTURES) else "blob"
        return f"{url}/{kind}/v{version}/{found[1]}"

    return _LINK.sub(lead, text)


def project_urls(url: str, version: str) -> str:
    """The table of pyproject.toml that PyPI shows next to the page."""
    links = {
        "Homepage": url,
        "Documentation": f"{url}/blob/v{version}/docs/index.md",
        "Changelog": f"{url}/blob/v{version}/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }
    return "\n".join(["\n[project.urls]", *(f'{name} = "{link}"' for name, link in links.items()), ""])


def main(url: str, folder: str) -> None:
    """Rewrite README.md and pyproject.toml of a copy."""
    readme, pyproject = Path(folder, "README.md"), Path(folder, "pyproject.toml")
    settings = pyproject.read_text(encoding="utf-8")
    version = tomllib.loads(settings)["project"]["version"]
    readme.write_text(
        absolute_links(readme.read_text(encoding="utf-8"), url.rstrip("/"), version), encoding="utf-8"
    )
    pyproject.write_text(settings + project_urls(url.rstrip("/"), version), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
