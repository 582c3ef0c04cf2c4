"""dataset-config.yml: the file that ships, and what is said about a wrong one."""

import json
from pathlib import Path

import pytest
import yaml
from argilla._models import WorkspaceModel

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.config import GUIDELINES_MAX, ChatField, NumberProperty, Person, load_project
from sharegpt_argilla.config.annotation_task import (
    CustomField,
    LabelQuestion,
    MultiLabelQuestion,
    RatingQuestion,
    TermsProperty,
    TextField,
)
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.config.project_file import MAX_VALUES
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import ConfigError

ROOT = Path(__file__).parent.parent
SHIPPED = (ROOT / "dataset-config.yml").read_text(encoding="utf-8")


@pytest.fixture
def wrong(tmp_path: Path):
    """Write the shipped file with one change next to some guidelines; give the message about it."""

    def change(old: str, new: str) -> str:
        assert old in SHIPPED
        (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
        path = tmp_path / "c.yml"
        path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_project(path)
        message = str(caught.value)
        assert "\n" not in message
        return message.removeprefix(f"{tmp_path}/")

    return change


def line_of(text: str) -> int:
    return SHIPPED[: SHIPPED.index(text)].count("\n") + 1


@pytest.mark.parametrize("name", ["Mein Team", "team\u00fc", "team.a", "team\n"])
def test_a_workspace_that_breaks_the_sdk_is_refused(wrong, name: str) -> None:
    message = wrong("workspace: sharegpt\n", f"workspace: {json.dumps(name)}\n")
    assert message.startswith(f"c.yml:{line_of('workspace: ')}: workspace: ")
    assert "SDK fails on every workspace" in message


def test_each_person_has_a_workspace_that_the_sdk_takes(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    people = [{"username": name} for name in ("ana", "ana.maria", "ana@maria", "\u738b")]
    content = {**yaml.safe_load(SHIPPED), "people": people, "assignment": {"mode": "per_person_datasets"}}
    (tmp_path / "c.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    names = [part.workspace for part in project_parts(load_project(tmp_path / "c.yml"))]
    assert names[0] == "sharegpt-ana"
    assert len(set(names)) == len(people)
    for name in names:
        assert WorkspaceModel(name=name).name == name


def test_the_shipped_project_is_the_documented_task() -> None:
    config = load_project(ROOT / "dataset-config.yml").config
    assert [field.name for field in config.fields] == ["prompt", "response", "context"]
    assert isinstance(config.fields[2], ChatField)
    quality, intent, toxicity = config.questions
    assert isinstance(quality, RatingQuestion)
    assert isinstance(intent, MultiLabelQuestion)
    assert isinstance(toxicity, LabelQuestion)
    assert quality.values == [1, 2, 3, 4, 5, 6, 7]
    assert list(intent.labels) == [
        *("generation", "rewrite", "extract", "closed_qa", "open_qa", "classification"),
        *("summarization", "brainstorming", "chat", "code", "other"),
    ]
    assert list(toxicity.labels) == ["none", "illegal", "harmful", "unqualified_advice"]
    assert 8 <= len(config.metadata) <= 12
    assert all(isinstance(item, NumberProperty) or item.options for item in config.metadata)


def test_the_shipped_project_takes_every_corpus() -> None:
    (corpus,) = [
        item for item in load_project(ROOT / "dataset-config.yml").config.metadata if item.name == "corpus"
    ]
    assert isinstance(corpus, TermsProperty)
    assert corpus.options == sorted(CORPORA)


def test_prompts_are_shown_as_typed_unless_the_project_says_otherwise(tmp_path: Path) -> None:
    config = load_project(ROOT / "dataset-config.yml").config
    shown = [field for field in config.fields if not isinstance(field, CustomField)]
    assert [field.rendering for field in shown] == ["plain", "auto", "auto"]
    text = TextField(name="a", title="A", content="extension.a")
    assert (text.rendering, text.model_copy(update={"render": "markdown"}).rendering) == ("plain", "markdown")


def test_the_shipped_guidelines_fit_and_cover_the_labels() -> None:
    project = load_project(ROOT / "dataset-config.yml")
    assert len(project.guidelines) <= GUIDELINES_MAX
    for question in project.config.questions[1:]:
        assert isinstance(question, LabelQuestion | MultiLabelQuestion)
        for text in question.labels.values():
            assert text.lower() in project.guidelines.lower()


def test_a_misspelt_question_type_is_named_with_the_nearest(wrong) -> None:
    assert wrong("type: rating", "type: ratting") == (
        f'c.yml:{line_of("type: rating")}: questions[1].type: unknown type "ratting"; did you mean "rating"? '
        "known: label, multi_label, ranking, rating, span, text"
    )


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("overlap: 1", "overlapp: 1", 'unknown key; did you mean "overlap"?'),
        ("question: intent", "question: intend", 'suggestions[1]: there is no question "intend"'),
        ("question: intent", "question: quality", 'suggests labels, and question "quality" is a rating'),
        ("question: intent", "question: toxicity", 'suggests "brainstorming", which is no label of question'),
        ("{type: intent_rules", "{type: intent_rule", 'did you mean "intent_rules"?'),
        ("people:", "describe: {modell: x}\npeople:", 'unknown key; did you mean "model"?'),
        (
            "people:",
            "vectors: [{name: v, title: V, field: context, model: m, dimensions: 4}]\npeople:",
            'vector "v": there is no text field "context"; known: prompt, response',
        ),
        ("overlap: 1", "overlap: 0", "greater than or equal to 1, found 0"),
        ("overlap: 1", "overlap: one", "valid integer, found 'one'"),
        ("title: Prompt\n", "titel: Prompt\n", 'unknown key; did you mean "title"?'),
        ("name: quality", "name: Quality!", '"Quality!" is not a slug'),
        ("name: quality", "name: count", "reserves"),
        ("name: quality", "name: status", "exported row"),
        ("name: intent", "name: quality", 'question "quality" is there twice'),
        ("username: ben", "username: ana", 'person "ana" is there twice'),
        ("max: 2000", "max: -1", "min (0) is not below max (-1)"),
        ("type: integer", "type: int", 'did you mean "integer"?'),
        ("type: integer, ", "", '"type" is missing'),
        ("    required: true\n", "", "no field is required"),
        ("workspace: sharegpt", "workspace: [a", "not valid YAML"),
        ("workspace: sharegpt", "dataset: twice", 'key "dataset" is there twice'),
        ("guidelines: guidelines.md", "guidelines: lost.md", "lost.md: cannot be read"),
        ("values: [1, 2, 3, 4, 5, 6, 7]", "values: [1]", "at least 2 items"),
        ("none: Not toxic", "No ne: Not toxic", "is not a slug"),
        (
            "overlap: 1\n",
            "overlap: 1\nexport:\n  policies: {quality: meadian}",
            'unknown word "meadian"; did you mean "median"? known: majority',
        ),
        (
            "overlap: 1\n",
            "overlap: 1\nexport:\n  policies: {qualty: mean}",
            'there is no question "qualty"; did you mean "quality"?',
        ),
        (
            "overlap: 1\n",
            "overlap: 1\nexport:\n  policies: {intent: mean}",
            '"mean" does not fit a multi_label question; fitting: majority',
        ),
        ("overlap: 1\n", "overlap: 1\nexport:\n  policies: {quality: adjudicated}", "no adjudicators are listed"),
        ("overlap: 1\n", "overlap: 1\nexport:\n  statuses: [submited]", 'did you mean "submitted"?'),
        ("overlap: 1\n", "overlap: 1\nexport:\n  weights: {ana: -1}", "greater than or equal to 0"),
        ("overlap: 1\n", "overlap: 1\nexport:\n  weights: golden", 'unknown word "golden"; did you mean "gold"?'),
        ("overlap: 1\n", "overlap: 1\nexport:\n  weights: gold", "weights: gold needs a section `gold:`"),
        ("overlap: 1\n", "overlap: 1\ngold: {rate: 1}", "gold.rate: input should be less than 1"),
        ("overlap: 1\n", "overlap: 1\npractice: {}", "practice: needs a section `gold:`"),
        (
            "overlap: 1\n",
            "overlap: 1\ngold: {}\npractice: {}",
            "practice: belongs to mode queue, not to mode open",
        ),
        (
            "overlap: 1\n",
            "overlap: 1\n  mode: queue\n  open_queue: true\ngold: {}\npractice: {}",
            "not to an open queue",
        ),
        (
            "overlap: 1\n",
            "overlap: 1\n  mode: queue\ngold: {}\npractice: {exempt: [bem]}",
            'practice.exempt: there is no annotator "bem"; did you mean "ben"?',
        ),
        (
            "overlap: 1\n",
            "overlap: 1\ngold: {}\npractice: {pass: 0}",
            "practice.pass: input should be greater than 0",
        ),
        (
            "overlap: 1\n",
            "overlap: 1\ngold: {}\npractice: {gold: 0}",
            "practice.gold: input should be greater than",
        ),
        ("overlap: 1\n", "overlap: 1\ngold: {}\npractice: {pas: 1}", 'did you mean "pass"?'),
        ("content: response", "content: extension.gold", '"response" would show annotators the right answers'),
        ("overlap: 1\n", "overlap: 1\nadjudication: {}", 'adjudication: "reviewers" is missing'),
        ("overlap: 1\n", "overlap: 1\nexport:\n  policy: mean", 'did you mean "policies"?'),
        ("content: response", "content: answer", 'unknown word "answer"; known: prompt, response, extension.KEY'),
        ("content: response", "content: extension.", 'unknown word "extension."'),
        ("username: ben", "username: ben b", '"ben b" has a space in it'),
        ("overlap: 1", "overlap: 3\n  mode: queue", "3 people for each record, but 2 annotators are listed"),
        ("overlap: 1", "overlap: 1\n  mode: que", 'did you mean "queue"?'),
        ("overlap: 1", "overlap: 1\n  quotas: {bem: 3}", 'no annotator "bem"; did you mean "ben"?'),
        ("overlap: 1", "overlap: 2\n  mode: queue\n  calibration: {overlap: 1}", "(1) is below overlap (2)"),
        ("overlap: 1", "overlap: 1\n  adapt: {}", "adapt belongs to mode queue or links, not to mode open"),
        ("overlap: 1", "overlap: 1\n  mode: queue\n  open_queue: true\n  adapt: {}", "not to an open queue"),
        ("overlap: 1", "overlap: 2\n  mode: queue\n  adapt: {most: 2}", "adapt.most (2) is not above overlap (2)"),
        ("overlap: 1", "overlap: 1\n  mode: queue\n  adapt: {until: 0.5}", "greater than 0.5"),
        (
            "overlap: 1",
            "overlap: 1\n  mode: queue\n  adapt: {questions: [toxicty]}",
            'assignment.adapt: there is no question "toxicty"; did you mean "toxicity"?',
        ),
        ("name: turn", "name: assigned_to", "made by the assignment"),
        (
            "\nassignment:\n",
            "\nexport: {agents: [intent_rule]}\nassignment:\n",
            'export.agents: no agent "intent_rule" under suggestions; known: intent_rules',
        ),
        (
            "    type: rating\n    title: How good is the prompt?\n",
            "    type: span\n    field: prompts\n    labels: {a: A}\n    title: S\n"
            "  - name: other\n    type: rating\n    title: T\n",
            'there is no text field "prompts"; did you mean "prompt"?',
        ),
    ],
)
def test_one_clear_line_for_each_mistake(wrong, old: str, new: str, part: str) -> None:
    assert part in wrong(old, new)


def test_too_long_guidelines_are_refused(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_text("x" * (GUIDELINES_MAX + 1), encoding="utf-8")
    (tmp_path / "c.yml").write_text(SHIPPED, encoding="utf-8")
    with pytest.raises(ConfigError, match="10,001 characters; Argilla takes 1 to 10,000"):
        load_project(tmp_path / "c.yml")


def test_by_links_a_record_stays_open_for_all_whom_it_may_be_given_to(tmp_path: Path) -> None:
    """In Argilla a record is complete after so many answers, and then offered to nobody."""
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    adapted = "overlap: 1\n  mode: links\n  adapt: {until: 0.9, most: 4}\n"
    for more, overlaps in (("", [4, 4]), ("  calibration: {share: 0}\n", [4])):
        (tmp_path / "c.yml").write_text(SHIPPED.replace("overlap: 1\n", adapted + more), encoding="utf-8")
        parts = project_parts(load_project(tmp_path / "c.yml"))
        assert [part.project.config.assignment.overlap for part in parts] == overlaps
    (tmp_path / "c.yml").write_text(SHIPPED.replace("overlap: 1\n", adapted.replace("links", "queue")), "utf-8")
    assert [
        part.project.config.assignment.overlap for part in project_parts(load_project(tmp_path / "c.yml"))
    ] == [1]


@pytest.mark.parametrize("name", ["intent_rules", "intent_rules-1a2b", "intent_rules:x"])
def test_an_agent_counts_by_its_name_or_that_of_its_kind(tmp_path: Path, name: str) -> None:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    (tmp_path / "c.yml").write_text(f"export: {{agents: ['{name}']}}\n{SHIPPED}", "utf-8")
    assert load_project(tmp_path / "c.yml").config.export.agents == [name]


@pytest.mark.parametrize("content", [b"", b"- a list", b"\xff\xfe"])
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.yml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"c\.yml"):
        load_project(tmp_path / "c.yml")


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("title: !Important", "could not determine a constructor for the tag '!Important'"),
        ("x: 2024-13-45", "month must be in 1..12; put quotes around a text"),
        ("[a, b]: 1", "a key is one word, not a list or a mapping"),
        ("{a: b}: 1", "a key is one word, not a list or a mapping"),
        ("<<: 3", "expected a mapping or list of mappings for merging, but found scalar"),
        ("x: &x [*x]", "unknown key; fix its name or remove it"),
        ("? 2024-13-45\n: 1", "month must be in 1..12"),
    ],
)
def test_yaml_that_no_value_comes_of_is_one_line_with_its_place(wrong, line: str, part: str) -> None:
    message = wrong("questions:", f"{line}\nquestions:")
    assert message.startswith(f"c.yml:{line_of('questions:')}: ")
    assert part in message


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
)
MERGE_BOMB = "\n".join(
    ["a0: &a0 {k: 1}"] + [f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (BOMB, f"c.yml:1: more than {MAX_VALUES:,} values when its aliases are written out"),
        (MERGE_BOMB, "c.yml:1: more than 50,000 values"),
        ("x: &x\n  <<: *x\n  a: 1", "c.yml:1: x: unknown key"),
        ("x: &x {y: *x}", "c.yml:1: x: unknown key"),
        ("&r\nx: *r", "c.yml:2: x: unknown key"),
        ("x: " + "[" * 20_000, "not valid YAML"),
        # PyYAML has a bound of its own since 6.0.4.
        ("x: " + "[" * 20_000 + "]" * 20_000, "c.yml:1: x: unknown key | exceeded maximum nesting depth"),
        ("- " * 20_000 + "x", "contains no mapping | exceeded maximum nesting depth"),
        ("workspace: w\ndataset: 2001-99-99", "c.yml:2: month must be in 1..12; put quotes around a text"),
        ("x: !!python/object/apply:os.system ['true']", "c.yml:1: could not determine a constructor"),
        ("x: !!bool abc", "c.yml:1: a value that its tag does not fit"),
        ("x: !!timestamp abc", "c.yml:1: a value that its tag does not fit"),
        ("x: \0", "not valid YAML: unacceptable character #x0000"),
    ],
    ids=range(13),
)
def test_yaml_of_a_stranger_ends_in_one_line(tmp_path: Path, content: str, part: str) -> None:
    (tmp_path / "c.yml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_project(tmp_path / "c.yml")
    assert any(text in str(refusal.value) for text in part.split(" | "))
    assert "\n" not in str(refusal.value)


def test_as_many_values_as_are_allowed(tmp_path: Path) -> None:
    # A mapping, its key and a list are three values more.
    for many, part in ((MAX_VALUES - 3, "x: unknown key"), (MAX_VALUES - 2, "more than 50,000 values")):
        (tmp_path / "c.yml").write_text("x: [" + "y," * many + "]", encoding="utf-8")
        with pytest.raises(ConfigError, match=part):
            load_project(tmp_path / "c.yml")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_project(tmp_path / "c.yml")


def test_a_project_may_name_policies(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    export = """
export:
  policies: {quality: median, intent: per_label_majority}
  adjudicators: [cleo]
  weights: {ana: 2, ben: 0.5}
  statuses: [submitted, discarded]
"""
    (tmp_path / "c.yml").write_text(SHIPPED + export, encoding="utf-8")
    found = load_project(tmp_path / "c.yml").config.export
    assert found.policies == {"quality": "median", "intent": "per_label_majority"}
    assert (found.adjudicators, found.weights) == (["cleo"], {"ana": 2, "ben": 0.5})
    assert found.statuses == ["submitted", "discarded"]


def test_the_schema_takes_every_file_that_is_valid_and_no_other_key(capfd) -> None:
    assert main(["config", "schema"]) == 0
    schema = json.loads(capfd.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    kinds = schema["properties"]["questions"]["items"]["discriminator"]["mapping"]
    assert set(kinds) == {"rating", "label", "multi_label", "text", "ranking", "span"}
    assert schema["additionalProperties"] is False
    for path in [ROOT / "dataset-config.yml", *(ROOT / "examples" / "configs").glob("*.yml")]:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(content) <= set(schema["properties"])


def test_people_may_stand_in_a_csv(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    (tmp_path / "team.csv").write_text(
        "\ufeffusername, role,last_name\r\nana,,Ä\r\n\r\nben,admin,\r\n", encoding="utf-8"
    )
    begin, end = SHIPPED.split("people:\n")
    (tmp_path / "c.yml").write_text(f"{begin}people: team.csv\n{end[end.index('assignment') :]}", encoding="utf-8")
    people = [Person(username="ana", last_name="Ä"), Person(username="ben", role="admin")]
    assert load_project(tmp_path / "c.yml").config.people == people
    assert load_project(tmp_path / "c.yml").config.annotators == ["ana"]
    (tmp_path / "other.csv").write_text("username\ncleo\n", encoding="utf-8")
    assert load_project(tmp_path / "c.yml", tmp_path / "other.csv").config.people == [Person(username="cleo")]


@pytest.mark.parametrize("raw", ["{{{record.fields.own.a}}}", "{{& record.fields.own.a}}", "{{ json record }}"])
def test_a_template_that_would_run_the_corpus_is_refused(tmp_path: Path, raw: str) -> None:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    own = "  - {name: own, title: O, type: custom, template: own.html, content: {a: prompt}}\n"
    (tmp_path / "c.yml").write_text(SHIPPED.replace("fields:\n", f"fields:\n{own}", 1), encoding="utf-8")
    (tmp_path / "own.html").write_text(f"<p>\n{raw}</p>", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"own\.html:2: .* would run the corpus' HTML"):
        load_project(tmp_path / "c.yml")
    (tmp_path / "own.html").write_text("<p>{{record.fields.own.a}}</p>", encoding="utf-8")
    assert load_project(tmp_path / "c.yml").templates == {"own": "<p>{{record.fields.own.a}}</p>"}
