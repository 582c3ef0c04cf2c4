"""``train``: what it learns, what it says about that, what it refuses; and the agent that uses it."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.cli import main
from sharegpt_argilla.common.linear_classifier import MODEL, load_classifier
from sharegpt_argilla.config import Classifier, load_project
from sharegpt_argilla.errors import ConfigError, CredentialsError, InputError
from sharegpt_argilla.rows import ANNOTATION, Row, read_extension, with_extension
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.trained_classifier import TrainedClassifier, fingerprint
from sharegpt_argilla.training.classifier.base import Case, Task, assign_folds
from sharegpt_argilla.training.classifier.classifier_validation import (
    at_thresholds,
    calibration_error,
    lowest_threshold,
    most_frequent,
    reliability,
    score,
    validate,
)
from sharegpt_argilla.training.classifier.learning_tasks import language_of
from sharegpt_argilla.training.classifier.text_classifier import train_classifier
from sharegpt_argilla.workflows.train import train
from tests.projects import ROOT, write_rows
from tests.training.rows import CONFIG, row

KINDS = {
    "code": "Write a Python function that sorts {}",
    "rewrite": "Rephrase the letter about {} in plain words",
    "brainstorming": "Give me some ideas for a party with {}",
}
WORDS = [
    *("rivers", "maps", "cups", "lamps", "trees", "stamps", "boats", "clocks"),
    *("songs", "birds", "stones", "chairs", "roads", "clouds", "shoes"),
]
QUESTIONS = {question.name: question for question in load_project(ROOT / "dataset-config.yml").config.questions}


def cases(count: int = 60) -> list[Row]:
    """Prompts that words tell apart, two turns a conversation; every third one is toxic in the data's eyes."""
    rows = []
    for number in range(count):
        intent = list(KINDS)[number % 3]
        values = {"intent": [intent], "toxicity": "harmful" if intent == "code" else "none"}
        # Different enough that no two are near-duplicates of one another.
        things = " or ".join(random.Random(number).sample(WORDS, 8))
        prompt = KINDS[intent].format(things)
        rows.append(row(prompt, values=values, session=f"s{number // 2}", turn=number % 2 + 1))
    return rows


def suggested(made: Row, value: list[str]) -> Row:
    extension = read_extension(made)
    one = {"question": "intent", "agent": "rules", "value": value, "type": "model", "score": [0.9]}
    return with_extension(made, {**extension, ANNOTATION: {**extension[ANNOTATION], "suggestions": [one]}})


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier; half of the rows had a suggestion that is wrong every other time."""
    folder = tmp_path_factory.mktemp("learned")
    rows = [
        suggested(one, ["code"] if number % 4 else read_extension(one)[ANNOTATION]["intent"])
        if number % 2 == 0
        else one
        for number, one in enumerate(cases())
    ]
    done: list[int] = []
    total: list[int] = []
    path = write_rows(folder / "annotated.jsonl", rows)
    options: dict[str, Any] = {
        "config": CONFIG,
        "licence": "cc0-1.0",
        "on_progress": done.append,
        "on_total": total.append,
    }
    train(path, folder / "model", **options)
    assert total == [sum(done)]
    assert total[0] > 0
    return folder / "model"


def test_it_learns_what_words_tell_and_says_how_well(learned: Path) -> None:
    metrics = json.loads((learned / "metrics.json").read_text(encoding="utf-8"))["questions"]
    intent = metrics["intent"]
    assert (intent["prompts"], intent["conversations"]) == (60, 30)
    assert intent["labels"] == {"rewrite": 20, "brainstorming": 20, "code": 20}
    assert "generation" in intent["unseen"]
    assert intent["guidelines"] == {"5f2b8c01d9e4": 60}
    validation = intent["validation"]
    assert validation["folds"] == 5
    assert validation["classifier"]["n"] == 60
    assert validation["classifier"]["accuracy"] > 0.9
    assert validation["majority"]["accuracy"] < 0.5
    theirs, ours = validation["suggestions"]["rules"]
    assert theirs["n"] == ours["n"] == 30
    assert theirs["accuracy"] < ours["accuracy"]
    assert set(metrics) == {"intent", "toxicity"}


def test_the_card_says_what_it_is(learned: Path) -> None:
    card = (learned / "README.md").read_text(encoding="utf-8")
    assert card.startswith('---\nlicense: "cc0-1.0"\nlibrary_name: "sharegpt-argilla"\n')
    for words in (
        "60 annotated prompts",
        "one label a prompt",
        "several labels a prompt",
        "`5f2b8c01d9e4`",
        "suggestions of `rules`",
        "most frequent answer",
        "Licence",
    ):
        assert words in card
    assert "Rephrase the letter" not in card
    nlp = load_classifier(learned / "toxicity")
    (said,) = nlp.probabilities(["Write a Python function"])
    assert max(said.items(), key=lambda item: item[1])[0] == "harmful"
    assert "nine of ten suggested labels are right from" in card.casefold()
    assert "![Reliability diagram](reliability-intent.svg)" in card
    diagram = (learned / "reliability-intent.svg").read_text(encoding="utf-8")
    assert diagram.startswith("<svg")
    assert "var(--" not in diagram


def test_no_word_of_a_prompt_leaves_with_it(learned: Path) -> None:
    files = [path.read_bytes() for path in learned.rglob("*") if path.is_file()]
    assert len(files) > 5
    for word in (b"Rephrase", b"letter", b"sorts", b"party"):
        assert not any(word in content for content in files), word


def agent(model: Path, question: str = "intent", **options: Any) -> TrainedClassifier:
    section = Classifier(type="classifier", question=question, model=model.name, **options)
    return TrainedClassifier(section, QUESTIONS[question], model.parent)


def test_the_agent_says_what_it_is_sure_of(learned: Path) -> None:
    sure, unsure = Subject("Rephrase the letter", "", {}), Subject("Wherefore?", "", {})
    ((suggestion,), nothing) = agent(learned, threshold=0.6).suggest([sure, unsure])
    assert (suggestion.question, suggestion.value) == ("intent", ["rewrite"])
    assert suggestion.agent.startswith("classifier-")
    assert len(suggestion.agent) == len("classifier-") + 8
    assert isinstance(suggestion.score, list)
    assert 0.6 <= suggestion.score[0] <= 1
    assert nothing == []
    assert agent(learned, threshold=1).suggest([sure]) == [[]]
    ((single,),) = agent(learned, "toxicity", threshold=0.6).suggest([Subject("Write a Python function", "", {})])
    assert isinstance(single, Suggestion)
    assert single.value == "harmful"
    assert isinstance(single.score, float)


def test_the_agent_refuses_what_is_no_model_for_it(learned: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no classifier for question"):
        agent(tmp_path / "nothing")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.json").write_text("{")
    with pytest.raises(InputError, match="cannot be loaded"):
        agent(tmp_path / "broken")
    spacy.blank("xx").to_disk(tmp_path / "empty")
    with pytest.raises(InputError, match="without a text classifier"):
        agent(tmp_path / "empty")
    section = Classifier(type="classifier", question="toxicity", model=f"{learned.name}/intent")
    with pytest.raises(ConfigError, match="no label of question"):
        TrainedClassifier(section, QUESTIONS["toxicity"], learned.parent)


def test_the_same_rows_give_the_same_scores(learned: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", cases())
    first, again = (train(rows, tmp_path / "m", config=CONFIG, dry_run=True) for _ in range(2))
    assert first == again
    assert not (tmp_path / "m").exists()


def test_the_same_rows_give_an_agent_of_the_same_name(learned: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", cases())
    for name in ("one", "other"):
        train(rows, tmp_path / name, config=CONFIG, questions=["intent"], folds=0)
    one, other = (fingerprint(tmp_path / name / "intent") for name in ("one", "other"))
    assert one == other != fingerprint(learned / "toxicity")


def test_few_prompts_are_learned_and_not_validated(tmp_path: Path, capfd) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", cases(6))
    assert main(["train", str(rows), "-o", str(tmp_path / "m"), "--config", str(CONFIG)]) == 0
    said = capfd.readouterr().err
    assert "intent: not cross-validated, nobody knows how good it is (6 prompts)" in said
    assert said.splitlines()[-1] == f"2 questions learned from 6 annotated rows -> {tmp_path / 'm'}"
    assert "Too few prompts to cross-validate" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


def test_what_cannot_be_learned_is_one_line(tmp_path: Path, capfd) -> None:
    few = write_rows(tmp_path / "few.jsonl", cases(3))
    same = write_rows(
        tmp_path / "same.jsonl",
        [row(f"Why {n}?", values={"intent": [["code"], ["chat"]][n % 2], "toxicity": "none"}) for n in range(12)],
    )
    out = str(tmp_path / "m")
    for arguments, code, words in (
        ([str(few)], 1, "3 annotated prompts, and it takes 5"),
        ([str(same), "--question", "toxicity"], 1, '"none" is the only label that was given'),
        ([str(same), "--question", "quality"], 2, "no question with labels of that name; there are: intent"),
        ([str(same), "--folds", "1"], 2, "2 or more, or 0"),
        ([str(same), "--language", "English"], 2, "a code of two or three letters"),
        ([str(tmp_path / "none.jsonl")], 1, "no such file"),
    ):
        assert main(["train", *arguments, "-o", out, "--config", str(CONFIG)]) == code
        said = capfd.readouterr().err
        assert words in said
        assert said.count("\n") == 1
    assert main(["train", str(same), "-o", out, "--config", str(CONFIG)]) == 0
    assert 'toxicity: left out; "none" is the only label' in capfd.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(InputError, match="a folder with other files"):
        train(same, tmp_path / "full", config=CONFIG)


def test_a_name_that_is_a_path_is_no_question(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [row(f"Why {n}?", values={"../up": ["a", "b"][n % 2]}, session=str(n)) for n in range(12)]
    with pytest.raises(InputError, match="nothing to learn"):
        train(write_rows(tmp_path / "rows.jsonl", rows), tmp_path / "m")


def test_folds_part_no_group_and_spread_labels() -> None:
    made = [
        Case(str(n), frozenset(["rare" if n % 10 == 0 else "usual"]), str(n // 2).encode()) for n in range(100)
    ]
    folds = assign_folds(made, 5, 1)
    assert folds == assign_folds(made[::-1], 5, 1)[::-1]
    assert all(folds[n] == folds[n + 1] for n in range(0, 100, 2))
    for fold in range(5):
        inside = [case for case, number in zip(made, folds, strict=True) if number == fold]
        assert 16 <= len(inside) <= 24
        assert sum("rare" in case.labels for case in inside) == 2
    lumps = [Case("x", frozenset(["a"]), group) for group in (b"1",) * 50 + (b"2", b"3")]
    assert len(set(assign_folds(lumps, 3, 1))) == 3


def test_scores_by_hand() -> None:
    a, b, ab = frozenset("a"), frozenset("b"), frozenset("ab")
    found = score([a, b, ab, b], [a, a, b, b])
    # a: 1 right, 2 given, 2 said; b: 2 right, 3 given, 2 said.
    assert (found.n, found.accuracy, found.f1_micro) == (4, 0.5, round(2 * 3 / 9, 4))
    assert found.f1_macro == round((2 * 1 / 4 + 2 * 2 / 5) / 2, 4)
    assert most_frequent([a, b, b, ab]) == b
    (half, *_, most) = at_thresholds([a, b], [{"a": 0.95, "b": 0.6}, {"a": 0.5, "b": 0.2}], several=True)
    assert (half.suggested, half.right, half.prompts) == (3, 1, 2)
    assert (most.suggested, most.right, most.prompts) == (1, 1, 1)


def test_chinese_is_told_by_its_letters() -> None:
    assert language_of(["写一个故事", "hi"]) == "zh"
    assert language_of(["Write a story about 北京"]) == "xx"


def test_near_duplicates_are_in_one_fold(tmp_path: Path) -> None:
    """Random labels cannot be told: with near-duplicates on both sides of the folds they seemed to be."""
    chance = random.Random(3)
    rows = []
    for number in range(60):
        things = " ".join(chance.sample(WORDS, 12))
        values = {"toxicity": chance.choice(["none", "harmful", "illegal"])}
        rows += [row(f"{things}{end}", values=values, session=f"{number}{end}") for end in ("", " thanks a lot")]
    summary = train(write_rows(tmp_path / "r.jsonl", rows), tmp_path / "m", config=CONFIG, dry_run=True)
    (learned,) = summary.questions
    assert (learned.prompts, learned.groups) == (120, 60)
    assert learned.validation.classifier.accuracy < 0.55


def test_no_label_is_an_answer(tmp_path: Path) -> None:
    rows = [
        row(f"{kind} {WORDS[n % 15]} {WORDS[(7 * n + 3) % 15]} {n}", values={"intent": intent}, session=str(n))
        for n in range(60)
        for kind, intent in [[("write code for", ["code"]), ("hello my", [])][n % 2]]
    ]
    train(write_rows(tmp_path / "r.jsonl", rows), tmp_path / "m", config=CONFIG)
    told = json.loads((tmp_path / "m" / "metrics.json").read_text(encoding="utf-8"))["questions"]["intent"]
    assert (told["prompts"], told["labels"]) == (60, {"code": 30})
    assert told["validation"]["classifier"]["accuracy"] > 0.9
    said = load_classifier(tmp_path / "m" / "intent").probabilities(["write code for maps", "hello my lamps"])
    assert said[0]["code"] > 0.5 > said[1]["code"]


@pytest.mark.parametrize("several", [False, True])
def test_probabilities_are_those_of_being_right(several: bool) -> None:
    """Prompts of a word that says the label four times in five."""
    chance = random.Random(5)
    cases = []
    for number in range(400):
        label = chance.choice("ab")
        word = {"a": "alpha", "b": "omega"}[label if chance.random() < 0.8 else "ba"["ab".index(label)]]
        text = f"{word} {' '.join(chance.sample(WORDS, 3))}"
        cases.append(Case(text, frozenset([label]), str(number).encode()))
    validation = validate(Task("q", several, "ab", (), cases, "xx"), 5, 1, lambda _: None)
    assert validation.calibration_error < 0.05
    assert 0.7 < validation.classifier.accuracy < 0.9
    raw = replace(train_classifier(Task("q", several, "ab", (), cases, "xx"), cases, 1), scale=1.0, shift=0.0)
    assert raw.scale != train_classifier(Task("q", several, "ab", (), cases, "xx"), cases, 1).scale


def test_the_threshold_is_the_lowest_with_nine_of_ten_right() -> None:
    a, b = frozenset("a"), frozenset("b")
    true = [a] * 9 + [b] + [b] * 5
    said = [{"a": 0.8, "b": 0.2}] * 10 + [{"a": 0.6, "b": 0.4}] * 5
    assert lowest_threshold(true, said, several=False) == 0.61
    assert lowest_threshold([b] * 15, said, several=False) is None
    assert lowest_threshold(true[:10], said[:10], several=False) == 0.01


def test_reliability_by_hand() -> None:
    bins = reliability([(0.95, True), (0.91, True), (0.99, False), (0.15, False), (1.0, True)])
    assert [(each.above, each.n, each.right) for each in bins] == [(0.1, 1, 0.0), (0.9, 4, 0.75)]
    assert calibration_error(bins) == pytest.approx((1 * 0.15 + 4 * abs(0.9625 - 0.75)) / 5, abs=1e-4)


def test_the_agent_goes_by_the_models_threshold(learned: Path) -> None:
    told = json.loads((learned / "intent" / MODEL).read_text(encoding="utf-8"))
    found = json.loads((learned / "metrics.json").read_text(encoding="utf-8"))["questions"]["intent"]
    assert told["threshold"] == found["validation"]["threshold"] is not None
    sure = Subject("Rephrase the letter about maps in plain words", "", {})
    assert agent(learned).suggest([sure])[0][0].value == ["rewrite"]


def test_a_model_without_a_threshold_suggests_nothing_by_itself(tmp_path: Path) -> None:
    train(write_rows(tmp_path / "r.jsonl", cases(9)), tmp_path / "m", config=CONFIG, folds=0)
    sure = Subject("Rephrase the letter about maps in plain words", "", {})
    assert agent(tmp_path / "m").suggest([sure]) == [[]]
    assert agent(tmp_path / "m", threshold=0.01).suggest([sure]) != [[]]


def test_a_pipeline_of_spacy_is_still_read(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    component: Any = nlp.add_pipe("textcat_multilabel")
    component.add_label("code")
    nlp.initialize(lambda: [spacy.training.Example.from_dict(nlp.make_doc("a b"), {"cats": {"code": 1.0}})])
    nlp.meta["characters"] = 3
    (tmp_path / "old").mkdir()
    nlp.to_disk(tmp_path / "old" / "intent")
    (suggestions,) = agent(tmp_path / "old", threshold=0.001).suggest([Subject("a b", "", {})])
    assert [one.value for one in suggestions] == [["code"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "of format 2, this version reads 1"),
        ({"reading": {"analyzer": "char"}}, "cannot be loaded"),
        ({"labels": None}, "cannot be loaded"),
    ],
)
def test_another_format_is_refused(change: dict[str, Any], words: str, learned: Path, tmp_path: Path) -> None:
    shutil.copytree(learned, tmp_path / "m")
    file = tmp_path / "m" / "intent" / MODEL
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        agent(tmp_path / "m")


def test_sending_it_to_the_hub_is_one_call(tmp_path: Path, monkeypatch, capfd) -> None:
    asked = []
    for name in ("create_repo", "upload_folder"):
        monkeypatch.setattr(
            f"huggingface_hub.HfApi.{name}", lambda _self, *a, _n=name, **k: asked.append((_n, a, k))
        )
    rows = write_rows(tmp_path / "rows.jsonl", cases(12))
    arguments = ["train", str(rows), "-o", str(tmp_path / "m"), "--config", str(CONFIG), "--folds", "0"]
    assert main([*arguments, "--push-to-hub", "me/intent", "--private"]) == 0
    (made, sent) = asked
    assert made == ("create_repo", ("me/intent",), {"repo_type": "model", "private": True, "exist_ok": True})
    assert sent[2] == {"repo_id": "me/intent", "repo_type": "model", "folder_path": tmp_path / "m"}
    assert "https://huggingface.co/me/intent" in capfd.readouterr().err


def test_without_a_token_the_folder_stays(tmp_path: Path, monkeypatch) -> None:
    from huggingface_hub.errors import LocalTokenNotFoundError

    def refuse(*_: object, **__: object) -> None:
        raise LocalTokenNotFoundError("no token")

    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", refuse)
    rows = write_rows(tmp_path / "rows.jsonl", cases(12))
    with pytest.raises(CredentialsError, match="no Hugging Face token"):
        train(rows, tmp_path / "m", config=CONFIG, push="me/intent", folds=0)
    assert (tmp_path / "m" / "README.md").is_file()
