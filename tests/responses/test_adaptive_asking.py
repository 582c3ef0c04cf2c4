"""Asking until an answer is settled: who is asked, when it ends, and what it saves on crowds never seen."""

from collections import Counter

import numpy as np

from sharegpt_argilla.responses.adaptive_asking import (
    UNKNOWN_ABILITY,
    abilities_in_all,
    choose_people,
    compared,
    sureness,
    sureness_of_all,
    unsettled,
)
from sharegpt_argilla.responses.confidence import Ability, Estimate, estimate

SHARES = {"sure": {"a": 0.95, "b": 0.05}, "split": {"a": 0.5, "b": 0.5}, "near": {"a": 0.3, "b": 0.7}}
PEOPLE = {who: Ability(share, 0, 1, 9) for who, share in {"ana": 0.9, "ben": 0.7, "cy": 0.4}.items()}
FOUND = Estimate(SHARES, PEOPLE, {})
ABILITIES = abilities_in_all([{None: FOUND}])


def test_what_is_not_settled_is_asked_the_least_sure_first() -> None:
    answer_counts = dict.fromkeys(SHARES, 2)
    assert unsettled(sureness(FOUND), answer_counts, until=0.9, most=4) == ["split", "near"]
    assert unsettled(sureness(FOUND), answer_counts, until=0.7, most=4) == ["split"]
    assert unsettled(sureness(FOUND), answer_counts | {"split": 4}, until=0.9, most=4) == ["near"]
    assert unsettled(sureness(FOUND), answer_counts, until=0.5, most=4) == []


def test_of_the_abler_half_who_has_most_room_is_asked() -> None:
    everybody = {item: ["cy", "ben", "ana"] for item in SHARES}
    room = {"ana": 2, "ben": 3, "cy": 9}
    assert choose_people(ABILITIES, ["split"], everybody, room) == {"split": "ben"}
    assert choose_people(ABILITIES, ["split", "near", "sure"], everybody, room | {"cy": 0.9, "ben": 1}) == {
        "split": "ana",
        "near": "ana",
        "sure": "ben",
    }
    assert choose_people(ABILITIES, ["near"], {"near": ["cy"]}, {"cy": 1}) == {"near": "cy"}


def test_a_newcomer_comes_before_who_is_worse_than_chance() -> None:
    room = dict.fromkeys(["new", "cy", "ben"], 5)
    assert UNKNOWN_ABILITY == 0.5
    assert choose_people(ABILITIES, ["near"], {"near": ["cy", "new"]}, room) == {"near": "new"}
    assert choose_people(ABILITIES, ["near"], {"near": ["new", "ben"]}, room) == {"near": "ben"}


def test_the_least_sure_question_and_label_counts() -> None:
    labels = {
        "code": Estimate({"sure": {True: 0.8, False: 0.2}}, {"ana": Ability(0.6, 0, 1, 9)}, {}),
        "chat": Estimate({"sure": {True: 0.1, False: 0.9}}, {"ana": Ability(0.8, 0, 1, 9)}, {}),
    }
    assert sureness_of_all([{None: FOUND}, labels]) == {"sure": 0.8, "split": 0.5, "near": 0.7}
    assert abilities_in_all([labels]) == {"ana": 0.7}


def test_single_answers_say_nothing_before_any_was_compared() -> None:
    rows = [f"r{number}" for number in range(8)]
    alone = {row: {("ana", "ben")[number % 2]} for number, row in enumerate(rows)}
    answers = [(row, person, "none") for row, people in alone.items() for person in people]
    sure = sureness(estimate(answers, ["none", "harmful", "illegal"]))
    # By the model alone, eight answers that are all the same are 0.9 sure, since the label seems so common.
    assert min(sure.values()) > 0.85
    assert compared(sure, alone) == dict.fromkeys(rows, 0.0)
    assert compared(sure, alone | {"r0": {"ana", "ben"}}) == sure
    assert compared(sure, alone, known=["r3"]) == sure
    assert compared(sure, alone, known=["of nobody"]) == dict.fromkeys(rows, 0.0)


class Replay:
    """Ten people who could answer all of 200 items."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        abilities, self.truth = rng.uniform(0.5, 0.95, 10), rng.integers(0, 3, 200)
        wrong = (self.truth[:, None] + rng.integers(1, 3, (200, 10))) % 3
        self.replies = np.where(rng.random((200, 10)) < abilities, self.truth[:, None], wrong)
        self.order = [rng.permutation(10).tolist() for _ in range(200)]

    def first(self, count):
        return [(item, who) for item in range(200) for who in self.order[item][:count]]

    def judge(self, asked):
        found = estimate([(item, who, int(self.replies[item, who])) for item, who in asked], range(3))
        most = [max(found.answers[item], key=found.answers[item].get) for item in range(200)]
        return found, np.mean(most == self.truth)

    def adapt(self, until, most):
        asked = [*self.first(1), *((item, who) for item in range(20) for who in self.order[item][1:3])]
        for _ in range(most):
            estimates, _ = self.judge(asked)
            answer_counts = Counter(item for item, _ in asked)
            waiting = unsettled(sureness(estimates), answer_counts, until, most)
            free = {item: [who for who in self.order[item] if (item, who) not in asked] for item in waiting}
            loads = Counter(who for _, who in asked)
            asked += choose_people(
                abilities_in_all([{None: estimates}]), waiting, free, {who: 90 - loads[who] for who in range(10)}
            ).items()
        return asked


def test_it_takes_fewer_answers_than_a_fixed_overlap() -> None:
    crowds = [Replay(seed) for seed in range(3)]
    fixed = np.mean([crowd.judge(crowd.first(3))[1] for crowd in crowds])
    asked = [crowd.adapt(until=0.7, most=4) for crowd in crowds]
    assert all(len(set(of_crowd)) == len(of_crowd) for of_crowd in asked)
    assert all(max(Counter(who for _, who in of_crowd).values()) <= 90 for of_crowd in asked)
    assert sum(map(len, asked)) < 0.95 * 3 * 600
    assert np.mean([crowd.judge(one)[1] for crowd, one in zip(crowds, asked, strict=True)]) >= fixed
