"""What an incremental export rests on: the state file, the comparison of stamps, the copy with changed lines."""

import io
import random
import signal
import sqlite3
import subprocess
import sys
from array import array
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.responses.answer_store import AnswerStore
from sharegpt_argilla.responses.export_state import (
    Change,
    DamagedStateError,
    Stamp,
    changes_between,
    load_state,
    new_state,
    stamp_of,
)
from sharegpt_argilla.responses.merge import Origin
from sharegpt_argilla.responses.merge_lines import patch

stamps = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.builds(Stamp, st.just("r"), st.just("completed"), st.integers(1, 3), st.just("t")),
)
lines = st.lists(st.tuples(st.binary(max_size=6), st.none() | st.binary(max_size=6)), max_size=12)


@settings(max_examples=60)
@given(stamps, stamps)
def test_every_difference_is_found_and_no_other(before: dict[str, Stamp], now: dict[str, Stamp]) -> None:
    found = list(changes_between(sorted(before.items()), sorted(now.items())))
    keys = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    assert found == [Change(key, before.get(key), now.get(key)) for key in keys]


@settings(max_examples=60)
@given(lines)
def test_changed_lines_among_copied_ones(tmp_path_factory, changes) -> None:
    earlier = tmp_path_factory.getbasetemp() / "earlier"
    earlier.write_bytes(b"".join(line for line, _ in changes))
    lengths, output, seen = array("Q", (len(line) for line, _ in changes)), io.BytesIO(), []
    changed = {
        number: lambda line, new=new: seen.append(line) or new
        for number, (_, new) in enumerate(changes)
        if new is not None
    }
    patch(earlier, output, lengths, changed)
    assert output.getvalue() == b"".join(line if new is None else new for line, new in changes)
    assert seen == [line for line, new in changes if new is not None]
    assert list(lengths) == [len(line if new is None else new) for line, new in changes]


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "export.state"
    stamp = Stamp("r1", "completed", 2, "2026-01-02", 7, 9)
    with new_state(path, "plan") as state:
        assert not path.exists()
        for row in ("r1", None, "r2", "r1"):
            state.add_line(row, 10)
        state.remember(0, [("k1", stamp), ("k2", Stamp(None, "pending", 1, "2026-01-03"))])
        state.set_orphans(["r9"])
        state.save(rows=(1, 2), output=(40, 4), seen="2026-01-04", pulses=["p"], carried=(2, 4, 1))
    assert [one.name for one in tmp_path.iterdir()] == ["export.state"]
    loaded = load_state(path)
    assert loaded is not None
    assert (loaded.export.plan, loaded.export.output, loaded.export.carried) == ("plan", (40, 4), (2, 4, 1))
    assert dict(loaded.stamps(0))["k1"] == stamp
    assert loaded.stamps_of(0, ["k1", "k7"]) == {"k1": stamp}
    assert loaded.lines_of(["r1", "r2"]) == {0: "r1", 2: "r2", 3: "r1"}
    assert loaded.carried(["r1", "r2"]) == (2, 4, 1)
    assert (loaded.keys_of(0, ["r1"]), loaded.strangers(), loaded.orphans()) == (["k1", "k2"], 1, {"r9"})
    assert list(loaded.lengths) == [10] * 4
    loaded.apply({0: [Change("k1", stamp, None)]})
    loaded.close()
    again = load_state(path)
    assert again is not None
    assert "k1" in dict(again.stamps(0))  # what was not saved is not remembered
    # Lines that together are not the output are no guide to it.
    again.save(output=(41, 4))
    again.close()
    with pytest.raises(DamagedStateError, match="its lines are not the output"):
        load_state(path)
    assert load_state(tmp_path / "none") is None


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """A state file of some pages, saved twice as an incremental export does."""
    path = tmp_path / "export.state"
    with new_state(path, "plan") as state:
        for number in range(200):
            state.add_line(f"r{number}", 10)
        state.remember(0, [(f"k{number}", Stamp(f"r{number}", "completed", 1, "t")) for number in range(200)])
        state.save(output=(2000, 4), pulses=["p"])
    loaded = load_state(path)
    assert loaded is not None
    loaded.apply({0: [Change("k7", None, Stamp("r7", "completed", 2, "u"))]})
    loaded.save(seen="2026-01-04")
    loaded.close()
    return path.read_bytes()


def test_every_damage_is_recognised(whole: bytes, tmp_path: Path) -> None:
    """Also where SQLite reads the file without an error: half of the damaged pages were believed."""
    path, draw = tmp_path / "export.state", random.Random(3)
    assert len(whole) > 8 * 4096
    # The change counter in the header tells caches apart, and means nothing else.
    counters = {*range(24, 28), *range(92, 96)}
    offsets = [at for at in (*range(100), *draw.sample(range(100, len(whole)), 300)) if at not in counters]
    for offset in offsets:
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DamagedStateError):
            load_state(path)
    for content in (b"", whole[:-4096], whole[: len(whole) // 2], whole[:-1], whole + bytes(4096), b"no" * 3000):
        path.write_bytes(content)
        with pytest.raises(DamagedStateError):
            load_state(path)
    path.write_bytes(whole)
    loaded = load_state(path)
    assert loaded is not None
    assert loaded.stamps_of(0, ["k7"])["k7"].responses == 2
    loaded.close()


def test_an_edited_state_is_recognised(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "export.state"
    assert whole
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE records SET responses = 5 WHERE key = 'k7'")
    with pytest.raises(DamagedStateError, match="its checksum is another"):
        load_state(path)


def test_a_state_of_an_older_version_is_replaced_without_a_word(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "export.state"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE export SET about = json_set(about, '$.version', 3)")
        database.execute("PRAGMA user_version = 0")
        database.execute("PRAGMA application_id = 0")
    assert load_state(path) is None
    assert whole


def test_what_a_killed_export_had_not_saved_is_taken_back(whole: bytes, tmp_path: Path) -> None:
    """Killed while it writes, it leaves SQLite's journal; killed before the checksum, a whole export follows."""
    code = """
import os, signal, sys
from pathlib import Path
from sharegpt_argilla.responses import export_state
from sharegpt_argilla.responses.export_state import Change, Stamp, load_state
state = load_state(Path(sys.argv[1]))
state._database.execute("PRAGMA cache_size = 1")
if sys.argv[2] == "checksum":
    export_state._checksum = lambda _path: os.kill(os.getpid(), signal.SIGKILL)
else:
    state._database.set_trace_callback(lambda text: text == "COMMIT" and os.kill(os.getpid(), signal.SIGKILL))
state.apply({0: [Change(f"k{n}", None, Stamp(f"r{n}", "completed", 9, "v")) for n in range(200)]})
state.save(seen="2026-01-05")
"""
    path = tmp_path / "export.state"
    for moment in ("commit", "checksum"):
        path.write_bytes(whole)
        done = subprocess.run([sys.executable, "-c", code, str(path), moment], check=False)
        assert done.returncode == -signal.SIGKILL
        if moment == "commit":
            assert path.with_name("export.state-journal").exists()
            loaded = load_state(path)
            assert loaded is not None
            assert loaded.stamps_of(0, ["k7"])["k7"].responses == 2
            loaded.close()
        else:
            with pytest.raises(DamagedStateError, match="its checksum is another"):
                load_state(path)


def test_what_the_last_reading_has_no_more_is_gone() -> None:
    def record(row: str, quality: int) -> AnsweredRecord:
        return AnsweredRecord(row, "completed", [Response("ana", "submitted", {"quality": quality}, "2026-01-02")])

    def readings():
        yield 0, "k1", record("r1", 1), stamp_of(record("r1", 1))
        yield 0, "k2", record("r2", 1), stamp_of(record("r2", 1))
        yield 1, "k2", record("r2", 5), stamp_of(record("r2", 5))
        return 1

    store = AnswerStore(["main"], Origin("main", "g", ["quality"]))
    store.fill(0, readings())
    found = store.of_rows(["r1", "r2", "r3"])
    assert {row: (one.marked["quality"], one.met) for row, one in found.items()} == {"r2": (5, False)}
    assert store.of_rows(["r2"])["r2"].met
    assert list(store.unmet()) == []
    assert [key for key, _ in store.stamps(0)] == ["k2"]
    store.close()
