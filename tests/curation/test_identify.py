"""The language of a text."""

import sys

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from sharegpt_argilla.curation.language_identifier import identifier
from sharegpt_argilla.errors import UnknownNameError, UsageError
from tests.curation.samples import ANSWER, CLEAN, JAWAPAN, QUESTION, SOALAN

identify = identifier("py3langid")


def test_texts_in_several_languages() -> None:
    assert [identify(text) for text in (QUESTION, ANSWER)] == ["en", "en"]
    assert {identify(text) for text in (SOALAN, JAWAPAN)} <= {"ms", "id"}
    assert [identify(row.prompt) for row in CLEAN[2:4]] == ["zh", "ko"]
    assert identify("Comment la bouilloire s'arrête-t-elle d'elle-même ?") == "fr"


@pytest.mark.parametrize(
    "text", ["", "hi", "continue", "2 + 2 = 4", "https://example.org/a/long/address", "ok 好"]
)
def test_what_is_too_short_is_unsure(text: str) -> None:
    assert identify(text) == "unsure"


def test_code_addresses_and_names_in_another_script_do_not_count() -> None:
    assert identify("```python\nfor each in reversed(list_of_words): print(each)\n```") == "unsure"
    assert identify(f"{QUESTION} 지금 번역하기") == "en"
    assert identify("請問 Python 的 list comprehension 要怎麼寫才會比較好讀？謝謝大家的幫忙") == "zh"


@pytest.mark.parametrize("text", [QUESTION, ANSWER, SOALAN, JAWAPAN, *(row.answer for row in CLEAN[:4])])
def test_the_language_is_that_of_py3langid(text: str) -> None:
    known = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
    assert identify(text) == known.classify(text)[0]


def test_an_unknown_identifier_and_one_that_is_not_installed(monkeypatch) -> None:
    with pytest.raises(UnknownNameError, match="py3langid"):
        identifier("langdetect")
    monkeypatch.setitem(sys.modules, "lingua", None)
    with pytest.raises(UsageError, match=r'pip install "sharegpt-argilla\[lingua\]"'):
        identifier("lingua")


def test_lingua_where_it_is_installed() -> None:
    pytest.importorskip("lingua")
    assert identifier("lingua")(QUESTION) == "en"


def test_a_text_without_kana_is_not_japanese() -> None:
    identify = identifier("py3langid")
    assert identify("水果：苹果、香蕉、梨、鳄梨、橙子、草莓、樱桃，蔬菜：胡萝卜、土豆、菠菜、甘蓝") == "zh"
    assert identify("お湯が沸くと金属板が曲がり、電気が切れます。") == "ja"
