"""New rows out of some train rows. Each depends on the seed, its origin's `row_id`, the method and the copy only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from random import Random

import pyarrow as pa

from tasks.augment.config import AugmentOptions, Method
from tasks.augment.edits import EDITS, Edit, Sentence, replace_synonyms
from tasks.augment.neighbours import Neighbours, normalise
from tasks.augment.plan import Assignment, Plan, assignments, stable_hash
from tasks.augment.translation import Translator, there_and_back
from tasks.data.reserved import DUPLICATE_OF, REFUSED, SIMILARITY
from tasks.features.columns import texts as as_texts
from tasks.features.thesaurus.choice import Thesaurus

METHOD, ORIGIN = "augmented", "augmented_from"
NEW_COLUMNS = {METHOD: "string", ORIGIN: "string"}
"""What a new row has beside the columns of its origin: the method, and the origin's `row_id`; null in other rows."""
TAGS = "tags"
UNCHANGED, NEAR_TEST, DUPLICATE = "augment_unchanged", "augment_near_test", "augment_duplicate"
"""Why a new row is refused."""
_ATTEMPTS = 8
"""To find another text than the origin's, and than the earlier copies by the same method."""


@dataclass(frozen=True)
class New:
    """A new row: its origin's place in the batch, how it was made, and what came of it."""

    place: int
    assignment: Assignment
    sentence: Sentence


@dataclass(frozen=True)
class Maker:
    """Makes what a plan says.

    Attributes:
        tests: the texts that no new row may be like.
        thesaurus, translator: for the methods that need one.
    """

    options: AugmentOptions
    plan: Plan
    tests: Neighbours
    thesaurus: Thesaurus | None = None
    translator: Translator | None = None
    _edits: Mapping[Method, Edit] = field(init=False)

    def __post_init__(self) -> None:
        synonyms = {"synonyms": partial(replace_synonyms, thesaurus=self.thesaurus)} if self.thesaurus else {}
        object.__setattr__(self, "_edits", {**EDITS, **synonyms})

    def make(self, train: pa.Table) -> pa.Table:
        """The new rows of a batch of train rows that have a text, with marks on those to be refused."""
        made = sorted([*self._edited(train), *self._translated(train)], key=lambda new: new.place)
        row_ids, texts = train["row_id"].to_pylist(), train[self.options.column].to_pylist()
        marks = [self._marks(new.sentence.text, texts[new.place], row_ids[new.place]) for new in made]
        columns = {
            "row_id": [f"{row_ids[new.place]}~{new.assignment.method.method}{new.assignment.copy}" for new in made],
            self.options.column: [new.sentence.text for new in made],
            METHOD: [new.assignment.method.method for new in made],
            ORIGIN: [row_ids[new.place] for new in made],
            **{name: [mark[number] for mark in marks] for number, name in enumerate((REFUSED, DUPLICATE_OF))},
        }
        if TAGS in train.column_names:
            columns[TAGS] = [" ".join(new.sentence.tags) or None for new in made]
        table = train.take(pa.array([new.place for new in made], pa.int64()))
        for name, values in columns.items():
            table = _with(table, name, pa.array(values, pa.string()))
        return _with(table, SIMILARITY, pa.array([mark[2] for mark in marks], pa.float64()))

    def _jobs(self, train: pa.Table) -> Iterator[tuple[int, Assignment]]:
        label = self.options.label
        labels = as_texts(train[label]) if label in train.column_names else [None] * train.num_rows
        for place, row_id in enumerate(train["row_id"].to_pylist()):
            wanted = self.plan.of(row_id, labels[place])
            yield from ((place, assignment) for assignment in islice(assignments(self.options), wanted))

    def _edited(self, train: pa.Table) -> Iterator[New]:
        row_ids, sentences = train["row_id"].to_pylist(), list(self._sentences(train))
        taken: dict[tuple[int, Method], set[str]] = {}
        for place, assignment in self._jobs(train):
            method = assignment.method.method
            if method != "translate":
                own = taken.setdefault((place, method), {normalise(sentences[place].text)})
                sentence = self._edit(sentences[place], row_ids[place], assignment, own)
                own.add(normalise(sentence.text))
                yield New(place, assignment, sentence)

    def _edit(self, sentence: Sentence, row_id: str, assignment: Assignment, taken: set[str]) -> Sentence:
        method, copy = assignment.method.method, assignment.copy
        free, edited = sentence.free(self.options.keep_words), sentence
        for attempt in range(_ATTEMPTS):
            random = Random(stable_hash(self.options.seed, row_id, method, copy, attempt))
            edited = self._edits[method](sentence, assignment.method.share, free, random)
            if normalise(edited.text) not in taken:
                break
        return edited

    def _sentences(self, train: pa.Table) -> Iterator[Sentence]:
        tags = as_texts(train[TAGS]) if TAGS in train.column_names else [""] * train.num_rows
        for text, tag in zip(train[self.options.column].to_pylist(), tags, strict=True):
            yield Sentence(tuple(text.split()), tuple(tag.split()))

    def _translated(self, train: pa.Table) -> Iterator[New]:
        if self.translator is None:
            return
        waiting: dict[int, list[tuple[int, Assignment]]] = defaultdict(list)
        for place, assignment in self._jobs(train):
            if assignment.method.method == "translate":
                waiting[assignment.copy].append((place, assignment))
        options, texts = self.options.translator, train[self.options.column].to_pylist()
        for copy, jobs in sorted(waiting.items()):
            pivot = options.pivots[copy]
            back = there_and_back(self.translator, options, pivot, [texts[place] for place, _ in jobs])
            for (place, assignment), text in zip(jobs, back, strict=True):
                yield New(place, assignment, Sentence(tuple(text.split())))

    def _marks(self, text: str, origin: str, row_id: str) -> tuple[str | None, str | None, float | None]:
        """Reason to refuse the text, the row that it is like, and how much."""
        if normalise(text) in ("", normalise(origin)):
            return UNCHANGED, row_id, 1.0
        near = self.tests.nearest(text)
        return (NEAR_TEST, near.name, near.similarity) if near else (None, None, None)


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    if name not in table.column_names:
        return table.append_column(name, values)
    return table.set_column(table.column_names.index(name), name, values)
