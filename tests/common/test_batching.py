"""Batches lose nothing, keep the order, and read no further ahead than they must."""

from collections.abc import Iterator

import pytest

from sharegpt_argilla.common.batching import batched


@pytest.mark.parametrize(
    ("count", "size", "lengths"), [(0, 3, []), (2, 3, [2]), (3, 3, [3]), (7, 3, [3, 3, 1]), (2, 1, [1, 1])]
)
def test_batches_hold_all_in_order(count: int, size: int, lengths: list[int]) -> None:
    batches = list(batched(range(count), size))
    assert [len(batch) for batch in batches] == lengths
    assert [item for batch in batches for item in batch] == list(range(count))


def test_a_batch_is_given_before_the_next_is_read() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            read.append(number)
            yield number

    assert next(batched(items(), 4)) == [0, 1, 2, 3]
    assert read == [0, 1, 2, 3]


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="batches of 0 items"):
        next(batched([1], 0))
