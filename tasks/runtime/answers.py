"""The answers that a retrieval model chooses from, each with its embedding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.runtime.arrays import Floats
from tasks.runtime.package import broken_package

INDEX = "index.npz"


@dataclass(frozen=True)
class AnswerIndex:
    """Distinct answers and their unit embeddings (n by d), row by row."""

    answers: tuple[str, ...]
    embeddings: Floats

    def similarities(self, queries: Floats) -> Floats:
        """Cosine of each query (m by d, of unit length) with each answer, m by n."""
        result: Floats = queries @ self.embeddings.T
        return result

    def best(self, queries: Floats) -> tuple[list[str], NDArray[np.float64]]:
        """The nearest answer of each query, and its cosine."""
        similarities = self.similarities(queries)
        places = similarities.argmax(axis=1)
        scores = similarities[np.arange(len(queries)), places].astype(np.float64)
        return [self.answers[place] for place in places], scores

    def save(self, package: Path) -> None:
        """Write the index into a package."""
        np.savez_compressed(
            package / INDEX,
            answers=np.array(self.answers, np.str_),
            embeddings=self.embeddings,
        )


def load_answers(package: Path) -> AnswerIndex:
    """The index of a package.

    Raises:
        SourceError: it is missing or can't be read.
    """
    try:
        with np.load(package / INDEX, allow_pickle=False) as arrays:
            return AnswerIndex(tuple(arrays["answers"].tolist()), arrays["embeddings"])
    except Exception as error:  # numpy raises zipfile's, zlib's, pickle's and its own
        raise broken_package(package, INDEX, error) from None
