"""Suggestions from rules and from scores: what they say, and what they leave to people."""

from typing import Any

import pytest

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.config import INTENT_LABELS, IntentRules, LabelQuestion, Moderation, load_project
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.intent_rules import IntentByRules, find_intents, intent_rules
from sharegpt_argilla.suggestions.moderation_scores import ModerationScores
from tests.projects import ROOT

QUESTIONS = {question.name: question for question in load_project(ROOT / "dataset-config.yml").config.questions}
LONG = "The committee met in the old town hall and talked for hours about the new bridge. " * 3


@pytest.mark.parametrize(
    ("prompt", "labels"),
    [
        ("Write a Python function that adds two numbers", ["code"]),
        ("can you create a bash script to copy a folder?", ["code"]),
        ("What is wrong here?\nimport os\nprint(os.nam)", ["code"]),
        ("explain\n```python\nprint(1)\n```", ["code"]),
        ("Please rewrite this in plain words: " + LONG, ["rewrite"]),
        ("Rephrase it", ["rewrite"]),
        ("translate the letter into German", ["rewrite"]),
        ("make it shorter and funnier", ["rewrite"]),
        ("Summarize this article:\n" + LONG, ["summarization"]),
        ("Give me 10 name ideas for a bakery", ["brainstorming"]),
        ("write me a short poem about rain", ["generation"]),
        ("Rewrite my code:\nimport os\nprint(1)", ["code", "rewrite"]),
        # What looks like one and is none.
        ("Summarize the fundamentals of Kafka.", []),
        ("Can you translate a conductivity of 5 siemens into a salinity?", []),
        ("The state:\n```\nRod A: [3]\n```", []),
        ("I import cars from Japan. Which papers do I need?", []),
        ("Why do people rewrite old songs?", []),
        ("Who writes the best code?", []),
        ("", []),
    ],
)
def test_intents(prompt: str, labels: list[str]) -> None:
    assert sorted(find_intents(prompt)) == labels


def test_every_rule_was_right_in_nearly_all_that_was_read() -> None:
    assert {rule.label for rule in intent_rules()} == set(INTENT_LABELS)
    for rule in intent_rules():
        assert rule.right / rule.read >= 0.95
        assert 0 < rule.score < 1


def test_an_intent_is_one_suggestion_with_a_score_a_label() -> None:
    agent = IntentByRules(IntentRules(type="intent_rules"), QUESTIONS["intent"])
    found = agent.suggest([Subject("Rephrase it", "", {}), Subject("Why?", "", {})])
    assert found == [[Suggestion("intent", ["rewrite"], "intent_rules", [0.97])], []]


def test_a_question_with_one_label_gets_one_or_none() -> None:
    labels = dict.fromkeys([*INTENT_LABELS, "other"], "t")
    question = LabelQuestion(name="intent", title="t", type="label", labels=labels)
    agent = IntentByRules(IntentRules(type="intent_rules"), question)
    subjects = [Subject("Rephrase it", "", {}), Subject("Rewrite my code:\nimport os", "", {})]
    assert agent.suggest(subjects) == [[Suggestion("intent", "rewrite", "intent_rules", 0.97)], []]


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ({}, None),
        (
            {"openai_moderation": {"flagged": False, "scores": {"hate": 0.01}}},
            ("none", 0.99, "openai"),
        ),
        ({"openai_moderation": {"scores": {"hate": 0.91, "sexual/minors": 0.2}}}, ("harmful", 0.91, "openai")),
        ({"openai_moderation": {"scores": {"hate": 0.6, "sexual/minors": 0.7}}}, ("illegal", 0.7, "openai")),
        ({"openai_moderation": {"scores": {"illicit_violent": 0.7}}}, ("illegal", 0.7, "openai")),
        ({"openai_moderation": {"scores": {"hate": 0.3}}}, None),
        ({"openai_moderation": {"scores": {"hate": 0.01}}, "detoxify_moderation": {"insult": 0.3}}, None),
        ({"detoxify_moderation": {"toxicity": 0.8}}, ("harmful", 0.8, "detoxify")),
        ({"question_detoxify": {"threat": 0.02}, "detoxify": {"threat": 0.9}}, ("none", 0.98, "detoxify")),
        ({"curation": {"toxicity": {"score": 0.9, "sources": {"detoxify": 0.9}}}}, ("harmful", 0.9, "curate")),
        (
            {"curation": {"toxicity": {"score": 0.9, "categories": ["hate", "illicit"]}}},
            ("illegal", 0.9, "curate"),
        ),
        ({"curation": {"toxicity": {"score": 0.001}}}, ("none", 0.999, "curate")),
        (
            {"curation": {"toxicity": {"score": 0.7}}, "question_detoxify": {"insult": 0.7}},
            ("harmful", 0.7, "detoxify"),
        ),
        ({"curation": {"flags": ["toxic"]}}, None),
        ({"openai_moderation": "?", "detoxify_moderation": {"toxicity": True, "threat": 7}}, None),
    ],
)
def test_toxicity(extension: dict[str, Any], expected: tuple[str, float, str] | None) -> None:
    agent = ModerationScores(Moderation(type="moderation"), QUESTIONS["toxicity"])
    (found,) = agent.suggest([Subject("p", "r", extension)])
    wanted = [Suggestion("toxicity", expected[0], f"moderation:{expected[2]}", expected[1])] if expected else []
    assert found == wanted


def test_toxicity_with_several_labels() -> None:
    question = QUESTIONS["toxicity"].model_copy(update={"type": "multi_label"})
    multi = type(QUESTIONS["intent"]).model_validate(question.model_dump())
    agent = ModerationScores(Moderation(type="moderation"), multi)
    (found,) = agent.suggest([Subject("p", "r", {"question_detoxify": {"threat": 0.9}})])
    assert found == [Suggestion("toxicity", ["harmful"], "moderation:detoxify", [0.9])]
