"""Texts that were written without a look at the rules, with the private value in ⟦ ⟧ where there is one.

``bench/private_texts.tsv`` has a text a line: the set (``first`` was written before ``second``), the type or
``NONE``, the text with ``\\n`` for line breaks. ``{a48}`` stands for 48 letters and digits drawn at random, ``u``
for capital letters and digits, ``h`` for hexadecimals, ``d`` for digits, ``b`` for base58. A card ends in its
check digit. The same texts on every run.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from pathlib import Path

from bench.planted_privacy import SEED, Planted

PATH = Path(__file__).with_suffix(".tsv")
SETS = ("first", "second")
_DRAWN = re.compile(r"\{([auhdb])(\d+)\}")
_CHARACTERS = {
    "a": string.ascii_letters + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "h": string.digits + "abcdef",
    "d": string.digits,
    "b": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
}
_VALUE = re.compile("⟦(.*?)⟧")


def written(*sets: str) -> Iterator[Planted]:
    """The texts of the sets, of all if none is named; without value and type nothing may be found."""
    chance = random.Random(SEED)
    for line in PATH.read_text(encoding="utf-8").splitlines():
        name, kind, template = line.split("\t", 2)
        text = _DRAWN.sub(lambda drawn: "".join(chance.choices(_CHARACTERS[drawn[1]], k=int(drawn[2]))), template)
        if name in (sets or SETS):
            yield _planted(text.replace("\\n", "\n"), kind)


def _planted(text: str, kind: str) -> Planted:
    value = _VALUE.search(text)
    if value is None:
        return Planted(text)
    shown = with_check_digit(value[1]) if kind == "CARD" else value[1]
    return Planted(_VALUE.sub(lambda _value: shown, text), shown, kind)


def with_check_digit(number: str) -> str:
    """The number with its last digit set by Luhn's rule."""
    digits = [int(each) for each in number if each.isdigit()][:-1]
    doubled = (digit * (2 - position % 2) for position, digit in enumerate(reversed(digits)))
    return number[:-1] + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)
