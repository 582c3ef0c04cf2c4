"""What the documentation shows and tests/docs does not run, each with the reason. The list is exact:
an entry that is no longer in the documentation fails (test_inventory.py)."""

IN_A_TERMINAL_OF_ITS_OWN = {
    "sharegpt-argilla demo": "it stays up; tests/live/test_demo.py starts it",
    "sharegpt-argilla demo --port 6901": "it stays up; tests/live/test_demo.py starts it",
    "sharegpt-argilla serve": "the session's Argilla takes its place; tests/live/test_serve.py starts it",
    "sharegpt-argilla dashboard --rows curated.jsonl": "started for docs/dashboard.md",
    "sharegpt-argilla dashboard --rows curated.jsonl --annotated annotated.jsonl": "started for docs/dashboard.md",
}
"""Commands that stay up. Their options are parsed."""

PLACEHOLDERS = {
    "sharegpt-argilla COMMAND --help": "any command; tests/test_docs.py takes the example of each",
    "sharegpt-argilla push-to-argilla rows.jsonl --config examples/configs/NAME.yml": (
        "any of them; tests/live/test_ready_configs.py"
    ),
}

ELSEWHERE = {
    "sharegpt-argilla init my-project": "before the page's story begins; tests/test_init.py runs it",
    "hf download --repo-type dataset": "the beginning of a command, in a docstring",
    "docker compose up -d": "needs Docker; the file is checked against argilla-server's settings",
    "docker compose up -d --scale worker=2": "needs Docker; tests/live/test_full_stack.py is without it",
    "hf download OWNER/NAME --repo-type dataset --local-dir sharegpt-curation": "needs a dataset of the Hub",
    "python docs/count_checks.py DATA": "needs the files; tests/curation/test_docs_page.py runs it where they are",
    "source .venv/bin/activate": "changes the reader's shell",
    "source <(sharegpt-argilla completion bash)": "changes the reader's shell; tests/cli/test_completion.py",
    **dict.fromkeys(
        (
            "python3 -m venv argilla",
            'argilla/bin/pip install "sharegpt-argilla[serve,dashboard]"',
            "argilla/bin/sharegpt-argilla demo",
        ),
        "tests/e2e/test_distribution.py follows it",
    ),
    **dict.fromkeys(
        (
            "pip install sharegpt-argilla",
            "pip install --only-binary :all:",
            "pip install --upgrade pip",
            "pip uninstall sharegpt-argilla",
        ),
        "changes the reader's environment",
    ),
    **dict.fromkeys(
        (
            "source <(sharegpt-argilla completion zsh)",
            "sharegpt-argilla completion fish > ~/.config/fish/completions/sharegpt-argilla.fish",
        ),
        "changes the reader's shell; tests/cli/test_completion.py",
    ),
    **dict.fromkeys(
        (
            "sharegpt-argilla backup --every 5m hf://datasets/OWNER/argilla-backup/argilla.tar.gz",
            "sharegpt-argilla restore --missing-ok hf://datasets/OWNER/argilla-backup/argilla.tar.gz",
        ),
        "needs a repository of the Hub; tests/live/test_container.py has a stand-in",
    ),
    "sharegpt-argilla init": "the beginning of a command",
    "jupyter lab": "stays up; tests/notebooks runs the notebooks",
    "pip install jupyterlab": "installs",
    "apt-get install chromium": "installs",
}
