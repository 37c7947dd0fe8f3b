"""What is known of each row's label, and what the labelling functions make of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from infra.errors import DataError, RecipeError
from infra.progress import Progress, report
from tasks.data.version import Version
from tasks.label.config import LabelOptions
from tasks.label.consensus import Agreed, find_consensus
from tasks.label.functions import ABSTAIN, Votes, cast_votes, labelling_functions
from tasks.label.label_model import LabelModel, count_patterns, fit_label_model, majority
from tasks.label.performance import FunctionTable, measure
from tasks.label.rows import ITEM, LABEL, batches
from tasks.label.store import Answer

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


class Labeller:
    """Gives each row the label that is to be trusted most. `votes` are of all rows, in the order of their batches."""

    def __init__(self, options: LabelOptions, labels: list[str], agreed: dict[str, Agreed], row_items: dict[str, str]):
        self.options, self.labels, self.agreed, self.row_items = options, labels, agreed, row_items
        self.model: LabelModel | None = None
        self.table: FunctionTable | None = None
        self.votes: list[Votes] = []

    def known(self, batch: pa.Table) -> tuple[Places, Floats, NDArray[np.bool_]]:
        """Place, confidence, and whether people said so, of rows with a given label or an answer."""
        given: Places = pc.fill_null(pc.index_in(batch[LABEL], pa.array(self.labels)), ABSTAIN).to_numpy().astype(int)
        places, confidence = given.copy(), np.where(given == ABSTAIN, 0.0, 1.0)
        by_people = np.zeros(len(given), np.bool_)
        for row, agreed in self._answered(batch):
            if given[row] == ABSTAIN or self.options.people.replace_given:
                places[row], confidence[row] = self.labels.index(agreed.label), agreed.confidence
                by_people[row] = True
        return places, confidence, by_people

    def weak(self, votes: Votes) -> tuple[Places, Floats]:
        """Place and confidence of the label that the functions' votes make most probable; ABSTAIN without a vote."""
        count = len(self.labels)
        probabilities = self.model.probabilities(votes) if self.model else majority(votes, count)
        best = probabilities.argmax(axis=1)
        confidence = probabilities[np.arange(len(best)), best]
        return np.where((votes != ABSTAIN).any(axis=1), best, ABSTAIN), confidence

    def _answered(self, batch: pa.Table) -> Iterator[tuple[int, Agreed]]:
        if not self.agreed:
            return
        for row, (row_id, item) in enumerate(zip(batch["row_id"].to_pylist(), batch[ITEM].to_pylist(), strict=True)):
            found = self.agreed.get(item) or self.agreed.get(self.row_items.get(row_id, ""))
            if found:
                yield row, found


def make_labeller(options: LabelOptions, version: Version, answers: Sequence[Answer]) -> Labeller:
    """Learn from what people answered and how the functions vote on all rows."""
    consensus = find_consensus(answers, options.people)
    labels = allowed_labels(options, version, [one.label for one in answers])
    labeller = Labeller(options, labels, consensus.labels, {one.row_id: one.item for one in answers})
    functions = labelling_functions(options.weak)
    if not functions:
        return labeller
    known: list[Places] = []
    for batch in batches(version):
        labeller.votes.append(cast_votes(functions, batch, labels))
        places, _, _ = labeller.known(batch)
        is_train = pc.equal(batch["split"], "train").to_numpy()
        known.append(np.where(is_train, places, ABSTAIN))
        done = sum(map(len, known))
        report(Progress("label", done, version.manifest.rows_out * 2, f"{done:,} rows voted on"))
    votes, truth = np.concatenate(labeller.votes), np.concatenate(known)
    if options.weak.combine == "model":
        taught = truth if options.weak.learn_from_labels else np.full(len(truth), ABSTAIN)
        labeller.model = fit_label_model(count_patterns(votes, taught, len(labels)))
    labeller.table = measure(options.weak.names(), votes, truth, labeller.model, len(labels))
    return labeller


def allowed_labels(options: LabelOptions, version: Version, answered: Sequence[str] = ()) -> list[str]:
    """The labels there are, sorted: those of the recipe, else all that rows, functions and people have.

    Raises:
        DataError: a row has another one than the recipe allows.
        RecipeError: there are fewer than two.
    """
    given: set[str] = set()
    for batch in batches(version, [LABEL]):
        given.update(pc.unique(pc.drop_null(batch[LABEL])).to_pylist())
    strange = sorted((given | set(answered)) - set(options.labels)) if options.labels else []
    if strange:
        raise DataError(
            "label",
            found=f"{strange[0]!r}" + (f" and {len(strange) - 1} more" if len(strange) > 1 else ""),
            allowed=", ".join(options.labels),
            action="Correct the rows, or add the label to label.labels.",
        )
    labels = sorted(set(options.labels) or given | set(answered) | set(options.weak.labels()))
    if len(labels) < 2:
        raise RecipeError(
            "label.labels",
            found=", ".join(labels) or "none",
            allowed="two labels or more",
            action="Name them all: no row and no function of the recipe does.",
        )
    return labels
