"""Checks for private data. What they find is counted and can be replaced, and is never shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sharegpt_argilla.common.contract_keys import PII
from sharegpt_argilla.curation.checks.base import Finding, Fix, Item, Options, Severity
from sharegpt_argilla.curation.contact_detectors import emails, ip_addresses, phones
from sharegpt_argilla.curation.credential_detectors import cards, secrets
from sharegpt_argilla.curation.identity_detectors import id_numbers
from sharegpt_argilla.curation.precision import Precision, measured_precision
from sharegpt_argilla.curation.presidio_entities import entities
from sharegpt_argilla.curation.private_data import Span


@dataclass(frozen=True, slots=True)
class Private:
    """A check for one kind of private data.

    Attributes:
        detect: finds the spans of such data in a text.
    """

    id: str
    message: str
    detect: Callable[[str, Options], Iterable[Span]]
    severity: Severity = "warning"
    optional: bool = False
    private: bool = True
    # redaction.py redacts, since that needs the whole conversation.
    fix: Fix | None = None

    @property
    def precision(self) -> Precision | None:
        """As measured."""
        return measured_precision(self.id)

    def find(self, items: Sequence[Item], options: Options) -> list[Finding | None]:
        """The counts by type in each item."""
        return [self._count(item, options) for item in items]

    def _count(self, item: Item, options: Options) -> Finding | None:
        counts = Counter(span.type for text in item.texts for span in self.detect(text, options))
        return Finding(facts={PII: dict(sorted(counts.items()))}) if counts else None


EMAIL = Private("email", "an e-mail address of somebody", lambda text, _options: emails(text))
PHONE = Private("phone", "a telephone number", lambda text, _options: phones(text))
IP = Private(
    "ip_address", "an IP address that is routed on the internet", lambda text, _options: ip_addresses(text)
)
CARD = Private("card", "the number of a payment card", lambda text, _options: cards(text))
ID = Private(
    "id_number",
    "the number of a bank account, a passport or an identity document",
    lambda text, _options: id_numbers(text),
)
SECRET = Private("secret", "a key, token or password", lambda text, _options: secrets(text), severity="error")
NAMES = Private("names", "names and numbers of people, by Presidio", entities, optional=True)
