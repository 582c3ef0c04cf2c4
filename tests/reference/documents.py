"""Random documents as plain data, the same for the same seed: a dataset's shape and its records."""

import random
import unicodedata
from datetime import datetime, timedelta
from typing import Any

FIELDS = {"prompt": "text", "answer": "text", "chat": "chat", "page": "custom", "picture": "image"}
QUESTIONS = {
    "quality": "rating",
    "intent": "label_selection",
    "topics": "multi_label_selection",
    "comment": "text",
    "order": "ranking",
}
PROPERTIES = {"language": "terms", "tokens": "integer", "share": "float"}
DIMENSIONS = 6
PEOPLE = ["ana", "ben", "chi"]
LABELS = ["code", "essay", "Essay", "other things", "翻译", "x-1"]
STATUSES = ["draft", "submitted", "discarded"]
AGENTS = ["model-a", "model-b", "Model A"]
START = datetime(2024, 5, 1, 12, 0, 0)

WORDS = {
    "english": "the river Red apple don't can't runs running over-the-top state-of-the-art e-mail naïve UPPER "
    "Camel user's users' rock'n'roll o'clock write Write WRITE a an of to",
    "german": "Straße STRASSE Übung übung Äpfel schön Schön groß Maß Maße",
    "french": "l'eau L'EAU été Été ete cœur garçon déjà aujourd’hui qu’il",
    "turkish": "İstanbul istanbul ISPARTA ısı ilk",
    "greek": "ΟΔΟΣ οδος οδός λόγος λογοσ",
    "russian": "Москва москва ёлка елка вода",
    "chinese": "请介绍一下北京的天气 北京 天气 上海 天京 翻译这句话 机器学习 学习机器",
    "japanese": "東京タワー 東京 タワー タワ たわー これはペンです ペン ﾃｽﾄ テスト ひらがな カタカナ々",
    "korean": "안녕하세요 한국어 한국 서울에서 서울",
    "thai": "สวัสดีครับ ภาษาไทย ภาษา ไทย",
    "lao": "ພາສາລາວ",
    "khmer": "ភាសាខ្មែរ",
    "burmese": "မြန်မာဘာသာ",
    "hindi": "हिन्दी भाषा नमस्ते",
    "arabic": "العربية مَرحَبًا مرحبا ١٢٣",
    "hebrew": "עברית שלום צה\"ל ג'ירפה",
    "numbers": "3.14 1,000 10:30 v2.0 2024-05-01 00003 100 1_000 1e5 ½ ² 50% $9.99 1.2.3.4 12.5kg x86 "
    "3,14,15 a.b a1.b2 1.a",
    "code": "snake_case __init__ foo(bar) example.com https://example.com/a?b=c&d=e user@example.org C++ C# #tag "
    "@name a/b a\\b x=y <b> `tick` {k:v} [0] k:v 1:2 a,b f(x)=1 _ __ _a a_",
    "signs": "… — – • ™ © ° € & % * ~ ^ | \" ' ´ ` ’",
    "emoji": "😀 👍🏽 👨‍👩‍👧 ❤️ ❤ 🇩🇪 ☺ ✓ ☀rain 😀😀 good😀day 1️⃣ ♥",
    "odd": "ＡＢＣ ﬁne ﬁ caf\u00ad\u00e9 zero\u200bwidth zero\u200djoin bidi\u202etext "
    "no\u00a0break \ufefforder ǅ ŉ Ⅷ ⓐ 𝒳 𝐛old ㎏ ℡ ª º µ μ",
}
WORDS["decomposed"] = unicodedata.normalize("NFD", "naïve été Übung שלום한국")
WORDS["long"] = "x" * 255 + " " + "y" * 256 + " " + "z" * 300


def vocabulary() -> list[str]:
    """Every word there is."""
    return [word for words in WORDS.values() for word in words.split(" ")]


def _text(chance: random.Random, most: int = 9) -> str:
    languages = [name for name in WORDS if name != "long" or chance.random() < 0.1]
    chosen = chance.sample(languages, 2) + ["english"] * 2
    words = [chance.choice(WORDS[chance.choice(chosen)].split(" ")) for _ in range(chance.randint(1, most))]
    ends = [" ", " ", " ", " ", ", ", ". ", "\n", "", ";"]
    return "".join(word + chance.choice(ends) for word in words)


def _chat(chance: random.Random) -> list[dict[str, str]]:
    return [
        {"role": chance.choice(["user", "assistant", "System", "the user"]), "content": _text(chance, 5)}
        for _ in range(chance.randint(0, 4))
    ]


def _fields(chance: random.Random, wanted: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"prompt": _text(chance)}
    if chance.random() < 0.7:
        fields["answer"] = _text(chance)
    if chance.random() < 0.5:
        fields["chat"] = _chat(chance)
    if chance.random() < 0.4:
        fields["page"] = {"title": _text(chance, 3), "size": chance.randint(0, 200), "tags": [_text(chance, 1)]}
    if chance.random() < 0.3:
        fields["picture"] = "https://example.com/river.png"
    return {name: value for name, value in fields.items() if name in wanted}


def _metadata(chance: random.Random) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if chance.random() < 0.7:
        one = chance.choice(LABELS)
        metadata["language"] = one if chance.random() < 0.5 else chance.sample(LABELS, chance.randint(0, 3))
    if chance.random() < 0.7:
        metadata["tokens"] = chance.choice([chance.randint(-5, 20), 2**53, 10**12])
    if chance.random() < 0.7:
        metadata["share"] = chance.choice([round(chance.random(), 3), 0.1, 1 / 3, 16777217.0, -2.5, 1])
    if chance.random() < 0.2:
        metadata["other"] = "river"
    return metadata


def _values(chance: random.Random) -> dict[str, Any]:
    values = {
        "quality": chance.randint(1, 7),
        "intent": chance.choice(LABELS),
        "topics": chance.sample(LABELS, chance.randint(1, 3)),
        "comment": _text(chance, 2),
        "order": [{"value": "a", "rank": 1}, {"value": "b", "rank": 2}],
    }
    return {name: value for name, value in values.items() if chance.random() < 0.6}


def _suggestions(chance: random.Random) -> dict[str, Any]:
    suggestions = {}
    for name, value in _values(chance).items():
        several = isinstance(value, list)
        scores = [round(chance.random(), 2) for _ in value] if several else round(chance.random(), 2)
        suggestions[name] = {
            "value": value,
            "score": chance.choice([None, scores, scores]),
            "agent": chance.choice([None, *AGENTS]),
            "type": chance.choice([None, "model", "human"]),
        }
    return suggestions


def _record(chance: random.Random, number: int, fields: dict[str, str]) -> dict[str, Any]:
    moments = [
        START + timedelta(seconds=chance.choice([0, 1, 3600, 86400]) * chance.randint(0, 9)) for _ in range(2)
    ]
    people = chance.sample(PEOPLE, chance.choice([0, 0, 1, 2, 3]))
    return {
        "external_id": chance.choice([f"row-{number}", f"Row {number % 7}", None]),
        "status": chance.choice(["pending", "completed"]),
        "inserted_at": moments[0].replace(microsecond=chance.choice([0, 0, 1, 999999])).isoformat(),
        "updated_at": moments[1].isoformat(),
        "fields": _fields(chance, fields),
        "metadata": _metadata(chance),
        "responses": [
            {"user": person, "status": chance.choice(STATUSES), "values": _values(chance)} for person in people
        ],
        "suggestions": _suggestions(chance) if chance.random() < 0.6 else {},
        "vector": (
            [round(chance.uniform(-1, 1), 3) for _ in range(DIMENSIONS)] if chance.random() < 0.8 else None
        ),
    }


def random_documents(seed: int, number: int, fields: dict[str, str]) -> dict[str, Any]:
    """A dataset with some of FIELDS, and ``number`` records of it; JSON can contain all of it."""
    chance = random.Random(seed)
    return {
        "fields": fields,
        "questions": QUESTIONS,
        "properties": PROPERTIES,
        "dimensions": DIMENSIONS,
        "people": PEOPLE,
        "records": [_record(chance, place, fields) for place in range(number)],
    }
