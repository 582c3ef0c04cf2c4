"""What others make of the same answers: majority, crowd-kit's Dawid-Skene, GLAD and MACE, potato's psychometrics.

potato is not a dependency: ``POTATO_PYTHON`` names the interpreter of an environment that has
``potato-annotation``, for example ``python -m venv /tmp/potato && /tmp/potato/bin/pip install potato-annotation``.
"""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from crowdkit.aggregation.classification.dawid_skene import DawidSkene
from crowdkit.aggregation.classification.glad import GLAD
from crowdkit.aggregation.classification.mace import MACE

from bench.crowd_sets import CrowdSet, Floats, Judged, judge

POTATO = "POTATO_PYTHON"
_ASK_POTATO = """
import json, sys
from potato.psychometrics.irt import IRTModel
triples = [tuple(one) for one in json.load(sys.stdin)]
model = IRTModel().fit(triples)
print(json.dumps({item: model.posterior(item) for item in model.item_ids()}))
"""


def majority(crowd: CrowdSet) -> Floats:
    """The share of the votes that each label has."""
    votes = np.zeros((len(crowd.truth), crowd.labels))
    np.add.at(votes, (crowd.items, crowd.answers), 1.0)
    return votes / votes.sum(axis=1, keepdims=True)


def _crowd_kit(model: Any, crowd: CrowdSet) -> Floats:
    table = pd.DataFrame({"task": crowd.items, "worker": crowd.people, "label": crowd.answers})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(table)
    shares = model.probas_.reindex(index=range(len(crowd.truth)), columns=range(crowd.labels)).fillna(0.0)
    return np.asarray(shares.to_numpy(), dtype=float)


def dawid_skene(crowd: CrowdSet) -> Floats:
    """crowd-kit's Dawid-Skene, as it comes."""
    return _crowd_kit(DawidSkene(), crowd)


def glad(crowd: CrowdSet) -> Floats:
    """crowd-kit's GLAD, as it comes."""
    return _crowd_kit(GLAD(silent=True), crowd)


def mace(crowd: CrowdSet) -> Floats:
    """crowd-kit's MACE with a fixed seed and three starts."""
    return _crowd_kit(MACE(n_restarts=3, random_state=0), crowd)


def potato(crowd: CrowdSet) -> Floats:
    """The model behind potato's "labels with error bars"."""
    asked = subprocess.run(
        [os.environ[POTATO], "-c", _ASK_POTATO],
        input=json.dumps(crowd.triples()),
        capture_output=True,
        text=True,
        check=True,
    )
    shares = np.zeros((len(crowd.truth), crowd.labels))
    for item, of_labels in json.loads(asked.stdout).items():
        for label, share in of_labels.items():
            shares[int(item), int(label)] = share
    return shares


def references() -> Mapping[str, Callable[[CrowdSet], Floats]]:
    """Name -> method; potato only where its interpreter is named."""
    methods = {"majority": majority, "Dawid-Skene": dawid_skene, "GLAD": glad, "MACE": mace}
    return methods | ({"potato": potato} if os.environ.get(POTATO) else {})


def judged_references(thinned: CrowdSet, run: str, kept: Path | None) -> Iterator[tuple[str, Judged]]:
    """Name of each method, and what it made of one thinning.

    Args:
        thinned: the answers.
        run: name of the set and the thinning.
        kept: a folder where results are kept, and looked up by a later run; None for none.
    """
    for name, method in references().items():
        file = kept / f"{run} {name}.npy" if kept else None
        if file is not None and file.is_file():
            stated, right = np.load(file)
            yield name, Judged(stated, right)
            continue
        judged = judge(method(thinned), thinned.truth)
        if file is not None:
            np.save(file, np.array(judged))
        yield name, judged
