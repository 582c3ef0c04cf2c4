"""Annotated rows -> the agreement report, as plain data and as text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from sharegpt_argilla.common.contract_keys import GOLD
from sharegpt_argilla.config import LabelQuestion, MultiLabelQuestion, QuestionConfig, RatingQuestion
from sharegpt_argilla.responses.agent_costs import ReadUsage, agent_costs, cost_lines, no_usage
from sharegpt_argilla.responses.agreement import (
    INTERVAL,
    METRIC_OF_TYPE,
    METRICS,
    RESAMPLES,
    SEED,
    AnswerTable,
    MetricName,
    answer_table,
    cohen_kappa,
    krippendorff_alpha,
    label_table,
    percent_agreement,
)
from sharegpt_argilla.responses.confidence_report import confidence_lines, least_sure, summarize, told, unsure
from sharegpt_argilla.responses.person_agreement import (
    Answers,
    against_reference,
    against_rest,
    agent_against_people,
)
from sharegpt_argilla.responses.reliability_report import (
    QuestionReliability,
    most_unclear,
    question_reliability,
    reliability_lines,
)
from sharegpt_argilla.responses.working_time import IDLE, pace_of, read_time
from sharegpt_argilla.rows import ANNOTATION, Row, read_extension

DISPUTED = 20
"""Number of disputed records in a report."""

EXCERPT = 100
"""Characters of a prompt in a report."""

Report = dict[str, Any]
"""Plain data, ready for JSON; docs/agreement.md has its keys."""


@dataclass
class AnswerBook:
    """The answers of annotated rows, gathered row by row; texts are not kept.

    Attributes:
        rows: rows so far.
        annotated: rows that carry responses.
        statuses: status -> responses.
        answers: question -> row id -> person -> answer, of submitted responses.
        prompts: row id -> beginning of the prompt, of rows that two people or more answered or that are not sure.
        states: row id -> dataset, and status of the record.
        gold: question -> row id -> the right answer, from the export or from ``gold`` in the row's own extension.
        confidence: question -> row id -> how probable the row's value is.
        suggested: question -> agent -> row id -> what the agent suggested.
        times: person -> when each response was submitted.
        active: person -> measured seconds.
    """

    rows: int = 0
    annotated: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    answers: dict[str, dict[str, dict[str, Hashable]]] = field(default_factory=lambda: defaultdict(dict))
    prompts: dict[str, str] = field(default_factory=dict)
    states: dict[str, tuple[Any, str]] = field(default_factory=dict)
    times: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    active: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    gold: dict[str, dict[str, Hashable]] = field(default_factory=lambda: defaultdict(dict))
    confidence: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    suggested: dict[str, dict[str, dict[str, Hashable]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )

    def add(self, row: Row) -> None:
        """Add one row; a row that was added before counts once."""
        self.rows += 1
        if ANNOTATION not in row["元数据"]["扩展字段"]:
            return
        extension = read_extension(row)
        marked = extension.get(ANNOTATION)
        if not isinstance(marked, dict) or row["id"] in self.states:
            return
        gold = marked.get(GOLD, extension.get(GOLD))
        self.annotated += 1
        self.states[row["id"]] = (marked["dataset"], marked["status"])
        # Reviewers saw the answers of the others, so theirs do not count as agreement.
        own_responses = [response for response in marked["responses"] if not response.get("adjudication")]
        responses = sorted(own_responses, key=lambda response: str(response.get("submitted_at", "")))
        self.statuses.update(response["status"] for response in responses)
        submitted = [response for response in responses if response["status"] == "submitted"]
        shares = told(marked)
        for question, share in shares.items():
            self.confidence[question][row["id"]] = share
        if len({response["annotator"] for response in submitted}) >= 2 or any(map(unsure, shares.values())):
            self.prompts[row["id"]] = " ".join(row["问"].split())[:EXCERPT]
        for response in submitted:
            self._add_response(row["id"], response)
        for question, value in gold.items() if isinstance(gold, dict) else ():
            self.gold[question][row["id"]] = _answer(value)
        for suggestion in marked.get("suggestions", ()):
            self.suggested[suggestion["question"]][suggestion["agent"]][row["id"]] = _answer(suggestion["value"])

    def _add_response(self, row_id: str, response: Mapping[str, Any]) -> None:
        person = str(response["annotator"])
        times = self.times[person]
        if "submitted_at" in response:  # Argilla 1.x kept no times
            times.append(read_time(response["submitted_at"]))
        if "active_seconds" in response and response.get("active", "measured") == "measured":
            self.active[person].append(float(response["active_seconds"]))
        for question, value in response["values"].items():
            # The latest of one person's answers in joined datasets counts.
            self.answers[question].setdefault(row_id, {})[person] = _answer(value)


def build_report(
    rows: Iterable[Row],
    questions: Sequence[QuestionConfig],
    *,
    idle: float = IDLE,
    disputed: int = DISPUTED,
    usage: ReadUsage = no_usage,
) -> Report:
    """The report on annotated rows.

    Args:
        rows: as `export-responses` writes them; those without responses only count.
        questions: of the project; free texts are left out.
        idle: see `pace_of`, in seconds.
        disputed: number of the most disputed records to list.
        usage: reads what the agents took.
    """
    book = AnswerBook()
    for row in rows:
        book.add(row)
    tables = _tables(book, questions)
    shares = {name: book.confidence[name] for name in tables if name in book.confidence}
    reliability = _reliability(book, tables)
    return {
        "rows": book.rows,
        "annotated": book.annotated,
        "responses": {status: book.statuses[status] for status in ("submitted", "draft", "discarded")},
        "annotators": len(book.times),
        "method": {"resamples": RESAMPLES, "seed": SEED, "interval": INTERVAL, "idle_seconds": idle},
        "questions": {
            name: _question(question, table) | _references(book, question, table.people)
            for name, (question, table) in tables.items()
        },
        "pace": [
            pace_of(person, book.times[person], book.active[person], idle).to_json()
            for person in sorted(book.times)
        ],
        "disputed": _disputed(book, tables, disputed),
        "abilities": {name: found.abilities for name, found in reliability.items()},
        "confused": {name: found.confused for name, found in reliability.items()},
        "unclear": _with_prompts(book, most_unclear(reliability)),
        "confidence": summarize(shares),
        "agents": [],
        "costs": _agents_cost(book, tables, usage),
        "least_sure": _with_prompts(book, least_sure(shares)),
    }


def _with_prompts(book: AnswerBook, records: Iterable[Report]) -> list[Report]:
    return [
        record | _state(book, record["id"]) | {"prompt": book.prompts.get(record["id"], "")} for record in records
    ]


def _agents_cost(book: AnswerBook, tables: Collection[str], usage: ReadUsage) -> list[Report]:
    agents = {agent for by_agent in book.suggested.values() for agent in by_agent}
    return agent_costs(
        usage(agents, book.states), book.suggested, {question: book.answers[question] for question in tables}
    )


def _reliability(
    book: AnswerBook, tables: Mapping[str, tuple[QuestionConfig, AnswerTable]]
) -> dict[str, QuestionReliability]:
    """Question -> its people and labels, where two people answered the same record."""
    return {
        name: question_reliability(
            book.answers[name],
            list(question.labels) if isinstance(question, MultiLabelQuestion) else scale_of(question),
            book.gold.get(name, {}),
            ordered=isinstance(question, RatingQuestion),
        )
        for name, (question, _) in tables.items()
        if isinstance(question, RatingQuestion | LabelQuestion | MultiLabelQuestion)
        and any(len(of_record) > 1 for of_record in book.answers[name].values())
    }


def disagreements(rows: Iterable[Row], questions: Sequence[QuestionConfig]) -> dict[str, float]:
    """Row id -> mean disagreement over these questions, 0 to 1, of rows that two people or more answered."""
    book = AnswerBook()
    for row in rows:
        book.add(row)
    return _means(_by_question(_tables(book, questions)))


def _tables(
    book: AnswerBook, questions: Sequence[QuestionConfig]
) -> dict[str, tuple[QuestionConfig, AnswerTable]]:
    return {
        question.name: (question, answer_table(book.answers[question.name], scale_of(question)))
        for question in questions
        if question.type in METRIC_OF_TYPE
    }


def _by_question(tables: Mapping[str, tuple[QuestionConfig, AnswerTable]]) -> dict[str, dict[str, float]]:
    """Record -> question -> disagreement."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for name, (question, table) in tables.items():
        for item, score in disagreement(table, METRIC_OF_TYPE[question.type]).items():
            scores[item][name] = score
    return scores


def _means(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {item: sum(by_question.values()) / len(by_question) for item, by_question in scores.items()}


def _question(question: QuestionConfig, table: AnswerTable) -> Report:
    metric = METRIC_OF_TYPE[question.type]
    labels = list(question.labels) if isinstance(question, MultiLabelQuestion) else []
    return {
        "title": question.title,
        "type": question.type,
        "metric": metric,
        "items": len(table.items),
        "answers": int(table.counts.sum()),
        "alpha": krippendorff_alpha(table, metric).to_json(),
        "percent_agreement": percent_agreement(table).to_json(),
        "labels": {label: krippendorff_alpha(label_table(table, label), "nominal").to_json() for label in labels},
        "pairs": [
            {"annotators": [first, second], "kappa": kappa.to_json()}
            for first, second in combinations(table.people, 2)
            if (kappa := cohen_kappa(table, first, second, metric)).items
        ],
        "people": [against_rest(table, person, metric).to_json() for person in table.people],
        "distribution": _distribution(question, table),
        "outside_scale": _outside(question, table),
        "distribution_by_annotator": {
            person: _distribution(question, _only(table, number)) for number, person in enumerate(table.people)
        },
    }


def _references(book: AnswerBook, question: QuestionConfig, people: Sequence[str]) -> Report:
    """Each person compared with gold, and everybody with each agent's suggestions; empty ones left out."""
    name = question.name
    answers, gold = book.answers[name], book.gold.get(name, {})
    by_person = [(person, against_reference(answers, gold, [person])) for person in people]
    return {
        "gold": [
            {
                "annotator": person,
                "answers": agreement.answers,
                "right": agreement.equal,
                "accuracy": agreement.share.to_json(),
            }
            for person, agreement in by_person
            if agreement.answers
        ],
        "suggestions": agents_with_people(question, answers, book.suggested[name]),
    }


def agents_with_people(
    question: QuestionConfig, answers: Answers, suggested: Mapping[str, Mapping[str, Hashable]]
) -> list[Report]:
    """Each agent's suggestions compared with people's answers; agents without any to compare are left out.

    Args:
        question: with labels or a rating.
        answers: record -> person -> answer, lists of labels as frozensets of text.
        suggested: agent -> record -> what it suggested, in the same form.

    Returns:
        ``agent``, ``answers``, ``kept``, ``changed``, ``share`` (kept / answers), ``kappa``, ``confusion``.
    """
    by_agent = [(agent, against_reference(answers, values)) for agent, values in sorted(suggested.items())]
    return [
        {
            "agent": agent,
            "answers": agreement.answers,
            "kept": agreement.equal,
            "changed": agreement.answers - agreement.equal,
            "share": agreement.share.to_json(),
            **_agent(question, answers, suggested[agent]),
        }
        for agent, agreement in by_agent
        if agreement.answers
    ]


def _agent(question: QuestionConfig, answers: Answers, suggested: Mapping[str, Hashable]) -> Report:
    compared = agent_against_people(answers, suggested, METRIC_OF_TYPE[question.type], scale_of(question))
    return {"kappa": compared.kappa.to_json(), "confusion": compared.confusion}


def scale_of(question: QuestionConfig) -> list[Hashable] | None:
    """The possible answers in their order; None if the answers themselves define them."""
    if isinstance(question, RatingQuestion):
        return [*sorted(question.values)]
    if isinstance(question, LabelQuestion):
        return list(question.labels)
    return None


def _only(table: AnswerTable, column: int) -> AnswerTable:
    return AnswerTable(table.items, [table.people[column]], table.categories, table.codes[:, [column]])


def _distribution(question: QuestionConfig, table: AnswerTable) -> dict[str, int]:
    """Answer -> how often it was given, 0 included, labels in the question's order; of several each counts."""
    counts: Counter[str] = Counter()
    for category, count in zip(table.categories, table.counts.sum(axis=0), strict=True):
        for label in sorted(category) if isinstance(category, frozenset) else [category]:
            counts[str(label)] += int(count)
    labels = question.labels if isinstance(question, MultiLabelQuestion) else ()
    return {label: counts[label] for label in dict.fromkeys([*labels, *counts])}


def _outside(question: QuestionConfig, table: AnswerTable) -> dict[str, int]:
    """Rating -> how often it was given, of those that the question does not have."""
    if not isinstance(question, RatingQuestion):
        return {}
    scale = {str(value) for value in question.values}
    return {answer: count for answer, count in _distribution(question, table).items() if answer not in scale}


def _disputed(
    book: AnswerBook, tables: Mapping[str, tuple[QuestionConfig, AnswerTable]], limit: int
) -> list[Report]:
    """The records with the greatest mean disagreement over the questions, the greatest first."""
    scores = _by_question(tables)
    means = _means(scores)
    worst = sorted((item for item in means if means[item]), key=lambda item: (-means[item], item))
    return [_dispute(book, item, means[item], scores[item]) for item in worst[:limit]]


def _dispute(book: AnswerBook, item: str, score: float, by_question: Mapping[str, float]) -> Report:
    return {
        "id": item,
        **_state(book, item),
        "prompt": book.prompts.get(item, ""),
        "disagreement": round(score, 4),
        "by_question": {name: round(value, 4) for name, value in by_question.items()},
        "answers": {
            name: {person: _plain(answer) for person, answer in sorted(book.answers[name][item].items())}
            for name in by_question
        },
    }


def _state(book: AnswerBook, item: str) -> Report:
    dataset, status = book.states[item]
    return {"dataset": dataset, "status": status}


def disagreement(table: AnswerTable, metric: MetricName) -> dict[str, float]:
    """Record -> mean distance of the pairs of answers to it, as a share of the greatest distance, 0 to 1.

    Records that fewer than two people answered are left out.
    """
    counts = table.counts
    sizes = counts.sum(axis=1)
    several = sizes >= 2
    if not several.any():
        return {}
    matrix = METRICS[metric](table.categories, counts[several].sum(axis=0, keepdims=True))[0]
    greatest = matrix.max() or 1.0
    apart = ((counts @ matrix) * counts).sum(axis=1)[several] / (sizes[several] * (sizes[several] - 1))
    ids = np.array(table.items, dtype=object)[several]
    return {str(item): float(value) for item, value in zip(ids, apart / greatest, strict=True)}


def _answer(value: Any) -> Hashable:
    """An answer that can be compared: labels in any order are the same answer."""
    if isinstance(value, list):
        return frozenset(map(str, value))
    return value if isinstance(value, Hashable) else repr(value)


def _plain(answer: Hashable) -> Any:
    return sorted(answer) if isinstance(answer, frozenset) else answer


def render_text(report: Report) -> str:
    """The report as lines; a number in brackets is the 95 % interval, n the number of items behind it."""
    return "\n".join(_lines(report)) + "\n"


def number(estimate: Report | None) -> str:
    """``0.812 [0.744, 0.871] n=240``; a dash if the statistic is undefined."""
    if estimate is None or estimate["value"] is None:
        return "-" if estimate is None else f"- n={estimate['items']:,}"
    text = f"{estimate['value']:.3f}"
    if estimate["low"] is not None:
        text += f" [{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{text} n={estimate['items']:,}"


def _lines(report: Report) -> Iterator[str]:
    responses = report["responses"]
    yield f"{report['annotated']:,} of {report['rows']:,} rows annotated by {report['annotators']:,} people"
    drafts, discarded = f"{responses['draft']:,} drafts", f"{responses['discarded']:,} discarded"
    yield f"responses: {responses['submitted']:,} submitted, {drafts}, {discarded}"
    for name, question in report["questions"].items():
        yield from _question_lines(name, question)
    yield ""
    yield "pace, median seconds for a record (estimated from the times between submissions, or measured)"
    for pace in report["pace"]:
        estimated, measured = pace["estimated"], pace["measured"]
        text = f"  {pace['annotator']}: {pace['submitted']:,} submitted"
        if estimated["gaps"]:
            text += f", about {estimated['median_seconds']:g} s (estimate, {estimated['gaps']:,} gaps)"
        if measured["responses"]:
            text += f", {measured['median_seconds']:g} s (measured, {measured['responses']:,} responses)"
        yield text
    yield from _disputes(report)
    yield from confidence_lines(report)
    yield from reliability_lines(report)
    yield from cost_lines(report["costs"])


def _question_lines(name: str, question: Report) -> Iterator[str]:
    yield ""
    yield f"{name}: {question['answers']:,} answers to {question['items']:,} records"
    if question["outside_scale"]:
        listed = ", ".join(f"{answer} ({count:,})" for answer, count in question["outside_scale"].items())
        yield f"  outside the scale: {listed}; they count by their value"
    yield f"  Krippendorff's alpha ({question['metric']})  {number(question['alpha'])}"
    yield f"  equal answers (share of pairs)  {number(question['percent_agreement'])}"
    for label, alpha in question["labels"].items():
        yield f"    alpha of {label}  {number(alpha)}"
    for pair in question["pairs"]:
        yield f"  kappa of {' and '.join(pair['annotators'])}  {number(pair['kappa'])}"
    for person in question["people"]:
        yield f"  {person['annotator']} against the rest: kappa {number(person['kappa'])}"
        if person["difference"] is not None and person["difference"]["value"] is not None:
            yield f"    above the others by {number(person['difference'])}"
    for person in question["gold"]:
        yield f"  {person['annotator']} against gold: {person['right']:,} of {person['answers']:,} right"
        yield f"    accuracy {number(person['accuracy'])}"
    for suggestion in question["suggestions"]:
        agent = suggestion["agent"] or "an unnamed agent"
        yield f"  suggestions of {agent}: {suggestion['kept']:,} kept, {suggestion['changed']:,} changed"
        yield f"    share kept {number(suggestion['share'])}"
        yield f"    kappa with people {number(suggestion['kappa'])}"
        for suggested, answered in suggestion["confusion"].items():
            counts = ", ".join(f"{answer} {count:,}" for answer, count in answered.items())
            yield f"    where it says {suggested}, people say {counts}"
    total = question["answers"]
    for answer, count in question["distribution"].items():
        share = f"{count / total:.1%}" if total else "-"
        yield f"  {answer}: {count:,} of {total:,} answers ({share})"


def _disputes(report: Report) -> Iterator[str]:
    if not report["disputed"]:
        return
    yield ""
    yield "most disputed records (0: all the same, 1: as far apart as possible)"
    for record in report["disputed"]:
        yield f"  {record['disagreement']:.2f} {record['id']} {record.get('url', '')}".rstrip()
