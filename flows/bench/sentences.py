"""Short labelled texts from a seed, as questions to a help desk are: the label is the place that is named.

None has more than 16 tokens of a BERT in English, so that one compiled shape serves all.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from tasks.data.references import DatasetRef
from tasks.ingest.config import IngestOptions
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve

PLACES = ("boston", "denver", "dallas", "atlanta", "chicago", "oakland", "phoenix", "toronto")
_TEXT = (
    "show me all the flights that leave before noon from what is cheapest fare on monday morning i need a ticket and "
    "meal with one stop please list airlines which arrive after six in evening how much does it cost to rent car there"
)
_WORDS = tuple(re.findall(r"\w+", _TEXT))
MOST_TOKENS = 16
_FEWEST, _MOST = 5, 10  # and up to four tokens for the number


def make_sentences(rows: int, folder: Path, seed: int = 0) -> DatasetRef:
    """A data set version of exactly `rows` train rows, with their number in the text, and one test row a label."""
    random = np.random.default_rng(seed)
    file = folder / "sentences.csv"
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["text", "label", "split"])
        for number in range(rows + len(PLACES)):
            place = PLACES[number % len(PLACES)]
            writer.writerow([_sentence(place, number, random), place, "train" if number < rows else "test"])
    columns = {"text": "text", "label": "label", "split": "split"}
    contract = [{"name": "text"}, {"name": "label"}]
    options = IngestOptions.model_validate({"path": str(file), "columns": columns, "contract": contract})
    return ingest(options, resolve(options), folder / "version")


def _sentence(place: str, number: int, random: np.random.Generator) -> str:
    words = [*random.choice(_WORDS, random.integers(_FEWEST, _MOST)), place]
    return " ".join([*random.permutation(words), str(number)])
