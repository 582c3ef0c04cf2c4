"""Detectors of e-mail addresses, telephone numbers and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from sharegpt_argilla.curation.check_data import check_data
from sharegpt_argilla.curation.private_data import Span
from sharegpt_argilla.curation.word_patterns import LanguagePatterns

_EMAIL = LanguagePatterns("email", "form")
_NOBODY = LanguagePatterns("email", "nobody")
_IN_URL = LanguagePatterns("email", "in_url")
_AT = re.compile("@|＠|%40|[\\[(] ?at ?[\\])]", re.IGNORECASE)

_PHONE = LanguagePatterns("phone", "form")
_CUE = LanguagePatterns("phone", "cue")
_OTHER = LanguagePatterns("phone", "other")
_UNIT = LanguagePatterns("phone", "unit")
_AMERICAN = LanguagePatterns("phone", "american")
_TRUNK = LanguagePatterns("phone", "trunk")
_INDIAN = LanguagePatterns("phone", "indian")
_CHINESE = LanguagePatterns("phone", "chinese")
_DATE = LanguagePatterns("phone", "date")
_DECIMALS = LanguagePatterns("phone", "decimals")
_ALONE = LanguagePatterns("phone", "alone")
# Reserved for fiction, or counted on the fingers.
_FICTION = LanguagePatterns("phone", "fiction")
_HAN = re.compile("[\u3400-\u9fff]")
_NUMBER = re.compile(r"\d[\d.,]*")

REGIONS = (
    *("GB", "DE", "FR", "AU", "KR", "JP", "IT", "ES", "NL", "BE", "CH", "AT", "PL", "SE", "DK", "NO", "FI", "PT"),
    *("IE", "NZ", "ZA", "IN", "PK", "BD", "MY", "ID", "SG", "TH", "VN", "PH", "TW", "HK", "CN", "BR", "MX", "AR"),
    *("CO", "CL", "TR", "GR", "RO", "HU", "CZ", "UA", "RU", "IL", "EG", "SA", "AE", "NG", "KE"),
)
"""Regions by whose numbering plan a national number is looked up, by ISO 3166-1."""
FEWEST_DIGITS, MOST_DIGITS = 7, 15
"""Digits of a telephone number: the shortest subscriber numbers, and the most of ITU-T E.164."""
MOST_NATIONAL = 11
"""Digits of a national number with its trunk prefix that is one without a word for it; more are rare."""
_LIST = 5
_CROWD = 3
"""Other numbers on the line from which a number without a cue is one of a table."""
_CUE_DISTANCE = 40
"""Characters before a number in which a word for a telephone is looked for."""

_IPV4 = LanguagePatterns("ip_address", "v4")
_IPV6 = LanguagePatterns("ip_address", "v6")
_VERSION = LanguagePatterns("ip_address", "version")
_SECTION = LanguagePatterns("ip_address", "section")
_IP_CUE = LanguagePatterns("ip_address", "cue")
_GLOBAL_V6 = ipaddress.ip_network("2000::/3")
"""The only part of IPv6 from which addresses are given out (IANA)."""
_SMALL = 30
"""The highest number in the number of a section."""
_LOWEST_HOSTS = 20
"""Numbers that begin below this are versions more often than addresses."""
_SMALL_PARTS = 2
"""One-digit parts behind the first from which such a number is a version, unless a word says that it is none."""


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses, except those that belong to nobody or are user and password of a URL."""
    if not _AT.search(text):
        return
    for match in _EMAIL.finditer(text):
        address = _AT.sub("@", match[0], count=1)
        before = text[max(0, match.start() - 100) : match.start()]
        if not _NOBODY.search(address) and not (_IN_URL.search(before) or before.endswith("://")):
            yield Span(*match.span(), "EMAIL")


def phones(text: str) -> Iterator[Span]:
    """Telephone numbers: with a word for one before them, with a country code, or in a national form.

    A number without a word is looked up in the numbering plans of ``REGIONS``. Digits behind a word for something
    else, dates, and numbers of a table are none.
    """
    listed = _listed(text)
    for match in _PHONE.finditer(text):
        number = _whole(match[0].strip())
        digits = re.sub(r"\D", "", number)
        if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS or _FICTION.search(digits) or _DATE.search(number):
            continue
        before = text[max(0, match.start() - _CUE_DISTANCE) : match.start()]
        if digits in listed or _is_phone(number, digits, before, text, match):
            yield Span(match.start(), match.start() + len(number), "PHONE")


def _whole(number: str) -> str:
    """The number without others that follow it behind a space: the longest beginning that its country knows."""
    if not number.startswith("+") or " " not in number:
        return number
    pieces = number.split(" ")
    beginnings = (" ".join(pieces[:count]) for count in range(len(pieces), 0, -1))
    return next((beginning for beginning in beginnings if _is_valid(beginning, None)), number)


def _is_phone(number: str, digits: str, before: str, text: str, match: re.Match[str]) -> bool:
    cued, other = _CUE.search(before), _OTHER.search(before)
    if number.startswith("+"):
        return cued is not None or _is_valid(number, None)
    if _DECIMALS.search(number):
        return False
    if cued:
        return other is None or cued.start() > other.start()
    if other or before.endswith(("/", "=")) or _UNIT.search(text[match.end() : match.end() + 12]):
        return False
    return _is_national(number, digits, text, match)


def _is_national(number: str, digits: str, text: str, match: re.Match[str]) -> bool:
    """Whether the number is in a form that its country writes telephone numbers in, and in its numbering plan."""
    if number.startswith("00"):
        return _is_valid(f"+{digits[2:]}", None)
    if _AMERICAN.search(number):
        return _is_valid(number, "US")
    if _crowded(text, match):
        return False
    if _CHINESE.search(number):
        around = text[max(0, match.start() - 30) : match.end() + 30]
        return _HAN.search(around) is not None and _is_valid(number, "CN")
    regions: tuple[str, ...] = ("IN",) if _INDIAN.search(number) else ()
    if len(digits) <= MOST_NATIONAL and _TRUNK.search(number):
        regions = REGIONS
    return any(_is_valid(number, region) for region in regions)


def _crowded(text: str, match: re.Match[str]) -> bool:
    """Whether the line has several other numbers, as the row of a table has."""
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    rest = f"{text[start : match.start()]} {text[match.end() : end if end >= 0 else len(text)]}"
    return len(_NUMBER.findall(rest)) >= _CROWD


def _is_valid(number: str, region: str | None) -> bool:
    """Whether the number is one of its numbering plan, by Google's metadata."""
    import phonenumbers  # noqa: PLC0415 - takes a tenth of a second, and most texts have no candidate

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _listed(text: str) -> set[str]:
    """Numbers in a list: at least five, equally long, alone on their lines, with the same beginning."""
    alone = [re.sub(r"[ .+-]", "", match[1]) for match in _ALONE.finditer(text)]
    kinds = Counter((digits[:2], len(digits)) for digits in set(alone))
    return {digits for digits in alone if kinds[digits[:2], len(digits)] >= _LIST}


@cache
def _resolvers() -> frozenset[str]:
    """Public name servers."""
    return frozenset(check_data("ip_address")["resolvers"]["addresses"])


def ip_addresses(text: str) -> Iterator[Span]:
    """Addresses that are routed on the internet; not private ones, resolvers, versions or numbers of sections."""
    sections = {match.start(1) for match in _SECTION.finditer(text) if _is_section(match[1])}
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 160) : match.start()]
            versioned = _VERSION.search(before) or _is_version(match[0], before[-_CUE_DISTANCE:])
            if match.start() not in sections and not versioned and _is_host(match[0]):
                yield Span(*match.span(), "IP")


def _is_section(number: str) -> bool:
    return all(int(part) <= _SMALL for part in number.split("."))


def _is_version(number: str, before: str) -> bool:
    """Whether the number has the parts of a version and nothing before it speaks of a network."""
    first, *others = number.split(".")
    small = (
        first.isdigit() and int(first) < _LOWEST_HOSTS and sum(len(part) == 1 for part in others) >= _SMALL_PARTS
    )
    return small and not _IP_CUE.search(before)


def _is_host(address: str) -> bool:
    if address in _resolvers():
        return False
    try:
        host = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(host, ipaddress.IPv6Address):
        return host.is_global and host in _GLOBAL_V6
    round_number = address.endswith(".0.0") or (address.endswith(".0") and host.packed[0] < _LOWEST_HOSTS)
    return host.is_global and not host.is_multicast and not round_number
