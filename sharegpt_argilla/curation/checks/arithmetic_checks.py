"""Arithmetic and statistics in an answer that are recomputed and differ."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, around, shortened, without_code

_NUMBER = r"(?:[$€£¥]\s?)?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_OPERATOR = r"\s*[+*×·÷/−–-]\s*|\s+x\s+"
# A whole chain, nothing arithmetic before or after it: "3 + 5 + 9 = 17" must not be read as "5 + 9 = 17".
_CHAIN = re.compile(
    rf"(?P<left>\(*-?{_NUMBER}(?:\)*(?:{_OPERATOR})\(*{_NUMBER}){{1,40}}\)*)\s*=\s*(?P<right>-?{_NUMBER})"
    r"(?!\s*[-+*×·÷/−–^=%°]|\s+(?:x|thousand|million|billion|trillion)\b|[A-Za-z0-9_(万亿]|\s*\$|[.,]\d|\.\.)"
)
_PLAIN_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_PERCENTAGE = re.compile(
    rf"(?<![\d.,$€£-])(?P<share>\d+(?:\.\d+)?)\s?% of [$€£]?(?P<whole>{_PLAIN_NUMBER}) (?:is|=|equals) "
    rf"[$€£]?(?P<part>{_PLAIN_NUMBER})(?!\s*[-+*×·÷/−–^=%]|[A-Za-z\d(]|[.,]\d| (?:thousand|million|billion)\b)"
)
_FRACTION = r"\d{1,4}/\d{1,4}"
_FRACTIONS = re.compile(
    rf"(?<![\w.,)/+*×^√=−–-])(?<![+*×·÷=−–-] )(?P<left>{_FRACTION}(?:\s*[+−-]\s*{_FRACTION}){{1,10}})\s*=\s*"
    rf"(?P<right>{_FRACTION})(?![\w/^(]|\s*[+*×·÷−–-]|[.,]\d)"
)
# Text before a chain that makes it the end of something longer, or its numbers not numbers.
_BEFORE = re.compile(r"(?:[A-Za-z0-9_.,)\]%$€£^√²³:|\\]|[/*×·÷+−–^%-]\s*|\b(?:log|sin|cos|tan|mod)\s*)$")
_TOKEN = re.compile(rf"\s*({_NUMBER}|[()+*/-])")
_PLAIN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "x": "*", **dict.fromkeys("$€£¥")})
_UNEVEN = re.compile(r"\d[-/]\d")

_STATISTICS: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "mean": lambda numbers: sum(numbers, Fraction()) / len(numbers),
    "median": statistics.median,
    "sum": lambda numbers: sum(numbers, Fraction()),
}
_ASKED = {name: LanguagePatterns("wrong_statistic", name) for name in _STATISTICS}
_LIST = re.compile(
    r"(?<![\d.,])-?\d+(?:\.\d+)?(?:\s*(?:,|;|、|dan|and|和|与)\s*(?:and |dan )?-?\d+(?:\.\d+)?){2,}(?!\d|\.\d)"
)
_OTHER = LanguagePatterns("wrong_statistic", "other")
_VALUE = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")


def evaluate(text: str) -> Fraction | None:
    """The exact value of a chain of + - * / and brackets; None if it has none. Nothing is executed."""
    tokens = _TOKEN.findall(text.translate(_PLAIN))
    try:
        value, rest = _sum(tokens, 0)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    return value if rest == len(tokens) else None


def _sum(tokens: Sequence[str], index: int) -> tuple[Fraction, int]:
    value, index = _product(tokens, index)
    while index < len(tokens) and tokens[index] in "+-":
        other, after = _product(tokens, index + 1)
        value, index = (value + other if tokens[index] == "+" else value - other), after
    return value, index


def _product(tokens: Sequence[str], index: int) -> tuple[Fraction, int]:
    value, index = _factor(tokens, index)
    while index < len(tokens) and tokens[index] in "*/":
        other, after = _factor(tokens, index + 1)
        value, index = (value * other if tokens[index] == "*" else value / other), after
    return value, index


def _factor(tokens: Sequence[str], index: int) -> tuple[Fraction, int]:
    if tokens[index] == "-":
        value, index = _factor(tokens, index + 1)
        return -value, index
    if tokens[index] == "(":
        value, index = _sum(tokens, index + 1)
        if tokens[index] != ")":
            raise ValueError(tokens[index])
        return value, index + 1
    return Fraction(tokens[index].replace(",", "")), index + 1


def rounds_to(value: Fraction, shown: str, exact: int) -> bool:
    """Whether ``shown`` is the value, rounded or truncated to its number of digits.

    A value with no more than ``exact`` digits after the point must be given exactly.
    """
    number = Fraction(shown.replace(",", ""))
    if (value * 10**exact).denominator == 1:
        return value == number
    return abs(value - number) < Fraction(1, 10 ** len(shown.partition(".")[2]))


def _chains(text: str) -> Iterator[re.Match[str]]:
    return (
        match
        for match in _CHAIN.finditer(text)
        if not _BEFORE.search(text[max(0, match.start() - 8) : match.start()])
    )


def _wrong_sum(item: Item, _options: Options) -> Finding | None:
    if "=" not in item.answer:
        return None
    text = without_code(item.answer)
    for chain in _chains(text):
        left = chain["left"]
        # 12-5 may be a range and 3/4 a date; what is written with spaces is meant as a sum.
        if _UNEVEN.search(left) or len(left) > 200:
            continue
        value = evaluate(left)
        if value is not None and not rounds_to(value, chain["right"].translate(_PLAIN).strip(), 0):
            return around(text, chain)
    wrong = next(filter(_differs, _PERCENTAGE.finditer(text)), None) or next(
        filter(_differs_in_lowest_terms, _FRACTIONS.finditer(text)), None
    )
    return around(text, wrong) if wrong else None


def _differs(percentage: re.Match[str]) -> bool:
    share, whole = (Fraction(percentage[name].replace(",", "")) for name in ("share", "whole"))
    return not rounds_to(share * whole / 100, percentage["part"], 0)


def _differs_in_lowest_terms(fractions: re.Match[str]) -> bool:
    left = evaluate(fractions["left"])
    numerator, denominator = map(int, fractions["right"].split("/"))
    return left is not None and denominator != 0 and left != Fraction(numerator, denominator)


def _wrong_statistic(item: Item, _options: Options) -> Finding | None:
    prompt = item.prompt
    if len(prompt) > 600 or not item.answer.strip() or _OTHER.search(prompt):
        return None
    lists = _LIST.findall(prompt)
    if len(lists) != 1:
        return None
    numbers = [Fraction(number) for number in re.findall(r"-?\d+(?:\.\d+)?", lists[0])]
    numbers_in_answer = _VALUE.findall(item.answer)
    for name, words in _ASKED.items():
        if words.search(prompt, item.prompt_language) and numbers_in_answer:
            value = _STATISTICS[name](numbers)
            if not any(rounds_to(value, shown, 1) for shown in numbers_in_answer):
                return Finding(excerpt=shortened(f"{name} of {lists[0]} is {float(value):g}"))
    return None


SUM = Rule("wrong_sum", "a sum in the answer comes out otherwise", "error", _wrong_sum)
STATISTIC = Rule(
    "wrong_statistic", "the mean, median or sum asked for is not in the answer", "error", _wrong_statistic
)
