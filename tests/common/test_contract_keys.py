"""A key that two parts share is spelled in one place."""

import ast
from pathlib import Path

import pytest

from sharegpt_argilla.common import contract_keys
from sharegpt_argilla.common.contract_keys import curation_block

PACKAGE = Path(contract_keys.__file__).parents[1]
SPELLED = {
    value
    for name, value in vars(contract_keys).items()
    if name.isupper() and isinstance(value, str) and ("_" in value)
}
"""The keys that are no word of English: as a literal elsewhere they can only be the key."""


def test_the_keys_are_what_files_and_servers_have() -> None:
    assert sorted(SPELLED) == [
        "assigned_n",
        "assigned_rank",
        "assigned_to",
        "copied_answers",
        "dup_of",
        "prompt_lang",
        "response_lang",
        "tool_messages",
    ]
    keys = (
        contract_keys.FLAGS,
        contract_keys.FIXED,
        contract_keys.PII,
        contract_keys.TOXICITY,
        contract_keys.GOLD,
    )
    assert keys == ("flags", "fixed", "pii", "toxicity", "gold")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_file_spells_them(path: Path) -> None:
    if path == Path(contract_keys.__file__):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    spelled = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and any(node.value == key or f'"{key}"' in node.value for key in SPELLED)
    ]
    assert not spelled


@pytest.mark.parametrize(
    ("extension", "block"), [({}, {}), ({"curation": {"flags": []}}, {"flags": []}), ({"curation": "x"}, {})]
)
def test_a_row_that_was_never_curated_has_an_empty_block(extension: dict, block: dict) -> None:
    assert curation_block(extension) == block
