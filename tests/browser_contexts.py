"""Windows of the browser that wait as long as every test does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.embedded import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A context of 1440 x 900 pixels, unless the options say otherwise; its pages wait `PATIENCE` for an event."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    context.set_default_timeout(1000 * PATIENCE)
    return context
