"""Print the table of docs/curation.md: rows that each check flags in the files of a data folder.

python docs/count_checks.py DATA, where DATA contains `mychatgpt` (the MYChatGPT repository's files) and
`sharegpt_v3/sharegpt_v3_part.json`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import extract

FILES = {
    "malay": ("mychatgpt/stanford/malay.json", "alpaca"),
    "seed": ("mychatgpt/stanford/seed_task_ms.jsonl", "seed_tasks"),
    "gpt4all": ("mychatgpt/gpt4all/data_ms.jsonl", "prompt_response"),
    "SFT": ("mychatgpt/kochatgpt/mschatgpt_1_SFT.jsonl", "kochatgpt_sft"),
    "talks": ("mychatgpt/kochatgpt/mychatgpt_1_SFT_conversation.jsonl", "kochatgpt_conversation"),
    "RM": ("mychatgpt/kochatgpt/mschatgpt_2_RM.jsonl", "kochatgpt_rm"),
    "PPO": ("mychatgpt/kochatgpt/mschatgpt_3_PPO.jsonl", "kochatgpt_ppo"),
    "doctor": ("mychatgpt/chatdoctor/chatdoctor5k.json", "alpaca"),
    "doctor ms": ("mychatgpt/chatdoctor/chatdoctor5k_ms.jsonl", "alpaca"),
    "ShareGPT": ("sharegpt_v3/sharegpt_v3_part.json", "vicuna"),
}
"""Column -> file in the data folder, and its corpus."""


def counts(data: Path, file: str, corpus: str) -> dict[str, int]:
    """Check -> rows that it flags; ``rows`` -> how many there are."""
    with TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        extract([data / file], corpus, rows)
        report = curate(rows, Path(folder, "curated.jsonl")).report
    return {"rows": report["rows"], **{name: check["flagged"] for name, check in report["checks"].items()}}


def table(data: Path) -> str:
    """The table, checks that found nothing anywhere left out."""
    columns = {name: counts(data, *source) for name, source in FILES.items()}
    lines = [["check", *columns], ["---", *["--:"] * len(columns)]]
    for name in ("rows", *CHECKS):
        found = [column.get(name, 0) for column in columns.values()]
        if any(found):
            head = name if name == "rows" else f"`{name}`"
            lines.append([head, *(f"{count:,}" if count else "" for count in found)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1])) + "\n")
