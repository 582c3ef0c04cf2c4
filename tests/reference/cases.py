"""Random cases as plain data: what is asked of an engine, the same for the same seed.

A filter is ``{"and": [filters]}``, ``{"scope": scope, "terms": [values]}`` or
``{"scope": scope, "range": [from, to]}``. A scope is ``["metadata", name]``, ``["record", property]``,
``["suggestion", question, property]`` or ``["response", question, property, user]``. A sort is a list of
``[scope, direction]``.
"""

import random
from typing import Any

from tests.reference.documents import AGENTS, DIMENSIONS, LABELS, PEOPLE, PROPERTIES, STATUSES, vocabulary

Case = dict[str, Any]

DATES = [
    "2024-05-01",
    "2024-05",
    "2024",
    "2024-05-01T12:00:00",
    "2024-05-01T12:00:03.000001",
    "2024-05-01T12:00",
    "2024-05-01T12:00:01Z",
    "2024-05-01T14:00:00+02:00",
    "2024-05-02T12:00:00.999999",
    "2024-05-03T00:00:00",
    "2024-05-09",
    "2030-01-01T00:00:00",
    1714564800000,
]
SINGLE_SORTS = [
    ["record", "inserted_at"],
    ["record", "updated_at"],
    *(["metadata", name] for name in PROPERTIES),
    ["suggestion", "quality", "score"],
    ["suggestion", "quality", "value"],
    ["suggestion", "topics", "score"],
    ["suggestion", "topics", "value"],
    ["suggestion", "intent", "value"],
    ["suggestion", "intent", "agent"],
    ["suggestion", "intent", "type"],
    ["response", "quality", None, None],
    *(["response", "quality", None, person] for person in PEOPLE),
]
# What Elasticsearch refuses to sort by; recorded as such.
REFUSED_SORTS = [
    ["response", "intent", None, None],
    ["response", "comment", None, None],
    ["response", None, "status", None],
    ["suggestion", "comment", "value"],
    ["metadata", "other"],
]
HAND_MADE = [
    "", " ", "|", "+", "-", "*", '"', "()", '""', "- -", "+ |", "((", "))", ")(", "\\", "~", "river~1",
    "rivr~1", "rivr~", '"river apple"~3', '"apple river"~5', '"red apple"', '"red apple"*', "riv*",
    "RIV*", "*", "ri* -red", "over-the", "over-the-top", "-over", "red -apple", "red | apple",
    "red | apple river", "red river | apple", "(red | river) apple", "-(red | river)", "-red -apple",
    "red - apple", "red+apple", "red|apple", "+red +apple", "\"don't\"", "dont", "don", "t",
    '"state of the art"', "state-of-the-art", "example", "example.com", "https", "user@example.org",
    "c++", "c#", "C", "tag", "#tag", "3", "3.14", "14", "1,000", "1000", "10:30", "10", "v2", "v2.0",
    "v2*", "2024", "2024-05-01", "2024*", "snake", "snake_case", "_", "__init__", "init", "_a", "a_",
    "strasse", "straße", "STRASSE", "STRAßE", "ubung", "übung", "ÜBUNG", "ete", "été", "ÉTÉ",
    "istanbul", "İstanbul", "ISTANBUL", "ısı", "ISI", "οδος", "ΟΔΟΣ", "οδός", "москва", "МОСКВА",
    "елка", "北京", "北", "京北", "天京", "北京 天气", '"北京"', '"天京"', '"北京 天气"', "北*", "北京*",
    "介绍*", "東京", "東京タワー", "タワー", "タワ", "タ*", "タワ*", "ペン", "です", "はペ", "ﾃｽﾄ", "テスト",
    "안녕", "안녕*", "한국", "한국어", "서울",
    "ภาษา", "ไทย", "ภาษาไทย", "ภาษ*", "ພາສາ", "မြန်မာ", "ភាសា", "हिन्दी", "हिन्द*", "مرحبا",
    "مَرحَبًا", "שלום", 'צה"ל', "ג'ירפה", "😀", "😀😀", "👍", "👍🏽", "👨\u200d👩\u200d👧", "❤", "❤️", "🇩🇪",
    "good😀day", "day", "ＡＢＣ", "abc", "ABC", "ﬁne", "fine", "ﬁ", "fi", "café", "naïve", "naive",
    "naïve", "nai\u0308ve", "zero", "zerowidth", "zero\u200bwidth", "ⅷ", "Ⅷ", "ǆ", "ǅ", "kg", "㎏", "ª",
    "µ", "μ", "½", "²", "…", "™", "x" * 255, "y" * 256, "y" * 255, "z" * 300, "z" * 45, "user", "User",
    "the user", '"the user"', "system", "System", "assistant", "assis*", "use*", "Use*", "user red",
    "-user", "-assistant", "role", "title", "size", "tags", "'title'", "river.png",
    "example.com/river", "a", "A", "an", "a*", "of to", "the", '"of to"', "a.b", "a1", "a1.b2", "b2",
    "1.a", "a,b", "k:v", "k v", "1:2", "12.5kg", "kg*", "x86", "$9.99", "9.99", "50%", "1_000", "1e5",
    "١٢٣", "rock'n'roll", "o'clock", "l'eau", "L'EAU", "eau", "qu’il", "qu'il", "users'", "user's",
    "users", "red \\| apple", "\\-red", '\\"red\\"', "re\\*", "red\\", "red AND apple", "red OR apple",
    "NOT red", "red && apple", "red || apple", "red ++ apple", "red +| apple", "red |+ apple", "(red",
    "red)", "(red))", "((red) | (apple))", "red (apple | river) -the", "red | -apple", "-red | apple",
    "-red | -apple", "- red", "--red", "---red", '-"red apple"', "-ri*", "-(ri*)", '"red', 'red"',
    '"red" "apple"', '"red""apple"', "… red", "red … apple", "red | …", "… | red", "-…", "red -…",
    "(…)", "red (…)", "red | (…) apple", '"…"', "…*", "red~1 apple", "river~0", "river~9", "apple~2",
    "aple~1", "~1", "red ~2 apple", '"red apple"~', '"red apple"~x', '"apple"~2', "prompt:red",
    "fields.prompt:red", "red^2", "[red]", "{red}", "red/apple", "/red/", "r?d", "r*d", "*ed", "?",
    "re?",
]  # fmt: skip


def _word(chance: random.Random) -> str:
    word = chance.choice(vocabulary())
    if chance.random() < 0.15:
        word = word[: chance.randint(1, 4)] + "*"
    if chance.random() < 0.1:
        word = f'"{word} {chance.choice(vocabulary())}"'
    return f"-{word}" if chance.random() < 0.08 else word


def _query(chance: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(chance.randint(1, 3)):
        nested = depth < 2 and chance.random() < 0.15
        parts.append(f"({_query(chance, depth + 1)})" if nested else _word(chance))
    joints = [" ", " ", " | ", " | ", "|", " + ", "+"]
    return "".join(part + chance.choice(joints) for part in parts[:-1]) + parts[-1]


def _bounds(chance: random.Random, values: list[Any]) -> list[Any]:
    return [chance.choice([None, chance.choice(values)]), chance.choice([None, chance.choice(values)])]


def _some(chance: random.Random, values: list[Any]) -> list[Any]:
    return chance.sample(values, chance.randint(0, min(3, len(values))))


def _person(chance: random.Random) -> str | None:
    return chance.choice([None, *PEOPLE])


def _filter(chance: random.Random) -> Case:
    numbers = [-5, 0, 1, 3, 7, 2.5, "00003", "4", 10**12, 2**53]
    parts = [0.1, 0.25, 0.5, 1 / 3, "0.5", 16777217, -2.5, 1]
    marks = [0.1, 0.3, 0.5, 0.9]
    kind = chance.randrange(16)
    questions = ["quality", "intent", "topics"]
    property_scope = ["suggestion", chance.choice(questions), chance.choice(["agent", "type"])]
    scored = ["suggestion", chance.choice(["quality", "topics", "comment"]), "score"]
    question = chance.choice(["intent", "topics"])
    made: list[tuple[list[Any], str, list[Any]]] = [
        (["metadata", "language"], "terms", _some(chance, [*LABELS, "missing", "CODE"])),
        (["metadata", "tokens"], "range", _bounds(chance, numbers)),
        (["metadata", "share"], "range", _bounds(chance, parts)),
        (["metadata", "tokens"], "terms", _some(chance, [3, "3", "00003", 4, 10**12])),
        (["suggestion", "quality", "value"], "range", _bounds(chance, [1, 3, 5, 2.5])),
        (["suggestion", question, "value"], "terms", _some(chance, LABELS)),
        (scored, "range", _bounds(chance, marks)),
        (property_scope, "terms", _some(chance, [*AGENTS, "model", "human"])),
        (["response", "quality", None, _person(chance)], "range", _bounds(chance, [1, 3, 5, 2.5])),
        (["response", "quality", None, _person(chance)], "terms", _some(chance, [1, 2, 3, "4"])),
        (["response", question, None, _person(chance)], "terms", _some(chance, LABELS)),
        (["response", None, "status", _person(chance)], "terms", _some(chance, [*STATUSES, "pending"])),
        (["response", None, "status", _person(chance)], "terms", _some(chance, ["pending", "submitted"])),
        (["record", "status"], "terms", _some(chance, ["pending", "completed", "other"])),
        (["record", chance.choice(["inserted_at", "updated_at"])], "range", _bounds(chance, DATES)),
        (["record", "external_id"], "terms", _some(chance, ["row-1", "row-2", "Row 3", "row 3", "row-5"])),
    ]
    scope, form, value = made[kind]
    return {"scope": scope, form: value}


def _several(chance: random.Random, least: int = 1) -> Case:
    filters = [_filter(chance) for _ in range(chance.randint(least, 3))]
    return filters[0] if len(filters) == 1 else {"and": filters}


def _sort(chance: random.Random) -> list[Any]:
    scopes = chance.sample(SINGLE_SORTS, chance.randint(1, 3))
    return [[scope, chance.choice(["asc", "desc"])] for scope in scopes]


def _text_searches(chance: random.Random, fields: list[str]) -> list[Case]:
    cases: list[Case] = [{"query": query} for query in HAND_MADE]
    cases += [{"query": chance.choice(HAND_MADE), "field": chance.choice(fields)} for _ in range(120)]
    cases += [{"query": _query(chance)} for _ in range(200)]
    cases += [{"query": _query(chance), "field": chance.choice(fields)} for _ in range(100)]
    return cases


def _searches(chance: random.Random) -> list[Case]:
    cases: list[Case] = [{}, {"limit": 0}, {"offset": 7, "limit": 5}, {"offset": 10000, "limit": 5}]
    cases += [{"query": "x", "field": "picture"}, {"query": "-x", "field": "picture"}]
    cases += [{"filter": _filter(chance)} for _ in range(260)]
    cases += [{"filter": _several(chance, 2)} for _ in range(80)]
    cases += [{"filter": {"and": []}}]
    cases += [{"sort": [[scope, way]]} for scope in SINGLE_SORTS for way in ("asc", "desc")]
    cases += [{"sort": [[scope, way]]} for scope in REFUSED_SORTS for way in ("asc", "desc")]
    cases += [{"sort": _sort(chance)} for _ in range(30)]
    cases += [{"sort": _sort(chance), "offset": chance.randint(0, 100), "limit": 10} for _ in range(20)]
    cases += [{"sort": _sort(chance), "filter": _several(chance)} for _ in range(40)]
    cases += [{"sort": _sort(chance), "query": _query(chance)} for _ in range(20)]
    cases += [{"query": _query(chance), "filter": _filter(chance)} for _ in range(40)]
    cases += [{"user": person, "filter": _filter(chance)} for person in PEOPLE for _ in range(4)]
    return cases


def _similarities(chance: random.Random, records: list[Any]) -> list[Case]:
    with_vector = [position for position, record in enumerate(records) if record["vector"]]
    cases: list[Case] = []
    for number in range(60):
        case: Case = {"order": chance.choice(["most_similar", "least_similar"])}
        case["max_results"] = chance.choice([1, 5, 20, 50, 100, 150, 1000])
        if number % 2:
            case["record"] = chance.choice(with_vector)
        else:
            case["value"] = [round(chance.uniform(-1, 1), 3) for _ in range(DIMENSIONS)]
        if chance.random() < 0.4:
            case["filter"] = _several(chance)
        if chance.random() < 0.2:
            case["query"] = chance.choice(["red", "the | a", "-red", "river"])
        if chance.random() < 0.2:
            case["threshold"] = chance.choice([0.3, 0.6, 0.9])
        cases.append(case)
    return cases


def random_cases(seed: int, documents: dict[str, Any]) -> dict[str, list[Case]]:
    """What is asked about ``documents``: ``search``, and of a dataset with pictures all the rest as well."""
    chance = random.Random(seed)
    fields = documents["fields"]
    texts = _text_searches(chance, [name for name, kind in fields.items() if kind != "image"])
    if "picture" not in fields:
        return {"search": texts}
    return {
        "search": texts + _searches(chance),
        "similarity_search": _similarities(chance, documents["records"]),
        "metrics": [{"property": name} for name in documents["properties"]],
        "progress": [{}, *({"user": person} for person in documents["people"])],
    }
