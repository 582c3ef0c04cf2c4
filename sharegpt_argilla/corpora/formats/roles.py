"""Who speaks: the spellings that corpora use for the same role."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from sharegpt_argilla.corpora.formats.base import Role
from sharegpt_argilla.errors import RejectedError

# The seven spellings of ShareGPT V3; `assistant`, `ai` and `bot` of other chat files; `prompter` of OASST; the
# Malay and Korean ones of MYChatGPT and KoChatGPT, `chabot` as it is misspelt there; `model` of Gemini;
# `developer` of OpenAI, its newer word for `system`. Compared without case.
ROLES: Mapping[str, Role] = {
    "human": "human",
    "user": "human",
    "prompter": "human",
    "orang": "human",
    "사람": "human",
    "gpt": "gpt",
    "chatgpt": "gpt",
    "assistant": "gpt",
    "bing": "gpt",
    "bard": "gpt",
    "bot": "gpt",
    "ai": "gpt",
    "chatbot": "gpt",
    "chabot": "gpt",
    "챗봇": "gpt",
    "system": "system",
    "model": "gpt",
    "developer": "system",
}
OTHER_ROLES: Mapping[str, str] = {
    **dict.fromkeys(("function_call", "function-call", "tool_call", "tool_calls"), "tool calls"),
    **dict.fromkeys(
        (
            *("tool", "function", "observation", "function_response", "function-response", "tool_response"),
            *("tool_result", "tool_results", "function_output", "tool_output", "ipython", "environment"),
        ),
        "tool messages",
    ),
    **dict.fromkeys(("thought", "thinking", "reasoning"), "reasoning parts"),
    "critic": "messages of critics",
}
"""Roles whose messages are no turn -> the name they are counted under: those of LLaMA-Factory and APIGen
(``function_call``, ``observation``), Hermes (``tool``), Glaive (``function_response``), Llama 3 (``ipython``),
open-instruct (``environment``), and ChatGPT's export (``critic``)."""
LONGEST_SHOWN = 24
"""Characters of an unknown role in a message: enough for a name, too short for a sentence of somebody's."""

# What chat pages print above a message in the language of the person, where that differs from the English word.
_TRANSLATED: Mapping[Role, str] = {
    "human": "usuario usuária usuário usuari utilisateur utilisatrice benutzer nutzer utente gebruiker användare "
    "bruger bruker käyttäjä użytkownik uživatel utilizator felhasználó χρήστης пользователь користувач kullanıcı "
    "pengguna المستخدم مستخدم משתמש उपयोगकर्ता ผู้ใช้ 用户 用戶 使用者 ユーザー 사용자",
    "gpt": "asistente assistente assistent assistentin asystent asistent asszisztens βοηθός ассистент помощник "
    "асистент asistan asisten pembantu المساعد مساعد עוזר सहायक ผู้ช่วย 助手 助理 アシスタント 어시스턴트",
    "system": "sistema système systeem sistem systém rendszer järjestelmä σύστημα система النظام نظام מערכת "
    "प्रणाली ระบบ 系统 系統 システム 시스템",
}
ROLE_LINES: Mapping[str, Role] = {
    **{word: role for word, role in ROLES.items() if word not in {"model", "developer"}},
    **{word: role for role, words in _TRANSLATED.items() for word in words.split()},
}
"""What a line that only names the speaker may say: the spellings of the roles, and the words of chat pages. No
page says ``model`` or ``developer``, which are headings of answers."""


def canonical_role(spelling: str) -> Role:
    """The role that a corpus' spelling stands for.

    Raises:
        RejectedError: none is known; the text lists the known spellings.
    """
    role = ROLES.get(spelling) or ROLES.get(spelling.strip().lower())
    if role is None:
        shown = spelling if len(spelling) <= LONGEST_SHOWN else spelling[:LONGEST_SHOWN] + "…"
        raise RejectedError(f'unknown role "{" ".join(shown.split())}"; known: {", ".join(sorted(ROLES))}')
    return role


def other_role(spelling: str) -> str | None:
    """The name under which the messages of a role that is no speaker are counted; None for another role."""
    return OTHER_ROLES.get(spelling) or OTHER_ROLES.get(spelling.strip().lower())


def role_line(words: str) -> Role | None:
    """The role that a line names; None when it names none."""
    # An accent may be a character of its own.
    return ROLE_LINES.get(unicodedata.normalize("NFC", words).strip().lower())
