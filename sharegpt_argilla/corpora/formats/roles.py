"""Who speaks: the spellings that corpora use for the same role."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from sharegpt_argilla.corpora.formats.base import Role
from sharegpt_argilla.errors import RejectedError

# The seven spellings of ShareGPT V3; `assistant`, `ai` and `bot` of other chat files; `prompter` of OASST; the
# Malay and Korean ones of MYChatGPT and KoChatGPT, `chabot` as it is misspelt there. Compared without case.
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
}
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
    **ROLES,
    **{word: role for role, words in _TRANSLATED.items() for word in words.split()},
}
"""What a line that only names the speaker may say: the spellings of the roles, and the words of chat pages."""


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


def role_line(words: str) -> Role | None:
    """The role that a line names; None when it names none."""
    # An accent may be a character of its own.
    return ROLE_LINES.get(unicodedata.normalize("NFC", words).strip().lower())
