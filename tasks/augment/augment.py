"""From a version to one with more train rows: look at all rows, make new ones, refuse some, write the others."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError, RecipeError
from infra.progress import Progress, report
from tasks.augment.config import AugmentOptions
from tasks.augment.duplicates import copies
from tasks.augment.make import DUPLICATE, NEW_COLUMNS, TAGS, Maker
from tasks.augment.survey import Survey, Texts, survey, with_text
from tasks.augment.translation import find_translator
from tasks.data.canonical import Columns, arrow_schema
from tasks.data.digest import PartialDigest, final_digest, partial_digest
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import Manifest, options_hash
from tasks.data.parts import PartWriter, read_parts
from tasks.data.references import DatasetRef
from tasks.data.reserved import DUPLICATE_OF, MARKS, REFUSED, SIMILARITY
from tasks.data.version import QUARANTINE, ROWS, Version, open_version, writing
from tasks.features.thesaurus.wordnet import wordnet

_MADE = "made"
_BATCH_ROWS = 2_000  # made, and shown to a translator, at a time


def augment(options: AugmentOptions, dataset: DatasetRef, into: Path) -> DatasetRef:
    """Write a version with new train rows beside all rows of `dataset`, in the data set's folder `into`.

    Raises:
        RecipeError: the options don't go with the data's columns, or the translator fails.
        DataError: the data is augmented already.
        SourceError: the thesaurus can't be fetched.
        MachineError: `into` can't be written.
    """
    version = open_version(dataset)
    _check(options, version.manifest.columns)
    columns = {**version.manifest.columns, **NEW_COLUMNS}
    with writing(into) as draft:
        found = survey(_counted(version, "looked at", 0.0), options)
        made = _make(version, _maker(options, found), draft.path / _MADE, columns)
        refused, digest = _write(version, found.texts, made, draft.path, columns)
        shutil.rmtree(draft.path / _MADE)
        manifest = Manifest(
            digest=final_digest(columns, [digest]),
            columns=columns,
            rows_in=dataset.rows_out,
            rows_out=digest.count,
            quarantined=dict(sorted(refused.items())),
            recipe_hash=options_hash(options),
            code_hash=code_fingerprint([__name__, *options.modules()]),
            parents=(dataset.digest,),
            engine="python",
        )
        return draft.publish(manifest)


def _check(options: AugmentOptions, columns: Columns) -> None:
    methods = [item.method for item in options.methods]
    strings = [name for name, kind in columns.items() if kind == "string"]
    if options.column not in strings:
        raise _wrong("augment.column", options.column, ", ".join(strings), "Name a string column of the data.")
    if options.balance_to and options.label not in columns:
        raise _wrong("augment.label", options.label, ", ".join(columns), "Name the column of the classes.")
    if "translate" in methods and TAGS in columns:
        action = "A translation's words have no tags; leave the method out, or the column."
        raise _wrong("augment.methods", f"translate, for rows with {TAGS}", "synonyms, swap, delete", action)
    taken = [name for name in NEW_COLUMNS if name in columns]
    if taken:
        raise DataError(
            "augment",
            found=f"data with a column {taken[0]!r}",
            allowed="data that no augmentation made",
            action="Augment the clean version, or rename the column in the source.",
        )


def _wrong(option: str, found: str, allowed: str, action: str) -> RecipeError:
    return RecipeError(option, found=found, allowed=allowed, action=action)


def _maker(options: AugmentOptions, found: Survey) -> Maker:
    methods = [item.method for item in options.methods]
    return Maker(
        options,
        found.plan,
        found.tests,
        thesaurus=wordnet() if "synonyms" in methods else None,
        translator=find_translator(options.translator.name) if "translate" in methods else None,
    )


def _make(version: Version, maker: Maker, into: Path, columns: Columns) -> Texts:
    """Write all new rows, marked, to `into`; their texts in the order in which `read_parts` gives them back."""
    schema, column = arrow_schema({**columns, **MARKS}), maker.options.column

    def make() -> Iterator[tuple[pa.ChunkedArray, list[str]]]:
        with PartWriter(into, schema) as parts:
            for batch in _counted(version, "made from", 0.5, _BATCH_ROWS):
                rows = with_text(batch, column)
                made = maker.make(rows.filter(pc.equal(rows["split"], "train"))).select(schema.names)
                parts.write(made)
                yield made["row_id"], made[column].to_pylist()

    return Texts.collect(make())


def _write(
    version: Version, known: Texts, made: Texts, draft: Path, columns: Columns
) -> tuple[Counter[str], PartialDigest]:
    """Write rows and quarantine; refused rows by reason, and the digest of the others."""
    schema = arrow_schema(columns)
    refused, digest = Counter[str](), PartialDigest()
    with PartWriter(draft / ROWS, schema) as rows:
        for batch in read_parts(version.rows):
            nothing = pa.nulls(batch.num_rows, pa.string())
            old = pa.table({name: nothing if name in NEW_COLUMNS else batch[name] for name in schema.names})
            rows.write(old)
            digest += partial_digest(old)
    with (
        PartWriter(draft / ROWS, schema, prefix="augmented") as rows,
        PartWriter(draft / QUARANTINE, arrow_schema({**columns, **MARKS})) as quarantine,
    ):
        for batch in _marked(draft / _MADE, copies(known, made)):
            is_kept = pc.is_null(batch[REFUSED])
            kept, others = batch.filter(is_kept).select(schema.names), batch.filter(pc.invert(is_kept))
            rows.write(kept)
            quarantine.write(others)
            digest += partial_digest(kept)
            refused.update(others[REFUSED].to_pylist())
    return refused, digest


def _marked(folder: Path, copy_of: pa.Array) -> Iterator[pa.Table]:
    """The new rows, with a mark also on those that are copies, unless they have one."""
    start = 0
    for batch in read_parts(folder):
        names = copy_of.slice(start, batch.num_rows)
        start += batch.num_rows
        is_copy = pc.and_(pc.is_null(batch[REFUSED]), pc.is_valid(names))
        marks = {REFUSED: pa.scalar(DUPLICATE), DUPLICATE_OF: names, SIMILARITY: pa.scalar(1.0)}
        marked = {name: pc.if_else(is_copy, value, batch[name]) for name, value in marks.items()}
        yield pa.table({name: marked.get(name, batch[name]) for name in batch.column_names})


def _counted(version: Version, what: str, done: float, batch_size: int = 50_000) -> Iterator[pa.Table]:
    """The rows of a version, with progress from `done` by a half."""
    total, count = max(1, version.manifest.rows_out), 0
    for batch in read_parts(version.rows, batch_size):
        yield batch
        count += batch.num_rows
        report(Progress("augment", done + count / total / 2, 1.0, f"{count:,} of {total:,} rows {what}"))
