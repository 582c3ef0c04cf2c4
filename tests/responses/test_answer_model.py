"""How probable the values in exported rows are, and the policy that decides by it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response, Suggestion
from sharegpt_argilla.responses.answer_model import counts_as, estimate_questions, model_answers
from sharegpt_argilla.responses.answer_store import AnswerStore
from sharegpt_argilla.responses.confidence import estimate_answers
from sharegpt_argilla.responses.export_state import stamp_of
from sharegpt_argilla.responses.merge import Origin
from sharegpt_argilla.responses.policies import PolicyChoice

QUALITY = list(range(1, 8))
LABELS: dict[str, Sequence[Any]] = {
    "quality": QUALITY,
    "intent": ["code", "chat", "other"],
    "toxicity": ["none", "harmful"],
}
TRUTH = {f"row{number:02}": ("none", "harmful")[number % 2] for number in range(24)}


def response(who, hour=1, *, adjudication=False, **values):
    return Response(who, "submitted", values, f"2026-01-02T{hour:02}", adjudication=adjudication)


def record(row, *responses):
    return AnsweredRecord(row, "completed", list(responses))


def other(label):
    return "harmful" if label == "none" else "none"


def team():
    """Two careful people, and one who is wrong on every third row."""
    for number, (row, right) in enumerate(TRUTH.items()):
        sloppy = other(right) if number % 3 == 0 else right
        yield record(
            row,
            response("cy", 1, toxicity=sloppy, quality=1 + number % 7, intent=["code", "other"]),
            response("ana", 2, toxicity=right, quality=1 + number % 7, intent=["code"]),
            response("ben", 3, toxicity=right, quality=min(7, 2 + number % 7), intent=["chat"]),
        )


def exported(records, choice, gold=None):
    store = AnswerStore(["main"], Origin("main", "g", list(LABELS), choice, gold or {}))
    store.fill(0, ((0, f"key-{one.id}", one, stamp_of(one)) for one in records))
    store.fit()
    found = {row: one.marked for row, one in store.of_rows(sorted(TRUTH)).items()}
    store.close()
    return found


ALL = PolicyChoice(modelled=LABELS, scales=["quality"])


def test_every_value_says_how_probable_it_is() -> None:
    marked = exported(team(), ALL)
    shares = estimate_answers(
        [
            (annotation.id, said.annotator, said.values["toxicity"])
            for annotation in team()
            for said in annotation.responses
        ],
        LABELS["toxicity"],
    )
    for row, annotation in marked.items():
        assert annotation["confidence"]["toxicity"] == round(shares[row][annotation["toxicity"]], 4)
        assert set(annotation["confidence"]["intent"]) == set(annotation["intent"])
        assert 0 < annotation["confidence"]["quality"] < 1
        keys = list(annotation)
        assert keys.index("confidence") == keys.index("tie") + 1
    # Where all three agree they are surer than where one is against two.
    assert marked["row01"]["confidence"]["toxicity"] > marked["row00"]["confidence"]["toxicity"]


def test_without_being_asked_rows_stay_as_they_were() -> None:
    plain, asked = exported(team(), PolicyChoice()), exported(team(), ALL)
    for row, one in asked.items():
        assert {key: value for key, value in one.items() if key != "confidence"} == plain[row]


def test_the_model_decides_among_what_somebody_gave() -> None:
    policies = dict.fromkeys(LABELS, "model")
    marked = exported(team(), PolicyChoice(policies, modelled=LABELS, scales=["quality"]))
    for row, annotation in marked.items():
        assert annotation["policy"] == "model"
        assert annotation["toxicity"] == TRUTH[row]
        values_given = [said["values"] for said in annotation["responses"]]
        assert annotation["quality"] in {values["quality"] for values in values_given}
        assert set(annotation["intent"]) <= {label for values in values_given for label in values["intent"]}
        assert all(share >= 0.5 for share in annotation["confidence"]["intent"].values())


def test_level_answers_are_a_tie_that_the_earliest_response_decides() -> None:
    def two():
        for row, right in TRUTH.items():
            yield record(row, response("ana", 1, toxicity=right), response("ben", 2, toxicity=right))

    split = record("row99", response("ben", 1, toxicity="harmful"), response("ana", 2, toxicity="none"))
    choice = PolicyChoice({"toxicity": "model"}, modelled={"toxicity": LABELS["toxicity"]})
    fitted = model_answers(choice, [*two(), split], {})
    name, result = fitted.decide("toxicity", {"ben": "harmful", "ana": "none"}, "row99")
    assert (name, result.value, result.tie) == ("model", "harmful", True)
    assert not fitted.decide("toxicity", {"ana": "none", "ben": "none"}, "row00")[1].tie


@pytest.mark.parametrize(("gap", "tie"), [(0.019, True), (0.021, False)])
def test_level_is_less_than_two_hundredths(gap, tie) -> None:
    belief = {"none": 0.5 + gap / 2, "harmful": 0.5 - gap / 2}
    choice = PolicyChoice({"toxicity": "model"}, beliefs={"toxicity": {"r": belief}})
    found = choice.decide("toxicity", {"a": "harmful", "b": "none"}, "r")[1]
    assert (found.value, found.tie) == ("harmful" if tie else "none", tie)
    several = PolicyChoice({"intent": "model"}, beliefs={"intent": {"r": {"code": 0.5 + gap / 2, "chat": 0.2}}})
    assert several.decide("intent", {"a": ["code", "chat"]}, "r")[1] == (["code"], tie)


def test_reviewers_gold_and_adjudicators_are_right() -> None:
    ruling = response("judge", 9, adjudication=True, toxicity="harmful")
    records = [
        record(answered.id, *answered.responses, *([ruling] if answered.id == "row02" else []))
        for answered in team()
    ]
    marked = exported(records, ALL, {"row04": {"toxicity": "harmful", "intent": ["code"]}})
    assert (marked["row02"]["toxicity"], marked["row02"]["confidence"]["toxicity"]) == ("harmful", 1)
    assert (marked["row04"]["toxicity"], marked["row04"]["confidence"]["toxicity"]) == ("none", 0)
    assert marked["row04"]["confidence"]["intent"]["code"] == 1
    ruled = exported(team(), PolicyChoice(adjudicators=["cy"], modelled=LABELS, scales=["quality"]))
    assert all(answered["confidence"]["toxicity"] == 1 for answered in ruled.values())


def test_a_value_that_is_no_label_has_no_probability() -> None:
    means = exported(team(), PolicyChoice({"quality": "mean"}, modelled=LABELS, scales=["quality"]))
    assert "quality" not in means["row00"]["confidence"]
    assert means["row06"]["quality"] == 7
    assert means["row06"]["confidence"]["quality"] > 0.3


def test_labels_of_an_earlier_list_count_too() -> None:
    records = [
        record(f"row{n:02}", response("ana", 1, intent=["poem"]), response("ben", 1, intent=["poem"]))
        for n in range(9)
    ]
    choice = PolicyChoice({"intent": "model"}, modelled={"intent": ["code"]})
    assert exported(records, choice)["row03"]["intent"] == ["poem"]


def test_answers_of_other_types_have_no_probability() -> None:
    assert exported(team(), PolicyChoice(modelled={}))["row00"].keys().isdisjoint({"confidence"})
    without = PolicyChoice({"toxicity": "model"}).decide("toxicity", {"a": "none", "b": "none"}, "row00")
    assert without[0] == "majority"


def suggested(row, answer, *, agent="rules-1a2b3c4d", question="toxicity", people=("cy",)):
    """A record that ``people`` call harmful or not, as it is, with what an agent suggested."""
    record_of_row = record(row, *(response(who, toxicity=TRUTH[row]) for who in people))
    return replace(record_of_row, suggestions=[Suggestion(question, answer, agent)])


def sure_of(records, **choice):
    modelled = {"toxicity": LABELS["toxicity"]}
    return estimate_questions(PolicyChoice(modelled=modelled, **choice), records, {})["toxicity"][None]


def test_an_agent_counts_as_one_more_rater_with_the_reliability_that_it_shows_here() -> None:
    def records(wrong):
        for number, (row, right) in enumerate(TRUTH.items()):
            answer = other(right) if number % 4 < wrong else right
            # The last record has one answer; the rest says how often people and agents agree.
            people = ("cy",) if number == 23 else ("ana", "ben", "cy")
            yield suggested(row, answer, people=people)

    alone = sure_of(records(0)).answers["row23"]["harmful"]
    good, fair, useless = (
        sure_of(records(wrong), agents=["rules"]).answers["row23"]["harmful"] for wrong in (0, 1, 2)
    )
    assert good > fair > alone
    assert useless < fair
    assert sure_of(records(2), agents=["rules"]).people["agent rules-1a2b3c4d"].ability < 0.7
    assert sure_of(records(0), agents=["rules"]).people["agent rules-1a2b3c4d"].ability > 0.85
    # Only when asked for, by its whole name or that of its kind.
    assert sure_of(records(0), agents=["another"]).answers["row23"]["harmful"] == alone
    assert sure_of(records(0), agents=["rules-1a2b3c4d"]).answers["row23"]["harmful"] == good


def test_an_agent_never_answers_in_place_of_people() -> None:
    nobody = suggested("row01", "harmful", people=())
    rest = [suggested(row, right) for row, right in TRUTH.items() if row != "row01"]
    assert "row01" not in sure_of([nobody, *rest], agents=["rules"]).answers
    # The policy takes what somebody gave, however sure a reliable agent is of something else.
    records = [suggested(row, right, people=("ana", "ben")) for row, right in TRUTH.items() if row != "row01"]
    against = suggested("row01", other(TRUTH["row01"]), people=("ana",))
    choice = replace(ALL, policies={"toxicity": "model"}, agents=["rules"])
    found = exported([against, *records], choice)["row01"]
    assert found["toxicity"] == TRUTH["row01"]
    assert (
        found["confidence"]["toxicity"]
        < exported([*records, suggested("row01", TRUTH["row01"])], choice)["row01"]["confidence"]["toxicity"]
    )
    # A label that the question does not have is nobody's answer.
    odd = sure_of([suggested("row01", "odd"), *rest], agents=["rules"])
    assert set(odd.answers["row01"]) == set(LABELS["toxicity"])


def test_an_agents_name_is_its_own_or_that_of_its_kind() -> None:
    assert counts_as("intent_rules", "intent_rules")
    assert counts_as("classifier-1a2b3c4d", "classifier")
    assert counts_as("gpt:1a2b", "gpt")
    assert not counts_as("classifier2", "classifier")
    assert not counts_as("gpt:1a2b", "gpt:1a")
