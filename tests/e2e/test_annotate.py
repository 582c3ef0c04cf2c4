"""A person annotates in the real page; the row says exactly what the person chose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharegpt_argilla.rows import Pair, Row, build_row
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.browser_contexts import new_context
from tests.projects import TestProject, read_annotations, some_rows, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.browser]

MARKDOWN = Pair(
    question="Please explain **bold** words and `print(1)`.\n\n- first\n- second",
    answer='Like this:\n\n```python\nprint("hello")\n```\n\n'
    '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>',
    session="m",
    turn=1,
    corpus="vicuna",
    source="ShareGPT",
    question_role="human",
    answer_role="gpt",
)


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    return [build_row(MARKDOWN, "20230511 15:56:03")]


@pytest.fixture
def loaded(project: TestProject, rows: list[Row], tmp_path: Path) -> TestProject:
    path = write_rows(tmp_path / "rows.jsonl", rows)
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    return project


@pytest.fixture
def page(browser: Browser, loaded: TestProject) -> Iterator[Page]:
    """The annotation page of the project, with the first annotator signed in."""
    context = new_context(browser)
    page = context.new_page()
    sign_in(page, loaded, loaded.people[0])
    page.goto(f"{loaded.connection.api_url}/dataset/{loaded.dataset_id()}/annotation-mode")
    page.wait_for_selector("form.questions-form")
    yield page
    context.close()


def sign_in(page: Page, project: TestProject, username: str) -> None:
    annotator = project.annotator(username)
    sign_in_as(page, project.connection.api_url, annotator.username, annotator.password)


def sign_in_as(page: Page, url: str, username: str, password: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("input[type=text]", username)
    page.fill("input[type=password]", password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


def choose(page: Page, *answers: str) -> None:
    """Click the labels of answers, each named ``<question>_<value>`` as the page names its inputs."""
    for answer in answers:
        page.locator(f"label[for='{answer}']").click()


def submit(page: Page) -> None:
    with page.expect_response(lambda response: response.url.endswith("/responses") and response.ok):
        page.locator(".button--submit").click()


def test_a_prompt_is_literal_a_response_has_its_markdown_in_sight_and_neither_runs(page: Page) -> None:
    page.locator("[data-render=plain]", has_text="**bold** words and `print(1)`.").wait_for()
    assert page.locator("[data-render=plain] span").count() == 0
    assert page.locator("[data-render=auto] .sg-block", has_text="hello").is_visible()
    assert page.evaluate("window.stolen") is None
    assert page.locator("img[onerror], iframe").count() == 0


def test_what_a_person_submits_is_in_the_row(page: Page, loaded: TestProject, rows, tmp_path: Path) -> None:
    choose(page, "quality_6", "intent_code", "intent_open_qa", "toxicity_none")
    submit(page)
    page.get_by_text("Submitted").first.wait_for()

    out = tmp_path / "annotated.jsonl"
    export_responses(tmp_path / "rows.jsonl", out, loaded.config, connection=loaded.connection)
    annotation = read_annotations(out)[rows[0]["id"]]
    (response,) = annotation["responses"]
    assert response["annotator"] == loaded.people[0]
    assert response["status"] == "submitted"
    assert response["values"] == {"quality": 6, "intent": ["open_qa", "code"], "toxicity": "none"}
    assert (annotation["quality"], annotation["intent"], annotation["toxicity"]) == (
        6,
        ["open_qa", "code"],
        "none",
    )
    assert (annotation["status"], annotation["tie"]) == ("completed", False)


def test_the_keys_of_annotators_md(page: Page, loaded: TestProject) -> None:
    """The keys of its table that work within a record."""

    def question() -> str:
        return page.evaluate("document.activeElement.closest('[aria-label^=\"Question: \"]')?.ariaLabel ?? ''")

    def press(*keys: str) -> str:
        for key in keys:
            page.keyboard.press(key)
        return question()

    page.wait_for_function("document.activeElement.closest('[aria-label^=\"Question: \"]') !== null")
    first = question()
    second = press("ArrowDown")
    assert second != first
    assert press("ArrowUp") == first
    assert press("Tab") == first
    press("6")
    page.wait_for_selector("input[id='quality_6']:checked", state="attached")
    while question() != second:
        press("ArrowDown")
    press("1", "0")
    page.wait_for_selector("input[id='intent_code']:checked", state="attached")
    assert press("Tab") == second
    third = press("ArrowDown")
    press("1")
    page.wait_for_selector("input[id='toxicity_none']:checked", state="attached")
    assert third not in (first, second)
    with page.expect_response(lambda answer: answer.url.endswith("/responses") and answer.ok) as saved:
        page.keyboard.press("Control+s")
    assert saved.value.json()["status"] == "draft"
    assert saved.value.json()["values"] == {
        "quality": {"value": 6},
        "intent": {"value": ["code"]},
        "toxicity": {"value": "none"},
    }


def test_the_guidelines_are_there_to_read(page: Page) -> None:
    page.get_by_role("button", name="Expand Panel").first.click()
    page.get_by_role("heading", name="Annotation guidelines").wait_for()
    assert page.get_by_text("Unqualified health").is_visible()
    # The file's lines have a width; on the page they end where the paragraph does.
    assert page.locator(".annotation-guidelines br").count() == 0


class TestQueue:
    """Search, filters and sort as an annotator uses them, on two dozen records."""

    @pytest.fixture
    def rows(self, tmp_path: Path) -> list[Row]:
        special = Pair("What about 机器学习 and zebras?", "Stripes.", "z", 1, "gpt4", "ShareGPT", "human", "gpt")
        return [*some_rows(24), build_row(special, "20230511 15:56:03")]

    def open(self, page: Page, project: TestProject, query: str) -> str:
        """Open the queue with a query in its address; give the text of the page, white space folded."""
        url = f"{project.connection.api_url}/dataset/{project.dataset_id()}/annotation-mode?page=1&{query}"
        with page.expect_response(lambda response: "/records/search" in response.url and response.ok):
            page.goto(url)
        page.wait_for_load_state("networkidle")
        return " ".join(page.locator("body").inner_text().split())

    @pytest.mark.parametrize("word", ["zebras", "机器学习", "zebra*"])
    def test_text_search(self, page: Page, loaded: TestProject, word: str) -> None:
        page.locator(".search-area").first.click()
        page.locator("input.search-area__input").first.fill(word)
        with page.expect_response(lambda response: "/records/search" in response.url and response.ok):
            page.keyboard.press("Enter")
        page.get_by_text("of 1", exact=True).first.wait_for()
        assert "1 of 1 Pending" in " ".join(page.locator("body").inner_text().split())
        assert page.get_by_text("zebras?").first.is_visible()

    def test_metadata_filter(self, page: Page, loaded: TestProject) -> None:
        assert "1 of 1 " in self.open(page, loaded, "status=pending&metadata=corpus.gpt4")
        assert "1 of 3 " in self.open(page, loaded, "status=pending&metadata=turn.ge5.le7")

    def test_sort(self, page: Page, loaded: TestProject) -> None:
        text = self.open(page, loaded, "status=pending&sort=metadata.turn.desc")
        assert "Question **24** about rain" in text.split("Earlier in this conversation")[0]
        text = self.open(page, loaded, "status=pending&metadata=corpus.vicuna&sort=metadata.turn.asc")
        assert "Question **1** about rain" in text

    def test_filters_by_status_and_answer(self, page: Page, loaded: TestProject) -> None:
        ana = loaded.annotator(loaded.people[0])
        first, second, third = ana.pending(3)
        ana.answer(first["id"], values={"quality": 7, "intent": ["chat"], "toxicity": "none"})
        ana.answer(second["id"], "discarded", {})
        ana.answer(third["id"], "draft", {"quality": 2})
        assert "1 of 22 " in self.open(page, loaded, "status=pending")
        assert "1 of 1 " in self.open(page, loaded, "status=submitted")
        assert "1 of 1 " in self.open(page, loaded, "status=discarded")
        assert "1 of 1 " in self.open(page, loaded, "status=draft")
        assert "1 of 1 " in self.open(page, loaded, "status=submitted&response=quality.ge6.le7")
        assert "1 of" not in self.open(page, loaded, "status=submitted&response=quality.ge1.le2")
