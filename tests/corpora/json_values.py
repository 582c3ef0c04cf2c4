"""Arbitrary JSON values, with keys that adapters look for."""

from hypothesis import strategies as st

KEYS = (
    *(
        "id",
        "message",
        "messages",
        "role",
        "content",
        "text",
        "type",
        "weight",
        "tool_calls",
        "prompt",
        "response",
    ),
    *(
        "completion",
        "completion_0",
        "completion_1",
        "ranking",
        "tokens",
        "instruction",
        "input",
        "output",
        "system",
    ),
    *("history", "instances", "mapping", "current_node", "parent", "children", "author", "parts", "content_type"),
    *("message_id", "parent_id", "message_tree_id", "replies", "rank", "labels", "name", "value", "deleted"),
    *("timestamp", "model", "headers", "ip", "choices", "created_date", "create_time", "metadata", "recipient"),
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["user", "assistant", "tool", "prompter", "a", "\ud800", "2026-01-01"])
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)
