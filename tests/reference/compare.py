"""What counts as the same answer."""

from typing import Any

TOP = 5
"""How many of the best are compared where the order is one of relevance."""


def packed(case: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """A golden answer in few characters: where the order is given, ``places`` has one bit for each record."""
    numbers = answer.get("found")
    if (
        numbers is None
        or "sort" in case
        or "max_results" in case
        or not (is_ranked("search", case) or numbers == sorted(numbers))
    ):
        return answer
    short = {name: value for name, value in answer.items() if name != "found"}
    short["places"] = f"{sum(1 << place for place in numbers):x}"
    return short | ({"best": numbers[:TOP]} if is_ranked("search", case) else {})


def unpacked(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer that was packed; of a ranked one, those after the best are in the order of the records."""
    if "places" not in answer:
        return answer
    bits, best = int(answer["places"], 16), answer.get("best", [])
    rest = [place for place in range(bits.bit_length()) if bits >> place & 1 and place not in best]
    return {**answer, "found": [*best, *rest]}


def is_ranked(kind: str, case: dict[str, Any]) -> bool:
    """Whether the order is free: by relevance, or an annotator's own."""
    return kind == "search" and "sort" not in case and ("query" in case or "user" in case)


def difference(kind: str, case: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """In which respect two answers differ, None where they are the same."""
    if "error" in theirs or "error" in ours:
        return None if "error" in theirs and "error" in ours else "error"
    if kind in ("metrics", "progress"):
        return None if theirs == ours else "counts"
    if theirs["total"] != ours["total"]:
        return "total"
    if is_ranked(kind, case):
        theirs, ours = ({**each, "found": sorted(each["found"])} for each in (theirs, ours))
    if kind == "similarity_search":
        return _similar_difference(theirs, ours)
    if theirs["found"] != ours["found"]:
        return "found" if sorted(theirs["found"]) != sorted(ours["found"]) else "order"
    unscored = "sort" in case or is_ranked(kind, case)
    return None if unscored or theirs.get("score") == ours.get("score") else "score"


def _similar_difference(theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    if theirs["found"] != ours["found"]:
        return "found"
    close = all(abs(a - b) <= 2e-5 for a, b in zip(theirs["scores"], ours["scores"], strict=True))
    return None if close else "score"


def agreement(theirs: dict[str, Any], ours: dict[str, Any]) -> float:
    """Which part of their best TOP is among our best TOP, from 0 to 1."""
    best = theirs["found"][:TOP]
    return len(set(best) & set(ours["found"][:TOP])) / len(best) if best else 1.0
