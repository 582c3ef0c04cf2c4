"""The script that measures is in every page that argilla-server gives, wherever it is mounted."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from sharegpt_argilla.errors import EmbeddedArgillaError


def app_with(folder: Path, *, below: str = "") -> SimpleNamespace:
    """As Starlette has its routes."""
    page = SimpleNamespace(app=SimpleNamespace(html=True, directory=str(folder)))
    inner = SimpleNamespace(routes=[SimpleNamespace(path="/api"), page])
    return SimpleNamespace(routes=[SimpleNamespace(app=inner)]) if below else inner


@pytest.mark.parametrize("base_url", ["/", "/annotate/"])
def test_every_page_loads_the_script(tmp_path: Path, base_url: str) -> None:
    from sharegpt_argilla.argilla_plugin.page_script import SCRIPT, measure_in_page

    for name in ("index.html", "sign-in/index.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("<html><body><p>x</p></body></html>")
    measure_in_page(app_with(tmp_path, below=base_url.strip("/")), base_url, 45.0)
    base = base_url.rstrip("/")
    for name in ("index.html", "sign-in/index.html"):
        text = (tmp_path / name).read_text()
        assert f'<script src="{base}/{SCRIPT}?' in text
        assert f'data-url="{base}/api/sharegpt/activity" data-idle="45" ' in text
        assert f'data-more="{base}/about-active-time.html" defer></script></body>' in text
    assert "the last 45 seconds" in " ".join((tmp_path / "about-active-time.html").read_text().split())
    assert "keepalive" in (tmp_path / SCRIPT).read_text()


def test_the_first_post_of_a_page_is_within_what_the_server_believes() -> None:
    from sharegpt_argilla.argilla_plugin import page_script
    from sharegpt_argilla.argilla_plugin.active_time import FIRST_CREDIT, MAX_CREDIT, SLACK

    script = (Path(page_script.__file__).parent / "page" / page_script.SCRIPT).read_text(encoding="utf-8")
    every = int(re.search(r"SEND_EVERY = ([0-9_]+)", script)[1]) / 1000
    assert every == 60
    assert every + SLACK < FIRST_CREDIT < MAX_CREDIT


def test_the_script_for_texts_runs_before_the_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from sharegpt_argilla.argilla_plugin.page_script import MARKERS, TEXT_SCRIPT, show_literal_texts

    page = tmp_path / "index.html"
    page.write_text('<html><head><script src="own.js"></script></head><body></body></html>')
    (tmp_path / "_nuxt").mkdir()
    (tmp_path / "_nuxt" / "a.js").write_text(" ".join(MARKERS[:2]))
    assert not show_literal_texts(app_with(tmp_path), "/")
    assert "texts are rendered as markdown" in caplog.text
    (tmp_path / "_nuxt" / "b.js").write_text(" ".join(MARKERS[2:]))
    assert show_literal_texts(app_with(tmp_path, below="annotate"), "/annotate/")
    assert f'<head><script src="/annotate/{TEXT_SCRIPT}?' in page.read_text()
    assert 'data-base="/annotate"></script><script src="own.js">' in page.read_text()
    assert "sharegpt-text" in (tmp_path / TEXT_SCRIPT).read_text()


def test_the_scripts_for_answers_and_queue_are_in_the_head(tmp_path: Path) -> None:
    from sharegpt_argilla.argilla_plugin.page_script import ANSWERS_SCRIPT, QUEUE_SCRIPT, keep_answers

    assert not keep_answers(app_with(tmp_path), "/")
    (tmp_path / "index.html").write_text("<html><head></head><body></body></html>")
    assert keep_answers(app_with(tmp_path), "/")
    text = (tmp_path / "index.html").read_text()
    for name in (ANSWERS_SCRIPT, QUEUE_SCRIPT):
        assert f'<script src="/{name}?' in text
        assert (tmp_path / name).is_file()


def test_a_server_without_a_page_is_said(tmp_path: Path) -> None:
    from sharegpt_argilla.argilla_plugin.page_script import measure_in_page

    with pytest.raises(EmbeddedArgillaError, match="argilla-server has no page"):
        measure_in_page(app_with(tmp_path), "/", 60.0)
