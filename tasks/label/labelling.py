"""From the clean version to the labelled one: given labels, then people's, then those of functions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError, RecipeError
from infra.progress import Progress, report
from tasks.data.canonical import Columns, arrow_schema
from tasks.data.digest import PartialDigest, final_digest, partial_digest
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import Manifest, options_hash
from tasks.data.parts import PartWriter
from tasks.data.references import DatasetRef
from tasks.data.reserved import REFUSED
from tasks.data.version import QUARANTINE, ROWS, Version, open_version, writing
from tasks.label.answers import AnswersRef, read_answers
from tasks.label.config import LabelOptions
from tasks.label.functions import ABSTAIN, Votes
from tasks.label.labeller import Labeller, make_labeller
from tasks.label.rows import ITEM, LABEL, batches, check_label
from tasks.label.sheet import write_sheet

CONFIDENCE, SOURCE = "label_confidence", "label_source"
UNLABELLED, UNSURE = "unlabelled", "unlabelled: confidence below label.weak.minimum_confidence"
FUNCTIONS = "label_functions.csv"


@dataclass
class Tally:
    """Counts over all rows."""

    digest: PartialDigest = field(default_factory=PartialDigest)
    reasons: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)


def label(options: LabelOptions, dataset: DatasetRef, answers: AnswersRef, into: Path) -> DatasetRef:
    """Write the labelled version of `dataset` into the data set's folder `into`.

    Raises:
        RecipeError: a labelling function fails, or the version has no labels as texts.
        DataError: what is labelled can't be learned from.
        MachineError: `into` can't be written.
    """
    version = open_version(dataset)
    check_label(version)
    _check_names(version)
    columns = {**version.manifest.columns, CONFIDENCE: "float64", SOURCE: "string"}
    labeller = make_labeller(options, version, read_answers(answers) if options.people.use else [])
    with writing(into) as draft:
        tally = _write(labeller, version, columns, draft.path)
        _check(tally)
        if labeller.table:
            write_sheet(draft.path / FUNCTIONS, labeller.table.header, labeller.table.rows)
        manifest = Manifest(
            digest=final_digest(columns, [tally.digest]),
            columns=columns,
            rows_in=dataset.rows_out,
            rows_out=tally.digest.count,
            quarantined=dict(sorted(tally.reasons.items())),
            sources={"answers": answers.digest} if options.people.use else {},
            recipe_hash=options_hash(options),
            code_hash=code_fingerprint([__name__, *options.modules()]),
            parents=(dataset.digest,),
            engine="arrow",
        )
        return draft.publish(manifest)


def _write(labeller: Labeller, version: Version, columns: Columns, folder: Path) -> Tally:
    tally, schema = Tally(), arrow_schema(columns)
    refused_schema = arrow_schema({**columns, REFUSED: "string"})
    with PartWriter(folder / ROWS, schema) as rows, PartWriter(folder / QUARANTINE, refused_schema) as quarantine:
        for number, batch in enumerate(batches(version)):
            votes = labeller.votes[number] if labeller.votes else np.empty((batch.num_rows, 0), np.int16)
            marked = _labelled(labeller, batch, votes)
            is_kept = pc.is_null(marked[REFUSED])
            kept, refused = marked.filter(is_kept).select(schema.names), marked.filter(pc.invert(is_kept))
            rows.write(kept)
            quarantine.write(refused.select(refused_schema.names))
            tally.digest += partial_digest(kept)
            tally.reasons.update(refused[REFUSED].to_pylist())
            tally.sides.update(kept["split"].to_pylist())
            tally.labels.update(pc.unique(kept[LABEL].filter(pc.equal(kept["split"], "train"))).to_pylist())
            done = version.manifest.rows_out + rows.rows + quarantine.rows
            report(Progress("label", done, version.manifest.rows_out * 2, f"{rows.rows:,} rows labelled"))
    return tally


def _labelled(labeller: Labeller, batch: pa.Table, votes: Votes) -> pa.Table:
    """The batch with label, confidence, source, and the reason why a row without a label is refused."""
    weak = labeller.options.weak
    places, confidence, by_people = labeller.known(batch)
    source = np.where(by_people, "people", "given").astype(object)
    guesses, chance = labeller.weak(votes)
    is_train = pc.equal(batch["split"], "train").to_numpy()
    wanted = np.where(is_train, weak.rows == "all", False) & ~by_people
    wanted |= (places == ABSTAIN) & (is_train | weak.label_test_rows)
    voted = wanted & (guesses != ABSTAIN)
    sure = voted & (chance >= weak.minimum_confidence)
    places, confidence = np.where(sure, guesses, places), np.where(sure, chance, confidence)
    source[sure] = "weak"
    has = places != ABSTAIN
    reasons = np.where(voted, UNSURE, UNLABELLED).astype(object)
    reasons[has], source[~has] = None, None
    names = np.array([*labeller.labels, None], dtype=object)[places]
    added = {
        LABEL: pa.array(names, pa.string()),
        CONFIDENCE: pa.array(np.where(has, confidence, np.nan), pa.float64(), from_pandas=True),
        SOURCE: pa.array(source, pa.string()),
        REFUSED: pa.array(reasons, pa.string()),
    }
    kept = {name: batch[name] for name in batch.column_names if name not in (*added, ITEM)}
    return pa.table({**kept, **added})


def _check_names(version: Version) -> None:
    taken = [name for name in (CONFIDENCE, SOURCE) if name in version.manifest.columns]
    if taken:
        raise RecipeError(
            "ingest.contract",
            found=f"a column {' and '.join(taken)}",
            allowed="other names: labelling adds these",
            action="Rename the column in the source.",
        )


def _check(tally: Tally) -> None:
    """Raises DataError where there is nothing to learn or to test."""
    for side in ("train", "test"):
        if not tally.sides[side]:
            raise DataError(
                "labelled rows",
                found=f"no {side} row with a label; {tally.reasons.total()} rows unlabelled",
                allowed="rows on both sides of the split",
                action=f"Have people label some: lepton label next RECIPE --side {side}; then lepton label merge.",
            )
    if len(tally.labels) < 2:
        raise DataError(
            "labelled train rows",
            found=f"only the label {next(iter(tally.labels))!r}",
            allowed="two labels or more",
            action="Have people label more rows, or add labelling functions.",
        )
