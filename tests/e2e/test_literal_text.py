"""The annotation page shows every text as it was typed, and no text reaches beyond its own box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from sharegpt_argilla.rows import TURN, Pair, Row, build_row, read_extension
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.browser_contexts import new_context
from tests.e2e.test_annotate import sign_in, sign_in_as
from tests.live.rest import owner_of
from tests.projects import ROOT, TestProject, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.embedded import EmbeddedArgilla

pytestmark = [pytest.mark.live, pytest.mark.browser]

HOSTILE = {
    "page": "Summarize (context.): <!DOCTYPE html><html><head><title>T</title></head><body>Hi</body></html>",
    "generic": "State<SignInView> createState() {\n    return _State<A, B>();\n\treturn;\n}",
    "product": "print(i*2*3) and a * b * c, **not closed, __init__.py, snake_case_name, ~~gone~~ ~one~",
    "maths": r"\(x_1\) and \[y\] and $x^2$ costs $5 or $6, $$\sum_i$$ and \\ and \* \_ \#",
    "heading": "# Big\n## Smaller\n#hashtag\nTitle\n===\n\n***\n---\n",
    "comment": "before <!-- a comment --> after <script>window.stolen=1</script> &amp; &lt; &nbsp;|",
    "spaces": "  two  leading,   inner   \n\n\n\ttab\tends  \n    indented\r\nwindows\rmac \u00a0nbsp",
    "image": "![alt](http://elsewhere.test/a.png) <img src=http://elsewhere.test/b.png onerror=window.stolen=1>",
    "list": "1. one\n3. three\n- a\n* b\n+ c\n- [ ] todo\n- [x] done\n\n> quote\n>> nested",
    "fence": "Look:\n\n```python\ndef f(x):\n    return x * 2  # <b>\n```\n~~~\nopen fence\n\n  **x**",
    "table": "| a | b |\n|---|:-:|\n| 1 | `x|y` |\n\nafter",
    "style": "<style>form.questions-form{display:none}</style><b style='position:fixed;inset:0;z-index:99'>x</b>",
    "links": "see [here](https://elsewhere.test/p?q=1&r=2), <https://elsewhere.test>, https://elsewhere.test/x_(y).",
    "chinese": "请解释 **机器学习** 的 `损失函数`：“\\n” 换行符\n\u3000\u3000第二段 <<кавычки>> שלום עולם",
    "emphasis": "***both*** **bold `code**` *it* _it_ **a** ``co`de`` `unclosed and <Word> 2 < 3 > 1",
    "emoji": "👩‍👩‍👧 e\u0301 \u200d \ufeffend {{mustache}} ${template} <%= erb %> :smile:",
    "controls": "a\x01b\x08c\x0bd\x0ce\x1b[31mred\x7f\x85\x9ff\u2028g\u2029h\r\r\ni\ufffe \u00ad",
    "bidi": "\u202eabc\u202c \u2067def\u2069 \u200f! Z\u0351\u036b\u0343a\u0327 \U0001f1e9\U0001f1ea",
    "nested": "````markdown\n```py\nprint('x')\n```\n````\n1. a\n   ```sh\n   ls   \n   ```\n> ```\n   ```js\ny",
    "latex": "$$\n\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}\n$$ \\[ x_{i}^{2}*y_* \\]\n$a_1$ \\",
    "long": "x" * 5000 + " <b>" + "\u00e9 " * 2000 + "https://elsewhere.test/" + "a" * 2000,
    "edges": "\n\n  first   \n   \n\t\nlast\t \n\n\n",
    "tags": "<details open><summary>S</summary>x</details><label for=quality_1>click</label><h1>Big</h1>",
}
"""Texts that rendering as markdown or HTML would change."""


ELSEWHERE = "elsewhere.test"
"""The host of every address in the texts above."""


@pytest.fixture
def rows() -> list[Row]:
    return [
        build_row(
            Pair(text, f"Answer:\n\n{text}", "hostile", turn, "vicuna", "ShareGPT", "human", "gpt"),
            "20230511 15:56:03",
        )
        for turn, text in enumerate(HOSTILE.values(), 1)
    ]


@pytest.fixture
def fields() -> dict[str, str]:
    """Field -> how it is shown, where the project says it."""
    return {}


@pytest.fixture
def loaded(project: TestProject, rows: list[Row], fields: dict[str, str], tmp_path: Path) -> TestProject:
    content = yaml.safe_load(project.config.read_text(encoding="utf-8"))
    shown_as = [field | ({"render": fields[field["name"]]} if fields else {}) for field in content["fields"]]
    project.rewrite(fields=shown_as)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    return project


@pytest.fixture
def requests() -> list[str]:
    """The addresses that the page asks for."""
    return []


@pytest.fixture
def page(browser: Browser, loaded: TestProject, requests: list[str]) -> Iterator[Page]:
    context = new_context(browser)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    sign_in(page, loaded, loaded.people[0])
    yield page
    context.close()


def open_record(page: Page, project: TestProject, turn: int) -> None:
    base = f"{project.connection.api_url}/dataset/{project.dataset_id()}/annotation-mode"
    with page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok):
        page.goto(f"{base}?page=1&status=pending&metadata=turn.ge{turn}.le{turn}")
    page.wait_for_selector("form.questions-form")


def shown(page: Page, title: str) -> str:
    """The text of a field on the page, with its white space."""
    box = page.locator(".text_field_component", has=page.get_by_text(title, exact=True)).last
    return box.locator("[id^=fields-content-]").evaluate("box => box.innerText")


def messages(page: Page) -> list[str]:
    return page.locator(".chat__bubble").evaluate_all("all => all.map((bubble) => bubble.innerText)")


def check_every_character(page: Page, project: TestProject, rows: list[Row]) -> None:
    for row in rows:
        turn = read_extension(row)[TURN]
        open_record(page, project, turn)
        page.locator("[data-render=auto]").first.wait_for()
        assert shown(page, "Prompt") == row["问"]
        assert not row["答"] or shown(page, "Response") == row["答"]
        earlier = [text for other in rows[max(0, turn - 7) : turn - 1] for text in (other["问"], other["答"])]
        assert messages(page) == [text for text in earlier if text]
        assert page.locator("form.questions-form").is_visible()


def test_every_character_of_hostile_texts(
    page: Page, loaded: TestProject, rows: list[Row], requests: list[str]
) -> None:
    check_every_character(page, loaded, rows)
    assert page.evaluate("window.stolen") is None
    assert not [url for url in requests if ELSEWHERE in url]


class TestRealTexts:
    @pytest.fixture
    def rows(self) -> list[Row]:
        """Prompts and answers of the shipped example, in one conversation."""
        turns = json.loads((ROOT / "examples" / "sharegpt_vicuna.json").read_text(encoding="utf-8"))
        texts = [turn["value"] for conversation in turns for turn in conversation["conversations"]]
        pairs = list(zip(texts[::2], texts[1::2], strict=False))[:10]
        return [
            build_row(Pair(prompt, answer, "real", n, "vicuna", "ShareGPT", "human", "gpt"), "20230511 15:56:03")
            for n, (prompt, answer) in enumerate(pairs, 1)
        ]

    def test_every_character(self, page: Page, loaded: TestProject, rows: list[Row]) -> None:
        check_every_character(page, loaded, rows)


class TestLongTexts:
    """A message of the context is stored in pieces, since Argilla takes 20,000 characters in one."""

    @pytest.fixture
    def rows(self) -> list[Row]:
        texts = [
            [a_long_text(100_000), a_long_text(30_000)],
            [a_long_text(30_001), a_long_text(100_000)],
            ["a", ""],
            ["b", "c"],
        ]
        return [
            build_row(
                Pair(prompt, answer, "long", turn, "vicuna", "ShareGPT", "human", "gpt"), "20230511 15:56:03"
            )
            for turn, (prompt, answer) in enumerate(texts, 1)
        ]

    def test_every_character(self, page: Page, loaded: TestProject, rows: list[Row]) -> None:
        check_every_character(page, loaded, rows)
        sides = page.locator(".chat__item").evaluate_all("all => all.map((item) => item.className.split('--')[1])")
        assert sides == ["right", "left", "right", "left", "right"]


def a_long_text(length: int) -> str:
    """The texts above one after the other, with a character of two code units across the end of each piece."""
    lines = "\n\n".join(HOSTILE.values())
    text = (lines * (length // len(lines) + 1))[:length]
    return "".join(text[start : start + 19_999] + "\U0001f600" for start in range(0, length, 20_000))[:length]


def test_markdown_is_made_visible_and_an_address_opens_by_a_click(page: Page, loaded: TestProject) -> None:
    turn = {name: number for number, name in enumerate(HOSTILE, 1)}
    open_record(page, loaded, turn["image"])
    link = page.locator("[data-render=auto] a").first
    link.wait_for()
    assert link.get_attribute("href") == f"http://{ELSEWHERE}/a.png"
    assert link.get_attribute("rel") == "noopener noreferrer"
    open_record(page, loaded, turn["fence"])
    page.locator("[data-render=auto] .sg-block", has_text="return x * 2").first.wait_for()
    open_record(page, loaded, turn["emphasis"])
    page.locator("[data-render=auto] .sg-strong", has_text="both").first.wait_for()
    assert page.locator("[data-render=plain] span").count() == 0


class TestMarkdown:
    """Where a project asks for HTML, it stays in its box and calls nobody."""

    @pytest.fixture
    def fields(self) -> dict[str, str]:
        return dict.fromkeys(("prompt", "response", "context"), "markdown")

    @pytest.fixture
    def rows(self) -> list[Row]:
        texts = {
            "styles": f"""Hi <style>form {{ display: none }} @import url(http://{ELSEWHERE}/c.css)</style>
                <b style="position:fixed;inset:0;z-index:99999;background:url(http://{ELSEWHERE}/d.png)">cover</b>
                <b style="color:red">red</b>""",
            "controls": """<label for="quality_7">press</label> <button id=x>no</button> <form action=/x>
                <input name=q> <input type=checkbox checked></form> - [x] done""",
            "media": f"""![a plan](http://{ELSEWHERE}/a.png)
                <img src="//{ELSEWHERE}/b.png" srcset="http://{ELSEWHERE}/c.png 2x"><img src="/api/v1/me">
                <video poster="http://{ELSEWHERE}/e.png"><source src="http://{ELSEWHERE}/f.mp4"></video>
                <svg><image href="http://{ELSEWHERE}/g.png"/><use href="http://{ELSEWHERE}/h.svg#x"/></svg>
                <object data="http://{ELSEWHERE}/i.pdf"></object> <embed src="http://{ELSEWHERE}/j.swf">
                <img alt="dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">
                <table background="http://{ELSEWHERE}/k.png"><tr><td>cell</td></tr></table>""",
            "scripts": """<img src=x onerror="window.stolen=1"> <a href="javascript:window.stolen=1">run</a>
                <iframe srcdoc="<script>parent.stolen=1</script>"></iframe> $x^2$ **bold**""",
        }
        texts = {name: " ".join(text.split()) for name, text in texts.items()}
        return [
            build_row(Pair(text, text, "html", n, "vicuna", "ShareGPT", "human", "gpt"), "20230511 15:56:03")
            for n, text in enumerate(texts.values(), 1)
        ]

    def test_stays_in_its_box(self, page: Page, loaded: TestProject, requests: list[str]) -> None:
        open_record(page, loaded, 1)
        page.get_by_text("red", exact=True).first.wait_for()
        assert page.locator(".markdown-render style").count() == 0
        cover = page.get_by_text("cover").first.evaluate("b => getComputedStyle(b).position")
        assert cover == "static"
        open_record(page, loaded, 2)
        page.get_by_text("press").first.click()
        assert page.locator("input:checked[id^=quality]").count() == 0
        page.locator("label[for='quality_6']").click()
        assert page.locator(".markdown-render").locator("button, form, [id], [name], [for]").count() == 0
        open_record(page, loaded, 3)
        placeholder = page.locator("a.sharegpt-elsewhere", has_text="a plan").first
        assert placeholder.get_attribute("href") == f"http://{ELSEWHERE}/a.png"
        assert f"http://{ELSEWHERE}/a.png" in placeholder.inner_text()
        assert page.locator("img[alt=dot]").first.evaluate("image => image.naturalWidth") == 1
        assert page.get_by_text("cell").first.is_visible()
        open_record(page, loaded, 4)
        page.locator(".markdown-render strong").first.wait_for()
        assert page.locator(".markdown-render .katex").first.is_visible()
        page.get_by_text("run", exact=True).first.click()
        assert page.evaluate("window.stolen") is None
        assert not [url for url in requests if ELSEWHERE in url]


def test_fields_without_markdown_and_with_spans_are_text(browser: Browser, argilla: EmbeddedArgilla) -> None:
    """As anybody's dataset may have them; a plain Argilla makes HTML of both."""
    text = "a <img src=x onerror=window.stolen=1> & <b>b</b>\n  <script>window.stolen=1</script> &lt; end"
    with owner_of(argilla) as owner:
        workspace = owner("POST", "/workspaces", {"name": "raw"})["id"]
        dataset = owner("POST", "/datasets", {"name": "raw", "workspace_id": workspace})["id"]
        for name in ("free", "spans"):
            settings = {"type": "text", "use_markdown": False}
            body = {"name": name, "title": name, "required": True, "settings": settings}
            owner("POST", f"/datasets/{dataset}/fields", body)
        options = [{"value": "x", "text": "x"}, {"value": "y", "text": "y"}, {"value": "z", "text": "z"}]
        span = {"type": "span", "field": "spans", "visible_options": 3, "options": options}
        question = {"name": "marks", "title": "Marks", "required": True, "settings": span}
        owner("POST", f"/datasets/{dataset}/questions", question)
        owner("PUT", f"/datasets/{dataset}/publish")
        records = {"items": [{"fields": {"free": text, "spans": text}}]}
        owner("POST", f"/datasets/{dataset}/records/bulk", records)
        context = new_context(browser)
        page = context.new_page()
        sign_in_as(page, argilla.api_url, argilla.username, argilla.password)
        page.goto(f"{argilla.api_url}/dataset/{dataset}/annotation-mode")
        page.locator(".span-annotation__field, .span-annotation__field--active").first.wait_for()
        page.locator("[data-render=plain]").first.wait_for()
        assert shown(page, "free") == text
        assert page.locator("[class*=span-annotation__field]").first.evaluate("p => p.textContent") == text
        assert page.evaluate("window.stolen") is None
        context.close()
