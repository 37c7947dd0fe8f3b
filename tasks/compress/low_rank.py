"""A table of words as a narrow table times a projection (ALBERT, Lan et al. 2020)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.model.layers import TokenEmbeddings


class LowRankTokenEmbeddings(TokenEmbeddings):
    """As `TokenEmbeddings`, where a word's vector is its row of `words` (vocabulary, rank) times `projection`."""

    def __init__(self, vocabulary: int, positions: int, size: int, rank: int, **options: Any) -> None:
        super().__init__(vocabulary, positions, size, **options)
        self.rank = rank

    def build(self, input_shape: Any) -> None:
        """Make both tables, then the projection."""
        self.words = self.add_weight(name="words", shape=(self.vocabulary, self.rank), initializer="zeros")
        self.places = self.add_weight(name="places", shape=(self.positions, self.size), initializer="zeros")
        self.projection = self.add_weight(name="projection", shape=(self.rank, self.size), initializer="zeros")

    def call(self, input_ids: Any) -> Any:
        """Look both up, widen the words, and add them."""
        words = tf.tensordot(tf.gather(self.words, input_ids), self.projection, axes=1)
        return words + self.places[: tf.shape(input_ids)[1]]

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "rank": self.rank}
