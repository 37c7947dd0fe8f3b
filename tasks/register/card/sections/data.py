"""What data a model learned from and was measured on: in short for its card, in full for the data sheet."""

from __future__ import annotations

from tasks.data.manifest import Manifest
from tasks.register.card.background import Background
from tasks.register.card.columns import FEWEST_ROWS, ColumnFacts
from tasks.register.card.page import Block, Items, Paragraph, Section, Table, not_measured
from tasks.register.card.sheet import DataSheet, Groups

_MOST_SOURCES = 20
_PRIVATE = (
    "Left out: the rows are under differential privacy, and exact figures of them are not covered by it. "
    "lepton privacy profile gives noisy ones."
)


def in_short(sheet: DataSheet, lineage: tuple[str, ...]) -> Section:
    """The digest, the counts, the sources, and the way from these to the model."""
    blocks: list[Block] = [Paragraph(counts(sheet)), _sources(sheet)]
    if lineage:
        blocks += [Paragraph("It came of:"), Items(lineage)]
    return Section("Data and lineage", (*blocks, Paragraph("More of it is told by the data sheet (data_sheet.html).")))


def counts(sheet: DataSheet) -> str:
    """Rows read, kept and refused, in sentences."""
    refused = sum(sum(version.quarantined.values()) for version in sheet.versions)
    told = (
        f"Data set version {sheet.last.digest}: {sheet.versions[0].rows_in:,} rows read, {sheet.last.rows_out:,} to "
        f"learn from and test on, {refused:,} in quarantine."
    )
    return told + _gap(sheet)


def _gap(sheet: DataSheet) -> str:
    if not sheet.missing:
        return ""
    return f" What came before is not known: the version {sheet.missing[:16]} is not in this home any more."


def _sources(sheet: DataSheet) -> Block:
    found = sorted(sheet.sources.items())
    if not found:
        return Paragraph("Its source files are not known.", "bad")
    more = len(found) - _MOST_SOURCES
    caption = "Source files" + (f"; {more:,} more are not shown" if more > 0 else "")
    return Table(caption, ("file", "SHA-256"), tuple(found[:_MOST_SOURCES]))


def origin(sheet: DataSheet, background: Background) -> Section:
    """Collection: where it comes from, and on which terms."""
    rows = (
        ("Why it is collected here", background.purpose or "the recipe does not say"),
        ("Who answers for it", background.owner or "the recipe does not say"),
        ("Terms of use", background.licence or "not known: ask whoever gave the data"),
    )
    read = sheet.versions[0]
    parts = tuple((name, f"{count:,}") for name, count in read.rows_by_source.items())
    several = (Table("Rows read, by source", ("source", "rows"), parts),) if parts else ()
    unread = ", ".join(read.left_out)
    left = (Paragraph(f"Columns of the source that were not read: {unread}."),) if unread else ()
    known = Table("What is known of it", ("question", "answer"), rows)
    return Section("Origin", (known, _sources(sheet), *several, *left))


def processing(sheet: DataSheet, background: Background) -> Section:
    """Preprocessing, cleaning, labelling: each version with what it refused and why."""
    steps = tuple(
        (f"{number}. {version.digest[:16]}", f"{version.rows_in:,}", f"{version.rows_out:,}", _refused(version))
        for number, version in enumerate(sheet.versions, 1)
    )
    reasons = tuple(
        (reason, f"{count:,}", f"{number}.")
        for number, version in enumerate(sheet.versions, 1)
        for reason, count in version.quarantined.items()
    )
    blocks: list[Block] = [
        Paragraph(counts(sheet)),
        Table("Versions, each made from the one before it", ("version", "rows in", "rows out", "refused"), steps),
    ]
    blocks.append(Table("Why rows were refused", ("reason", "rows", "version"), reasons) if reasons else _all_kept())
    merged, conflicts = sheet.versions[0].merged, sheet.versions[0].conflicts
    if merged:
        told = ", ".join(f"{column} ({count:,})" for column, count in conflicts.items())
        disagreed = f" Sources disagreed on {told}." if told else ""
        blocks.append(Paragraph(f"{merged:,} rows that were read became part of another row.{disagreed}"))
    rules = ", ".join(background.rules) or "none"
    blocks.append(Paragraph(f"Cleaning rules, in order: {rules}."))
    blocks.append(Paragraph(f"Labels: {background.labelling or 'as the source gives them'}."))
    blocks.append(Paragraph(f"Added rows: {background.augmentation or 'none'}."))
    return Section("Processing", tuple(blocks))


def _refused(version: Manifest) -> str:
    return f"{sum(version.quarantined.values()):,}"


def _all_kept() -> Paragraph:
    return Paragraph("No row was refused.")


def composition(sheet: DataSheet) -> Section:
    """Columns with their types, gaps and distributions; no single row."""
    if sheet.is_private:
        types = tuple(sheet.last.columns.items())
        return Section("Composition", (Paragraph(_PRIVATE), Table("Columns", ("column", "type"), types)))
    total = sheet.last.rows_out
    rows = tuple((one.name, one.type, _missing(one, total), _distribution(one)) for one in sheet.columns)
    splits = tuple((name, f"{count:,}") for name, count in sheet.splits.items())
    note = f"Values that fewer than {FEWEST_ROWS} rows have count as others, so that none points at a person."
    return Section(
        "Composition",
        (
            Table("Splits", ("split", "rows"), splits),
            Table("Columns", ("column", "type", "missing", "distribution"), rows),
            Paragraph(note),
        ),
    )


def _missing(column: ColumnFacts, rows: int) -> str:
    return f"{column.missing:,} ({column.missing / rows:.1%})" if column.missing and rows else "0"


def _distribution(column: ColumnFacts) -> str:
    if column.quantiles:
        low, middle, high = column.quantiles
        what = "characters: " if column.type == "string" else ""
        return f"{what}5 % below {low:.6g}, median {middle:.6g}, 5 % above {high:.6g}"
    told = [f"{value} {rows:,}" for value, rows in column.values]
    return ", ".join([*told, *([f"others {column.others:,}"] if column.others else [])]) or "no value"


def labels(sheet: DataSheet) -> Section:
    """How often each label occurs."""
    if sheet.is_private:
        return Section("Labels", (Paragraph(_PRIVATE),))
    if sheet.labels is None:
        return Section("Labels", (Paragraph("It has no column of classes."),))
    return Section("Labels", _group_table(sheet.labels, "Rows by label"))


def persons(sheet: DataSheet) -> Section:
    """How many rows each group of persons has."""
    if sheet.is_private:
        return Section("Groups of persons", (Paragraph(_PRIVATE),))
    if not sheet.protected:
        how = "Name the columns that say who belongs to which group by evaluate.fairness.protected."
        return not_measured("Groups of persons", how)
    blocks = [block for one in sheet.protected for block in _group_table(one, f"Rows by {one.column}")]
    return Section("Groups of persons", tuple(blocks))


def _group_table(found: Groups, caption: str) -> tuple[Block, ...]:
    if found.absent:
        return (Paragraph(f"The column {found.column}, which the recipe asks for, is not in the data.", "bad"),)
    total = sum(group.train + group.test for group in found.groups) or 1
    rows = tuple(
        (group.value, f"{group.train:,}", f"{group.test:,}", f"{(group.train + group.test) / total:.1%}")
        for group in found.groups
    )
    more = f"; {found.more:,} more values are not shown" if found.more else ""
    return (Table(caption + more, (found.column, "train", "test", "share"), rows),)


def drift(sheet: DataSheet) -> Section:
    """What changed since the version before."""
    if sheet.drift is None:
        told: Block = Paragraph("There was no version before that it was compared with.")
    elif not sheet.drift:
        told = Paragraph("No column changed by more than the recipe lets it.")
    else:
        told = Items(sheet.drift)
    return Section("Since the version before", (told,))
