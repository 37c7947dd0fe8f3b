"""Texts as games: a word that is away is not in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from tasks.evaluate.explain.game import Game, Masks, Values
from tasks.evaluate.explain.outcome import Outcome, outcome, read_outputs
from tasks.features.columns import column, texts
from tasks.features.text import TextFeatures
from tasks.features.words import NO_TOKEN, words
from tasks.runtime.arrays import Floats
from tasks.runtime.predictor import Predictor

MOST_PARTS = 40  # a longer text is explained by phrases of as many words as it takes


@dataclass(frozen=True)
class TextRow:
    """One text with what is explained of it."""

    game: Game
    outcome: Outcome


@dataclass(frozen=True)
class TextModel:
    """A model of texts."""

    predictor: Predictor
    features: TextFeatures

    def read(self, lines: Sequence[str]) -> Floats:
        """What the model gives for texts: n by k."""
        return read_outputs(self.predictor, pa.table({self.features.column: pa.array(lines, pa.string())}))

    def rows(self, table: pa.Table) -> list[TextRow]:
        """Each row of a table as a game."""
        return [self._row(line) for line in texts(column(table, self.features.column))]

    def _row(self, line: str) -> TextRow:
        phrases = self._phrases(line)
        asked = outcome(self.predictor, self.read([" ".join(phrases)])[0])

        def play(masks: Masks) -> Values:
            """The text without what is away."""
            lines = [" ".join(part for part, there in zip(phrases, mask, strict=True) if there) for mask in masks]
            return asked.of(self.read(lines))

        game = Game(tuple(phrases), ("",) * len(phrases), asked.about, play)
        return TextRow(game, asked)

    def _phrases(self, line: str) -> list[str]:
        """The words that reach the model, as they stand or several together.

        Those that it cuts off must not be there: they would move up when others are taken away.
        """
        found = words(line)
        _, (firsts,) = self.features.word_tokens([line])
        read = [place for place, first in enumerate(firsts.tolist()) if first != NO_TOKEN]
        seen = found[: read[-1] + 1] if read else []
        size = -(-len(seen) // MOST_PARTS) if seen else 1
        return [" ".join(seen[start : start + size]) for start in range(0, len(seen), size)]
