"""What an incremental export rests on: the state file, the comparison of stamps, the copy with changed lines."""

import io
from array import array
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.responses.answer_store import AnswerStore
from sharegpt_argilla.responses.export_state import Change, Stamp, changes_between, load_state, new_state
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
    assert load_state(path) is None
    path.write_text("no database, but of some length" * 50, encoding="utf-8")
    assert load_state(path) is None


def test_what_the_last_reading_has_no_more_is_gone() -> None:
    def record(row: str, quality: int) -> AnsweredRecord:
        return AnsweredRecord(row, "completed", [Response("ana", "submitted", {"quality": quality}, "2026-01-02")])

    def readings():
        yield 0, "k1", record("r1", 1)
        yield 0, "k2", record("r2", 1)
        yield 1, "k2", record("r2", 5)
        return 1

    store = AnswerStore(["main"], Origin("main", "g", ["quality"]))
    store.fill(0, readings())
    found = store.of_rows(["r1", "r2", "r3"])
    assert {row: (one.marked["quality"], one.met) for row, one in found.items()} == {"r2": (5, False)}
    assert store.of_rows(["r2"])["r2"].met
    assert list(store.unmet()) == []
    assert [key for key, _ in store.stamps(0)] == ["k2"]
    store.close()
