"""What the dashboard keeps in the home folder, and how texts and addresses are made."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sharegpt_argilla.argilla_client.server_counts import ServerProgress
from sharegpt_argilla.dashboard.safe_markdown import shown
from sharegpt_argilla.dashboard.tables import whole_percents
from sharegpt_argilla.errors import SharegptArgillaError, UsageError
from sharegpt_argilla.project.guidelines_history import changes, guidelines_versions, sections_with
from sharegpt_argilla.project.progress_history import SHOWN, history_of, keep_snapshots
from sharegpt_argilla.project.record_links import answer_filter, queue_link, record_link
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows import dashboard

START = datetime(2026, 5, 20, 10)
COUNTS = ServerProgress(10, 4, 6, {"ana": {"submitted": 6, "draft": 1, "discarded": 0}})


class TestSnapshots:
    def test_at_most_one_in_five_minutes(self, tmp_path: Path) -> None:
        history = history_of(Home(tmp_path), "d")
        added = [history.add(COUNTS, START + timedelta(minutes=minute)) for minute in range(11)]
        assert [minute for minute, kept in enumerate(added) if kept] == [0, 5, 10]
        assert history.points()[0] == {
            "at": "2026-05-20T10:00:00",
            "total": 10,
            "completed": 4,
            "submitted": 6,
            "draft": 1,
            "discarded": 0,
        }
        assert history.path.stat().st_mode & 0o777 == 0o600

    def test_a_line_that_a_crash_cut_off_costs_itself_only(self, tmp_path: Path) -> None:
        history = history_of(Home(tmp_path), "d")
        history.add(COUNTS, START)
        with history.path.open("a") as file:
            file.write('{"at": "2026-05-2')
        assert history.add(COUNTS, START + timedelta(hours=1))
        assert [one["at"][11:13] for one in history.points()] == ["10", "11"]

    def test_a_long_history_is_thinned_and_keeps_its_newest_point(self, tmp_path: Path) -> None:
        history = history_of(Home(tmp_path), "d")
        for hour in range(SHOWN + 10):
            history.add(COUNTS, START + timedelta(hours=hour))
        points = history.points()
        assert SHOWN / 2 <= len(points) <= SHOWN
        assert points[-1]["at"] == (START + timedelta(hours=SHOWN + 9)).isoformat()

    def test_what_goes_wrong_ends_nothing(self, tmp_path: Path) -> None:
        def fails() -> ServerProgress:
            raise SharegptArgillaError("no")

        keep_snapshots(Home(tmp_path), {"a": fails, "b": lambda: COUNTS})
        assert (history_of(Home(tmp_path), "a").points(), len(history_of(Home(tmp_path), "b").points())) == ([], 1)
        keep_snapshots(Home(tmp_path / "none"), {"b": fails})
        assert not (tmp_path / "none").exists()


class TestGuidelines:
    def test_a_version_is_kept_once_until_it_changes(self, tmp_path: Path) -> None:
        texts = ["# One\nrain", "# One\nrain", "# One\nsnow", "# One\nrain"]
        found = [guidelines_versions(Home(tmp_path), "d", text) for text in texts]
        assert [len(versions) for versions in found] == [1, 1, 2, 3]
        assert changes(found[2][0].text, found[2][1].text) == [("-", "rain"), ("+", "snow")]

    def test_a_damaged_file_begins_again(self, tmp_path: Path) -> None:
        guidelines_versions(Home(tmp_path), "d", "one")
        next(tmp_path.glob("dashboard/guidelines-*")).write_text("{")
        assert [version.text for version in guidelines_versions(Home(tmp_path), "d", "two")] == ["two"]

    def test_search_gives_the_sections_with_all_words(self) -> None:
        text = "before\n# One\nRain and snow\n## Two\nrain only\n# Three\nwind"
        assert sections_with(text, "rain SNOW") == ["# One\nRain and snow"]
        assert sections_with(text, "before") == ["before"]
        assert sections_with(text, "hail") == []
        assert sections_with(text, " ") == [text]


def test_addresses_of_the_annotation_page() -> None:
    assert queue_link("http://a", "d", "draft") == "http://a/dataset/d/annotation-mode?page=1&status=draft"
    found = urlsplit(record_link("http://a", "d", "completed", 'What is "rain" & why? ' + "long " * 20))
    assert parse_qs(found.query) == {
        "page": ["1"],
        "status": ["submitted"],
        "search": ['"What is rain why long long long long"'],
    }
    assert record_link("http://a", "d", "pending", "Why?", "prompt").endswith(
        "status=pending&search=%22Why%22~prompt"
    )
    assert answer_filter("quality", "rating", "6") == {"response": "quality.ge6.le6"}
    assert answer_filter("intent", "multi_label", "code") == {"response": "intent.code"}
    assert answer_filter("intent", "label", "v1.2") == {}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("![](http://x/y.png)", "[](http://x/y.png)"),
        ("$5 and $6", "\\$5 and \\$6"),
        (":red[loud] :material/home: :tada:", "\\:red[loud] \\:material/home: \\:tada:"),
        ("at 10:30, see: this", "at 10:30, see: this"),
        ("`$x ![](y)` $", "`$x ![](y)` \\$"),
        ("```\n$1 ![a](b)\n```\n$", "```\n$1 ![a](b)\n```\n\\$"),
    ],
)
def test_texts_of_strangers(text: str, safe: str) -> None:
    assert shown(text) == safe


def test_without_streamlit_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "is_installed", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'sharegpt-argilla\[dashboard\]'"):
        dashboard.dashboard()


def test_shares_read_as_whole_percents() -> None:
    """Four records had 66.67 %; one of 700 is not none of them, and 699 are not all."""
    rows = [{"share": share, "n": 0.123} for share in (2 / 3, 0, 1, 1 / 700, 699 / 700, None)]
    shares = [row["share"] for row in whole_percents(rows, "share", "absent")]
    assert shares == [0.67, 0, 1, 0.0014, 0.9986, None]
    assert whole_percents(rows, "share")[0]["n"] == 0.123
