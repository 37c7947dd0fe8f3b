"""What people were asked and what they answered, of one recipe, in a SQLite file of the home.

Nothing is changed or deleted but the mark that a batch was handed out: an answer that somebody takes back is followed
by the new one. Every change is one transaction, on the disk when it returns, so a kill loses none and halves none.

A row is known by two names. `row_id` holds while its source stands where it stood; `item`, a hash of the row's inputs,
also when rows come before it. Either is enough to be the same row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, strategy TEXT NOT NULL, annotators INTEGER NOT NULL,
    handed_out INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS questions (
    item TEXT PRIMARY KEY, row_id TEXT NOT NULL UNIQUE, batch INTEGER NOT NULL REFERENCES batches,
    place INTEGER NOT NULL, suggested TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (digest TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL, row_id TEXT NOT NULL, annotator TEXT NOT NULL,
    label TEXT NOT NULL, file TEXT NOT NULL REFERENCES files);
"""
_CURRENT = """
SELECT item, row_id, annotator, label FROM answers
WHERE number IN (SELECT max(number) FROM answers GROUP BY item, annotator) ORDER BY item, annotator
"""


@dataclass(frozen=True)
class Question:
    """A row to be labelled, and the label that a model holds most probable, or nothing."""

    row_id: str
    item: str
    suggested: str


@dataclass(frozen=True)
class Batch:
    """Questions that are asked together, of a number of people each, and whether their sheets are written."""

    number: int
    strategy: str
    annotators: int
    questions: tuple[Question, ...]
    handed_out: bool = False


@dataclass(frozen=True)
class Answer:
    """What somebody called a row."""

    item: str
    row_id: str
    annotator: str
    label: str


@dataclass(frozen=True)
class Merged:
    """What became of a file's answers: new ones, others than the same person gave before, and those known already."""

    added: int
    changed: int
    unchanged: int


class LabelStore:
    """The questions and answers of one recipe; made by `open_store`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def asked(self) -> tuple[set[str], set[str]]:
        """The `row_id`s and the items that were ever asked about or answered."""
        pairs = self._database.execute("SELECT row_id, item FROM questions UNION SELECT row_id, item FROM answers")
        rows = pairs.fetchall()
        return {row for row, _ in rows}, {item for _, item in rows}

    def waiting(self) -> Batch | None:
        """The batch whose sheets were never handed out, because its run was killed."""
        found = self._database.execute("SELECT name FROM batches WHERE NOT handed_out ORDER BY number").fetchone()
        return self.batch(found[0]) if found else None

    def batch(self, name: str) -> Batch | None:
        """The batch of a name, if there is one."""
        found = self._database.execute(
            "SELECT number, strategy, annotators, handed_out FROM batches WHERE name = ?", (name,)
        ).fetchone()
        if not found:
            return None
        rows = self._database.execute(
            "SELECT row_id, item, suggested FROM questions WHERE batch = ? ORDER BY place", (found[0],)
        )
        number, strategy, annotators, handed_out = found
        return Batch(number, strategy, annotators, tuple(Question(*row) for row in rows), bool(handed_out))

    def ask(self, name: str, strategy: str, annotators: int, questions: Sequence[Question]) -> Batch:
        """Record a batch under a name of its own."""
        with self._transaction():
            number = self._database.execute(
                "INSERT INTO batches (name, strategy, annotators) VALUES (?, ?, ?)", (name, strategy, annotators)
            ).lastrowid
            self._database.executemany(
                "INSERT INTO questions VALUES (?, ?, ?, ?, ?)",
                [(one.item, one.row_id, number, place, one.suggested) for place, one in enumerate(questions)],
            )
        return Batch(number or 0, strategy, annotators, tuple(questions))

    def hand_out(self, batch: Batch) -> None:
        """Mark that the sheets of a batch are written."""
        with self._transaction():
            self._database.execute("UPDATE batches SET handed_out = 1 WHERE number = ?", (batch.number,))

    def items_of(self, row_ids: Sequence[str]) -> dict[str, str]:
        """The items of those rows that were ever asked about or answered."""
        wanted = set(row_ids)
        pairs = self._database.execute("SELECT row_id, item FROM questions UNION SELECT row_id, item FROM answers")
        return {row: item for row, item in pairs if row in wanted}

    def merge(self, answers: Sequence[Answer], file: str) -> Merged:
        """Take the answers of a file with that digest. A file that was taken before changes nothing."""
        with self._transaction():
            current = {(one.item, one.annotator): one.label for one in self.answers()}
            if self._database.execute("SELECT 1 FROM files WHERE digest = ?", (file,)).fetchone():
                return Merged(0, 0, len(answers))
            news = [one for one in answers if current.get((one.item, one.annotator)) != one.label]
            self._database.execute("INSERT INTO files VALUES (?)", (file,))
            self._database.executemany(
                "INSERT INTO answers (item, row_id, annotator, label, file) VALUES (?, ?, ?, ?, ?)",
                [(one.item, one.row_id, one.annotator, one.label, file) for one in news],
            )
        changed = sum((one.item, one.annotator) in current for one in news)
        return Merged(len(news) - changed, changed, len(answers) - len(news))

    def answers(self) -> list[Answer]:
        """The last answer of each person about each row."""
        return [Answer(*row) for row in self._database.execute(_CURRENT)]

    def questions(self) -> list[tuple[Question, int]]:
        """All questions with the number of people that were asked, in the order in which they were."""
        rows = self._database.execute(
            "SELECT row_id, item, suggested, annotators FROM questions JOIN batches ON batch = number "
            "ORDER BY batch, place"
        )
        return [(Question(*row[:3]), row[3]) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


@contextmanager
def open_store(file: Path) -> Iterator[LabelStore]:
    """The store in `file`, made if there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as database:
        database.execute("PRAGMA synchronous = EXTRA")  # also the folder, after the journal is gone
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(_SCHEMA)
        yield LabelStore(database)
