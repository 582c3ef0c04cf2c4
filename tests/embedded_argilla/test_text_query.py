"""The query language, tried on a real FTS5 table."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.embedded_argilla.engine.index_file import TOKENIZER
from sharegpt_argilla.embedded_argilla.engine.text_query import (
    MAX_DEPTH,
    Columns,
    compile_text_query,
    parse_text_query,
)
from sharegpt_argilla.embedded_argilla.engine.tokens import ROLE_MARK, SENTINEL, indexed_text, token_groups, tokens

DOCUMENTS = [
    "red apple pie",
    "green apple",
    "red car, fast car",
    "don't stop at example.com for 3.14 or foo_bar",
    "今天天气很好，我们去公园吧",
    "日本語のテキストです",
    "ภาษาไทยเขียนติดกัน",
    "Straße CAFÉ",
    'a+b "quoted" (brackets) 100%',
    "C'est l'été: 🎉 100 users",
    "नमस्ते दुनिया",
    "foobar",
]


def find(query: str, documents: list[str] = DOCUMENTS, titles: list[str] | None = None) -> list[int]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f'CREATE VIRTUAL TABLE t USING fts5(always, f0, f1, tokenize = "{TOKENIZER}")')
        titles = titles or [""] * len(documents)
        rows = [
            (place, SENTINEL, indexed_text("text", text), indexed_text("text", title))
            for place, (text, title) in enumerate(zip(documents, titles, strict=True))
        ]
        connection.executemany("INSERT INTO t (rowid, always, f0, f1) VALUES (?, ?, ?, ?)", rows)
        expression = compile_text_query(query, Columns(("f0", "f1"), whole_document=True))
        if expression is None:
            return []
        return [
            row
            for (row,) in connection.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rowid", [expression])
        ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("apple", [0, 1]),
        ("red apple", [0]),
        ("red + apple", [0]),
        ("APPLE", [0, 1]),
        ("green | car", [1, 2]),
        ("green|car", [1, 2]),
        ("apple | car red", [0, 2]),
        ("red (pie | fast)", [0, 2]),
        ("apple -red", [1]),
        ("apple --red", [0]),
        ("apple - red", [0]),
        ("-red apple", [1]),
        ("apple -(red | green)", []),
        ("-apple", [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ("-apple -foobar -red", [3, 4, 5, 6, 7, 8, 9, 10]),
        ("green | -(-car)", [1, 2]),
        ('"red apple"', [0]),
        ('"apple red"', []),
        ('"red pie"', []),
        ('"red pie"~1', [0]),
        ('"red pie"~x', []),
        ('-"red apple" apple', [1]),
        ("app*", [0, 1]),
        ("foo*", [3, 11]),
        ("*", list(range(12))),
        (" *\n", list(range(12))),
        ("(*)", []),
        ("don'*", [3]),
        ("l'*", [9]),
        ("pp*", []),
        ("fast-c*", []),
        ("ex*.com", []),
        ("今天*", [4]),
        ("foob* | gre*", [1, 11]),
        ("app\\*", []),
        ("apple\\ red", [0]),
        ("\\-red", [0, 2]),
        ("red~1", [0, 2]),
        ("red~", [0, 2]),
        ("foo_bar", [3]),
        ("bar", []),
        ("don't", [3]),
        ("example.com", [3]),
        ("3.14", [3]),
        ("100", [8, 9]),
        ("100%", [8, 9]),
        ("apple!!!", [0, 1]),
        ("fast-car", [2]),
        ("car,fast", [2]),
        ("天气", [4]),
        ("气天", []),
        ("天气 公园", [4]),
        ("テキスト", [5]),
        ("日本語", [5]),
        ("ไทย", [6]),
        ("-天气 -apple -red", [3, 5, 6, 7, 8, 9, 10, 11]),
        ("straße", [7]),
        ("STRASSE", []),
        ("STRAßE", [7]),
        ("red\u00a0apple", [0]),
        ("-red\u00a0apple", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ("🎉100", [9]),
        ("café", [7]),
        ("cafe", []),
        ("cafe\u0301", [7]),
        ("🎉", [9]),
        ("l'été", [9]),
        ("नमस्ते", [10]),
        ("नमस", []),
        ("quoted brackets", [8]),
        ('"" apple', [0, 1]),
        ("apple | () car", []),
        ("(apple", [0, 1]),
        ("apple)", [0, 1]),
        ('"apple', [0, 1]),
        ("((apple) (pie))", [0]),
        ("| apple", [0, 1]),
        ("apple |", [0, 1]),
        ("+ apple +", [0, 1]),
        ("apple |+ car", [0, 1, 2]),
    ],
)
def test_operators(query, expected):
    assert find(query) == expected


@pytest.mark.parametrize(
    "query", ["", " ", "+", "|", "-", "--", "()", '"', '""', "!!!", "\\", "…", "(-)", "~", "***", "_"]
)
def test_a_query_without_words_finds_nothing(query):
    assert find(query) == []


@pytest.mark.parametrize(
    "query", ['a" OR "b', "f0:red", "NEAR(red apple)", "{f0}:red", "red AND", "red NOT apple", "^red", "always"]
)
def test_syntax_of_the_database_is_only_text(query):
    documents = ["x", "near red apple", "not red apple", "red and a or b", "f0:red"]
    expected = [
        place
        for place, text in enumerate(documents)
        if all(set(group) <= set(tokens(text)) for group in token_groups(query.replace('"', " ")))
    ]
    assert find(query, documents) == expected


def test_words_may_lie_in_different_fields_but_not_phrases():
    documents, titles = ["one two", "one"], ["", "two"]
    assert find("one two", documents, titles) == [0, 1]
    assert find('"one two"', documents, titles) == [0]
    assert find("one-two", documents, titles) == [0]


def test_a_named_field():
    assert compile_text_query("a -b", Columns(("f1",), whole_document=False)) == '(({f1} : "a") NOT ({f1} : "b"))'
    assert compile_text_query("a", Columns((), whole_document=False)) is None


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH + 50, 3000])
def test_deep_nesting_is_never_an_error(depth):
    alternating = "red " + " ".join(f"| w{place} apple" for place in range(depth))
    assert find(alternating) in ([0], [0, 1, 2], [])
    assert find("-(" * depth + "red-apple" + ")" * depth) is not None


def test_a_tree_that_is_too_deep_asks_for_all_its_words():
    deep = "red " + " ".join("| nothing apple" for _ in range(MAX_DEPTH))
    assert find(deep) == []
    assert find(deep, ["red nothing apple"]) == [0]
    deepest = "-(" * 61 + "a b" + ")" * 61
    assert compile_text_query(deepest, Columns(("f0",), whole_document=True)) is None


def test_many_words():
    assert find(" ".join(["red"] * 3000)) == [0, 2]
    assert find("|".join(f"w-{place}" for place in range(2000))) == []


def test_long_words_are_cut_alike_in_texts_and_queries():
    assert [len(token) for token in tokens("x" * 600)] == [255, 255, 90]
    assert find("y" * 600, ["y" * 600, "y" * 599]) == [0]


def test_the_sentinel_is_stripped_from_user_text():
    assert tokens(f"a{SENTINEL}b {SENTINEL}") == ["a", "b"]
    assert find(SENTINEL) == []
    assert find(f"{SENTINEL}*") == []


def test_runs_of_an_unspaced_script_are_groups():
    assert token_groups("GPT说你好 世界") == [["gpt"], ["说", "你", "好"], ["世", "界"]]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", None, ""),
        ("text", "A b", "a b"),
        ("image", "https://example.com/a.png", ""),
        ("custom", {"key": "Value"}, "key value"),
        ("chat", [{"role": "user", "content": "Hi you"}], f"hi you {SENTINEL} {ROLE_MARK}user"),
        ("chat", [{"role": "the User"}], f" {SENTINEL} {ROLE_MARK}the_32;_85;ser"),
        ("chat", [{"content": None}, "odd"], f" {SENTINEL} {ROLE_MARK}"),
        ("chat", "not a list", "not a list"),
    ],
)
def test_indexed_text(kind, value, expected):
    assert indexed_text(kind, value) == expected


ODD = st.text(alphabet=st.one_of(st.sampled_from('ab"|+-()*~\\ \n.中ไ🎉\x00'), st.characters()), max_size=60)


@given(ODD)
def test_no_query_ever_fails(query):
    assert isinstance(find(query), list)


@given(ODD)
def test_every_text_is_found_by_its_own_words(text):
    words = tokens(text)
    escaped = "".join(f"\\{character}" for character in text)
    assert find(escaped, [text]) == ([0] if words else [])
    for word in words:
        assert 0 in find(word, [text])


@given(
    st.recursive(
        st.sampled_from(["a", "b", "c"]),
        lambda inner: st.tuples(st.sampled_from("|+-"), inner, inner),
        max_leaves=8,
    )
)
def test_operators_agree_with_sets(tree):
    """Every tree, written with all its parentheses, finds what set operations find."""
    documents = [
        " ".join(word for bit, word in enumerate("abc") if place >> bit & 1) or "none" for place in range(8)
    ]

    def written(node):
        if isinstance(node, str):
            return node
        operator, left, right = node
        return (
            f"({written(left)} -{written(right)})"
            if operator == "-"
            else f"({written(left)} {operator} {written(right)})"
        )

    def meant(node):
        if isinstance(node, str):
            return {place for place, text in enumerate(documents) if node in text.split()}
        operator, left, right = node
        return {"|": set.union, "+": set.intersection, "-": set.difference}[operator](meant(left), meant(right))

    if parse_text_query(written(tree)).depth <= MAX_DEPTH:
        assert set(find(written(tree), documents)) == meant(tree)


@given(
    st.text(alphabet=st.characters(max_codepoint=127), max_size=80) | st.text(alphabet="ab1._',;: ", max_size=30)
)
def test_the_quick_way_for_ascii_gives_the_same_tokens(text):
    """An ideograph at the end sends the same text the long way."""
    assert [*tokens(text), "字"] == tokens(f"{text} 字")
    assert tokens(text) == [token for group in token_groups(text) for token in group]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ΟΔΟΣ Λόγος", "οδοσ λόγος"),
        ("İSTANBUL ISI", "istanbul isi"),
        ("Maß µ ﬁne Ⅷ ŉ", "maß µ ﬁne ⅷ ŉ"),
        ("x² ½ H₂O ①", "x h o"),
        ("ⓐⒷ ˋx xⒶx yⒶ", "ⓐⓑ ˋx xⓐx yⓐ"),
        ("😀😀 good😀day", "😀 😀 good 😀 day"),
        ("👍🏽 👨‍👩‍👧 ❤️ ❤ 🇩🇪🇫🇷 1️⃣", "👍🏽 👨‍👩‍👧 ❤️ ❤ 🇩🇪 🇫🇷 1️⃣"),
        ("☀rain ©2024 ™ ☆", "☀ rain © 2024 ™"),
        ("zero\u200bwidth", "zero width"),
        ("zero\u200djoin", "zero\u200djoin"),
        ("caf\u00adé \ufefforder cafe\u0301", "café order café"),
        ("__init__ __ _a", "__init__ _a"),
        ("१२३ ١٢٣ ๑๒", "१२३ ١٢٣ ๑๒"),
        ("タワー ㌀", "タ ワ ー ㌀"),
        ("1,000.5 1,a a:b 1:2 a.b.", "1,000.5 1 a a:b 1 2 a.b"),
    ],
)
def test_tokens_as_elasticsearch_has_them(text, expected):
    """Found out with the reference node's ``_analyze``; where ours differ, docs/search-semantics.md says why."""
    assert tokens(text) == expected.split(" ")


def test_the_role_of_a_message_is_a_keyword():
    columns = Columns(("f0",), whole_document=True, roles=True)
    assert compile_text_query("use*", columns) == f'("use" * OR "{ROLE_MARK}use" *)'
    assert compile_text_query('"the User"', columns) == f'("the user" OR "{ROLE_MARK}the_32;_85;ser")'


@given(ODD)
def test_the_quick_way_for_common_texts_gives_the_same_tokens(text):
    """An emoji at the end sends the same text the long way."""
    assert tokens(f"{text} 字 😀") == [*tokens(f"{text} 字"), "😀"]
