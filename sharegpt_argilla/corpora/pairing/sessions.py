"""A session is one conversation: ids that come again, and records that only look like pieces of one.

A shard notes the id of each record with a fingerprint of its texts, and what the ids of a corpus that splits
say. When all shards are converted, ``resolve`` finds what no shard could know alone; the shards that it names
are converted again. The result is the same for any number of workers and shards.
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, count, islice, pairwise
from operator import ne
from pathlib import Path
from typing import IO

from sharegpt_argilla.corpora.formats.base import Conversation, Corpus
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT, has_sharegpt_form, piece_of

KEYS_AT_ONCE = 100_000
"""Ids of records that are compared at a time, in 20 MB; of all others 16 bytes each are held."""
_SHOWN = 200
"""Characters of a text in a fingerprint."""
_RENAMED = re.compile(r"#\d+\Z", re.ASCII)
_NUMBERED = re.compile(r"_\d+\Z", re.ASCII)
_SHORTEST_SPLIT = 2
"""Turns: a record this short that is called a piece may be one of a numbered series instead."""
_SHAREGPT_ID_LENGTH = 7

Piece = tuple[int, int, bool]
"""Offset, number of turns, whether an answer comes first."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the other shards of a run say about one.

    Attributes:
        joined, apart: bases that are split, or only look so, as ``ShareGPT`` takes them.
        seen: id of a record -> fingerprints of the conversations that have it in earlier shards, in order.
        taken: ids of records that look like those that a repeated id gets (``42#2``).
    """

    joined: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    seen: Mapping[int, Sequence[int]] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()

    def corpus(self, corpus: Corpus) -> Corpus:
        """The corpus, with what is known about its pieces."""
        if type(corpus) is ShareGPT and corpus.splits:
            return replace(corpus, joined=self.joined, apart=self.apart)
        return corpus


class ShardSessions:
    """The ids of one shard.

    Args:
        corpus: whose records they are of.
        resolution: what the other shards say.

    Attributes:
        renamed: conversations whose id another conversation had before.
    """

    def __init__(self, corpus: Corpus, resolution: Resolution) -> None:
        self.renamed = 0
        self._splits = isinstance(corpus, ShareGPT) and corpus.splits
        self._known = {key: list(prints) for key, prints in resolution.seen.items()}
        self._noted = array("Q")
        self._new: set[tuple[int, int]] = set()
        self._pieces: dict[str, list[Piece]] = {}
        self._begun: dict[str, str] = {}
        self._taken = resolution.taken
        self._numbered: set[str] = set()
        self._given: set[str] = set()

    def claim(self, identity: str, texts: Sequence[str], size: int, answers_first: bool) -> int:
        """Note a record with that id: 0 for the first conversation that has it, 1 for the second, and so on.

        Args:
            identity: the id.
            texts: of the first two turns and of the last.
            size: number of turns.
            answers_first: whether the first is an answer.
        """
        key, print_ = _mark(identity), _fingerprint(texts, size)
        if self._splits and (named := piece_of(identity)) is not None:
            self._pieces.setdefault(named[0], []).append((named[1], size, answers_first))
        if "#" in identity and _RENAMED.search(identity):
            self._numbered.add(identity)
        if (key, print_) not in self._new:
            self._new.add((key, print_))
            self._noted.extend((key, print_))
        prints = self._known.get(key)
        if prints is None:
            self._known[key] = [print_]
            return 0
        if print_ not in prints:
            prints.append(print_)
        number = prints.index(print_)
        self.renamed += number > 0
        return number

    def own(self, conversations: Sequence[Conversation]) -> Sequence[Conversation]:
        """The conversations of one record, under ids that no other conversation has."""
        by_id: dict[str, list[Conversation]] = {}
        names: dict[str, str] = {}
        for conversation in conversations:
            if conversation.continues:
                # Under the id that its first part got.
                names[conversation.session] = self._begun.get(conversation.session, conversation.session)
            elif conversation.turns:
                by_id.setdefault(_identity(conversation), []).append(conversation)
        for identity, same in by_id.items():
            texts = [turn.text for conversation in same for turn in conversation.turns]
            ends = [*texts[:2], *texts[-1:]]
            number = self.claim(identity, ends, len(texts), same[0].turns[0].role == "gpt")
            if number:
                names[identity] = self._begun[identity] = self.renamed_id(same[0].session, number)
        if not names:
            return conversations
        return [
            replace(conversation, session=names.get(_identity(conversation), conversation.session))
            for conversation in conversations
        ]

    def renamed_id(self, session: str, number: int) -> str:
        """The id of the conversation that is the second (1), third (2) … with an id; no record has it already."""
        free = (name for nth in count(2) if (name := f"{session}#{nth}") not in self._taken)
        name = next(islice(free, number - 1, None))
        self._given.add(name)
        return name

    def write(self, file: IO[bytes]) -> None:
        """Write what ``resolve`` reads."""
        noted = {"pieces": self._pieces, "numbered": sorted(self._numbered), "given": sorted(self._given)}
        file.write(json.dumps(noted).encode("ascii") + b"\n")
        file.write(self._noted.tobytes())


def resolve(paths: Mapping[int, Path]) -> dict[int, Resolution]:
    """What the shards of a run say together, for each shard that has to know it.

    Args:
        paths: what each shard noted, by its number, in the order of the output.
    """
    pieces: dict[str, list[Piece]] = {}
    bases: dict[int, set[str]] = {}
    numbered: set[str] = set()
    given: dict[int, set[str]] = {}
    for number, path in paths.items():
        with path.open("rb") as file:
            own = json.loads(file.readline())
        bases[number] = set(own["pieces"])
        given[number] = set(own["given"])
        numbered.update(own["numbered"])
        for base, of_base in own["pieces"].items():
            pieces.setdefault(base, []).extend((offset, size, answers) for offset, size, answers in of_base)
    joined = frozenset(
        base for base, of_base in pieces.items() if not has_sharegpt_form(base) and _proved(base, of_base)
    )
    apart = frozenset(
        base for base, of_base in pieces.items() if has_sharegpt_form(base) and _contradictory(of_base)
    )
    seen = _seen_before(paths) if len(paths) > 1 else {}
    taken = frozenset(numbered)
    affected = [
        number for number in paths if number in seen or bases[number] & (joined | apart) or given[number] & taken
    ]
    return {number: Resolution(joined, apart, seen.get(number, {}), taken) for number in affected}


def _seen_before(paths: Mapping[int, Path]) -> dict[int, dict[int, list[int]]]:
    """For each shard the fingerprints that earlier shards have for its ids, where they are not all the same."""
    clashing = _clashing(paths.values())
    earlier_prints: dict[int, list[int]] = {}
    seen: dict[int, dict[int, list[int]]] = {}
    for number, path in paths.items() if clashing else ():
        mine = [(key, print_) for key, print_ in _noted_in(path) if key in clashing]
        if earlier := {key: list(earlier_prints[key]) for key, _ in mine if key in earlier_prints}:
            seen[number] = earlier
        for key, print_ in mine:
            if print_ not in earlier_prints.setdefault(key, []):
                earlier_prints[key].append(print_)
    return seen


def _clashing(paths: Collection[Path]) -> set[int]:
    """Ids with several fingerprints, a part of all ids after the other."""
    parts = [array("Q") for _ in range(1 + sum(path.stat().st_size for path in paths) // 16 // KEYS_AT_ONCE)]
    for path in paths:
        for key, print_ in _noted_in(path):
            parts[key % len(parts)].extend((key, print_))
    clashing: set[int] = set()
    while parts:
        part = parts.pop()
        keys, prints = part[::2], part[1::2]
        last = dict(zip(keys, prints, strict=True))
        clashing.update(compress(keys, map(ne, map(last.__getitem__, keys), prints)))
    return clashing


def _noted_in(path: Path) -> Iterator[tuple[int, int]]:
    """The ids and fingerprints that a shard noted."""
    with path.open("rb") as file:
        file.readline()
        return _pairs(array("Q", file.read()))


def _pairs(noted: array[int]) -> Iterator[tuple[int, int]]:
    return zip(noted[::2], noted[1::2], strict=True)


def _contradictory(pieces: Sequence[Piece]) -> bool:
    """Whether records cannot all be pieces of one conversation.

    A question cannot come first at an odd offset, and pieces do not overlap. By one turn they do in V3: of 520
    records two (``_13`` with five turns, and ``_17``).
    """
    ordered = sorted(set(pieces))
    if any(offset % 2 == 1 and not answers for offset, _, answers in ordered):
        return True
    return any(offset + size > after + 1 for (offset, size, _), (after, _, _) in pairwise(ordered))


def _proved(base: str, pieces: Sequence[Piece]) -> bool:
    """Whether records are the pieces of one conversation, though their base has not ShareGPT's form.

    They are when each begins where the one before ends, from the first turn on. FastChat's splitter cuts before
    questions alone; a base of seven letters may be one of ShareGPT's.
    """
    ordered = sorted(set(pieces))
    whole = all(offset + size == after for (offset, size, _), (after, _, _) in pairwise(ordered))
    if len(ordered) < 2 or ordered[0][0] or not whole or _contradictory(ordered):
        return False
    if any(answers or offset % 2 for offset, _, answers in ordered):
        return len(base) == _SHAREGPT_ID_LENGTH and base.isalnum() and base.isascii()
    long = any(size > _SHORTEST_SPLIT for _, size, _ in ordered)
    return long or _NUMBERED.search(base) is not None


def _identity(conversation: Conversation) -> str:
    """The id of the record of a conversation."""
    if conversation.piece:
        return f"{conversation.session}_{conversation.offset}"
    return conversation.session


def _fingerprint(ends: Sequence[str], size: int) -> int:
    """A number that tells conversations with the same id apart: by their size, first two texts and last one."""
    return _mark("\0".join([str(size), *(f"{len(text)} {text[:_SHOWN]}" for text in ends)]))


def _mark(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
