"""Agents whose suggestions the workers of a cluster compute: the same, in the same order."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharegpt_argilla.common import executors
from sharegpt_argilla.common.linear_classifier import CharacterGrams, LinearClassifier
from sharegpt_argilla.config import Classifier, IntentRules, Moderation, load_project
from sharegpt_argilla.errors import ConfigError, InputError
from sharegpt_argilla.suggestions import cluster_agent
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.cluster_agent import BATCH, ClusterAgent, suggest_as_there
from sharegpt_argilla.suggestions.table import AGENTS, COMPUTED
from tests.projects import ROOT

QUESTIONS = {question.name: question for question in load_project(ROOT / "dataset-config.yml").config.questions}
PROMPTS = ("Rephrase it", "Write a Python function that adds two numbers", "Why?")


def subjects(count: int = 200) -> list[Subject]:
    scores = [{"openai_moderation": {"scores": {"violence": number / count}}} for number in range(count)]
    return [Subject(f"{PROMPTS[n % 3]} {'x' * (n % 7)}", "", scores[n], str(n)) for n in range(count)]


def save_classifier(folder: Path, labels: tuple[str, ...] = ("code", "rewrite"), weight: float = 2.0) -> None:
    """A classifier whose labels depend on which n-grams of a few a prompt has."""
    reading = CharacterGrams("char_wb", 2, 4)
    columns = np.asarray(sorted(set(reading.counts(PROMPTS).indices)), dtype=np.int32)
    weights = np.random.default_rng(3).normal(0, weight, (len(columns), len(labels)))
    threshold = 0.5
    idf, bias = np.ones(len(columns)), np.zeros(len(labels))
    LinearClassifier(labels, True, reading, threshold, columns, idf, weights, bias).save(folder)


def sections(folder: Path) -> list[Any]:
    save_classifier(folder / "model")
    return [
        IntentRules(type="intent_rules"),
        Moderation(type="moderation"),
        Classifier(type="classifier", question="intent", model="model"),
    ]


def test_a_cluster_suggests_the_same_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "IN_FLIGHT", 2)
    tried = sections(tmp_path)
    assert {section.type for section in tried} == set(COMPUTED)
    for section in tried:
        question = QUESTIONS[section.question]
        alone = COMPUTED[section.type](section, question, tmp_path)
        expected = alone.suggest(subjects())
        assert len({str(suggestions) for suggestions in expected}) > 2
        with ThreadPoolExecutor(3) as pool:
            away = ClusterAgent(pool, section, question, tmp_path)
            assert away.suggest(subjects()) == expected
            assert away.suggest([]) == []
        assert (away.questions, away.report()) == (alone.questions, "")


def test_a_task_is_of_64_rows_and_an_agent_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def count(*arguments: Any) -> Any:
        sizes.append(len(arguments[-1]))
        return suggest_as_there(*arguments)

    monkeypatch.setattr(cluster_agent, "suggest_as_there", count)
    cluster_agent._agent.cache_clear()
    section = sections(tmp_path)[2]
    with ThreadPoolExecutor(2) as pool:
        ClusterAgent(pool, section, QUESTIONS["intent"], tmp_path).suggest(subjects())
    assert BATCH == 64
    assert sorted(sizes) == [200 - 3 * 64, 64, 64, 64]
    info = cluster_agent._agent.cache_info()
    assert (info.misses, info.maxsize) == (1, 8)


def test_a_worker_with_other_code_or_another_model_suggests_nothing(tmp_path: Path) -> None:
    rules, _, classifier = sections(tmp_path)
    question = QUESTIONS["intent"]
    for section in (rules, classifier):
        arguments = ("another", section.model_dump_json(), question.model_dump_json(), str(tmp_path))
        with pytest.raises(InputError, match="another version of sharegpt-argilla, numpy, scikit-learn or spaCy"):
            suggest_as_there(*arguments, subjects(1))
    with ThreadPoolExecutor(1) as pool:
        away = ClusterAgent(pool, classifier, question, tmp_path)
        shutil.rmtree(tmp_path / "model")
        save_classifier(tmp_path / "model", weight=5.0)
        with pytest.raises(InputError, match="or another content of model, than where the command runs"):
            away.suggest(subjects(1))


def test_what_is_wrong_with_an_agent_is_said_before_a_task_is_sent(tmp_path: Path) -> None:
    section = Classifier(type="classifier", question="intent", model="model")
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(InputError, match='model: no classifier for question "intent"'):
            ClusterAgent(pool, section, QUESTIONS["intent"], tmp_path)
        save_classifier(tmp_path / "model", labels=("code", "poem"))
        with pytest.raises(ConfigError, match='says "poem", which is no label'):
            ClusterAgent(pool, section, QUESTIONS["intent"], tmp_path)


def test_language_models_are_asked_here() -> None:
    assert set(AGENTS) - set(COMPUTED) == {"llm"}
