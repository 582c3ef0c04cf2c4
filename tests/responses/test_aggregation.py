"""One value out of several answers."""

from typing import Any

import pytest

from sharegpt_argilla.responses.policies import Aggregate, majority


@pytest.mark.parametrize(
    ("answers", "value", "tie"),
    [
        ([6], 6, False),
        ([6, 6, 2], 6, False),
        ([2, 6], 2, True),
        ([6, 2], 6, True),
        (["none", "harmful", "none"], "none", False),
        (["harmful", "none"], "harmful", True),
        ([["code"]], ["code"], False),
        ([["code", "chat"], ["code"], ["code", "other"]], ["code"], False),
        ([["code", "chat"], ["code"]], ["code", "chat"], True),
        ([["code"], ["code", "chat"]], ["code"], True),
        ([["code"], ["chat"], ["other"]], ["code"], True),
    ],
)
def test_majority(answers: list[Any], value: Any, tie: bool) -> None:
    assert majority(answers) == Aggregate(value, tie)
