"""Checks of prompts that need what a language model cannot see or make: web pages, pictures, news."""

from __future__ import annotations

import re

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, around, finding_for, is_program, without_code

_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>()\"'\]]+", re.IGNORECASE)
# Addresses that nobody outside can read.
_LOCAL = re.compile(r"https?://(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|\[::1\])", re.IGNORECASE)
_READING = LanguagePatterns("web_reference", "reading")
_NEAR = 80
"""Characters between an address and the word that asks to read it."""
_BARE = 12
"""Words next to an address up to which the prompt is about the address."""
_OWN = 60
"""Words next to an address above which the prompt contains what it refers to."""
_CODING = LanguagePatterns("web_reference", "coding")

_IMAGE = LanguagePatterns("image_reference", "picture")

# A prompt for an image generator, or a program that works on images.
_GENERATOR = LanguagePatterns("image_reference", "about_generators")

_LIVE = LanguagePatterns("live_data", "request")
# Sentences about the weather or news to be translated, classified or programmed for.
_MATERIAL = LanguagePatterns("live_data", "material")
_QUESTION = 60
"""Words of a prompt above which news is its material, not its request."""

# Things made of words, although a medium is named.
_MEDIA = LanguagePatterns("media_generation", "request")
# A text about a picture: "a sentence for this picture", "a script for a video".
_ABOUT = LanguagePatterns("media_generation", "about_a_picture")
_HOW = LanguagePatterns("media_generation", "how")


def _web(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    address = _URL.search(text)
    if address is None:
        return None
    rest = _URL.sub(" ", text)
    if _LOCAL.search(text):
        return None
    if len(rest.split()) > _OWN or _CODING.search(rest):
        return None
    near = text[max(0, address.start() - _NEAR) : address.start()] + " " + text[address.end() :][:_NEAR]
    if len(rest.split()) <= _BARE or _READING.search(near, item.prompt_language):
        return around(text, address)
    return None


def _image(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    if (is_program(text) and "<im" not in text) or _GENERATOR.search(text):
        return None
    return finding_for(text, _IMAGE.search(text, item.prompt_language))


def _live(item: Item, _options: Options) -> Finding | None:
    if len(item.prompt) > 600 or len(item.prompt.split()) > _QUESTION:
        return None
    if _MATERIAL.search(item.prompt):
        return None
    return finding_for(item.prompt, _LIVE.search(item.prompt, item.prompt_language))


def _media(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    match = _MEDIA.search(text, item.prompt_language)
    if match is None or _HOW.search(text) or _ABOUT.search(text[max(0, match.start() - 30) : match.end() + 20]):
        return None
    return around(text, match)


WEB = Rule("web_reference", "the prompt wants a web page read", "warning", _web)
IMAGE = Rule("image_reference", "the prompt speaks of a picture that is not there", "warning", _image)
LIVE = Rule("live_data", "the prompt wants news, weather or prices of the day", "warning", _live)
MEDIA = Rule("media_generation", "the prompt wants a picture, a video or a logo made", "warning", _media)
