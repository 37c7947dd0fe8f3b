"""Near-duplicates among generated documents: the rule on Polars beside datasketch and Rensa.

All read the same texts, take the same shingles and have as many bands of as many minima. Ours goes further than the
peers: it compares each candidate exactly, joins clusters and chooses the row that stays, from Parquet to Parquet.
datasketch runs twice: with its bulk hashing, and a shingle at a time as its documentation shows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.bench.report import Row, compare, speed_row
from tasks.clean.engines.polars import PolarsEngine
from tasks.clean.near.search import find_near_duplicates
from tasks.clean.near.sketches import Method
from tasks.clean.near.stages import Stages
from tasks.clean.rules.near_duplicates import NearDuplicateOptions

if TYPE_CHECKING:
    from datasketch import MinHash

ROWS, REPEATS = 20_000, 5
_OPTIONS = NearDuplicateOptions(columns=["text"])
_BULK, _SINGLE, _RENSA = "datasketch, bulk", "datasketch, update by update", "rensa"
_BARS = {_BULK: (50.0, 50.0), _SINGLE: (50.0, 50.0), _RENSA: (1.0, 1.0)}
_RECALL = 0.98
_VOCABULARY, _MEDIAN_WORDS, _SPREAD = 50_000, 100, 0.6
_FAMILIES, _COPIES, _MOST_EDITS = 0.1, 4, 0.1

Link = tuple[int, int]


@dataclass(frozen=True)
class Documents:
    """Texts, and for each the family that it was made for: documents of two families are nothing like."""

    texts: list[str]
    families: list[int]

    def near(self, threshold: float) -> set[Link]:
        """All pairs at or above the threshold, by comparing every two of a family."""
        members: dict[int, list[int]] = {}
        for number, family in enumerate(self.families):
            members.setdefault(family, []).append(number)
        sets = {
            number: set(_shingles(self.texts[number])) for some in members.values() if len(some) > 1 for number in some
        }
        pairs = (pair for some in members.values() for pair in combinations(some, 2))
        return {(one, other) for one, other in pairs if _jaccard(sets[one], sets[other]) >= threshold}


def run(rows: int = ROWS, repeats: int = REPEATS) -> list[Row]:
    """Documents per second against each peer; the recall of all near-duplicate pairs is part of what is checked."""
    documents = make_documents(rows)
    near = documents.near(_OPTIONS.threshold)
    alike = {number for pair in near for number in pair}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "rows" / "documents.parquet"
        file.parent.mkdir()
        ids = [f"{number:09d}" for number in range(rows)]
        pq.write_table(pa.table({"row_id": ids, "split": ["train"] * rows, "text": documents.texts}), file)
        peers: dict[str, Callable[[], list[Link]]] = {
            _BULK: partial(_datasketch, documents.texts, True),
            _SINGLE: partial(_datasketch, documents.texts, False),
            _RENSA: partial(_rensa, documents.texts),
        }
        ours, theirs = compare(partial(_ours, file.parent), peers, repeats)
    found = recall(near, ours.output)
    exact = {number for link in ours.output for number in link} <= alike
    return [
        speed_row(
            f"{rows} documents, recall {found:.4f}; the peer's {_peer_recall(near, alike, measured.output):.4f}",
            peer, ours.seconds, measured.seconds, _BARS[peer], found >= _RECALL and exact,
        )
        for peer, measured in theirs.items()
    ]  # fmt: skip


def make_documents(rows: int, seed: int = 0) -> Documents:
    """Documents whose words fall by Zipf's law. A tenth of them head families of up to `_COPIES` edited copies."""
    random = np.random.default_rng(seed)
    shares = 1 / (np.arange(_VOCABULARY) + 2.7) ** 1.07  # Mandelbrot 1953
    limits = np.cumsum(shares / shares.sum())
    words = _vocabulary(random)

    def draw(count: int) -> list[str]:
        return [words[place] for place in np.minimum(np.searchsorted(limits, random.random(count)), _VOCABULARY - 1)]

    texts: list[str] = []
    families: list[int] = []
    while len(texts) < rows:
        family, count = len(texts), int(np.clip(random.lognormal(np.log(_MEDIAN_WORDS), _SPREAD), 10, 2000))
        original = draw(count)
        copies = random.integers(1, _COPIES + 1) if random.random() < _FAMILIES else 0
        for edits in [0, *(random.integers(0, int(count * _MOST_EDITS) + 1) for _ in range(copies))]:
            changed = list(original)
            for place, word in zip(random.integers(0, count, edits), draw(int(edits)), strict=True):
                changed[place] = word
            texts.append(" ".join(changed))
            families.append(family)
    order = random.permutation(len(texts))[:rows]
    return Documents([texts[place] for place in order], [families[place] for place in order])


def recall(near: set[Link], links: Sequence[Link]) -> float:
    """The share of the pairs whose two rows are in one cluster: `links` is row and row that stays."""
    cluster = dict(links)
    together = sum(cluster.get(one, one) == cluster.get(other, other) for one, other in near)
    return together / len(near) if near else 1.0


def _peer_recall(near: set[Link], alike: set[int], output: list[Link]) -> float:
    """Of pairs where the peer gives pairs; of rows where all it tells of a row is that it is like some other."""
    if all(one == other for one, other in output):
        return len({one for one, _ in output} & alike) / max(1, len(alike))
    return len(near & set(output)) / max(1, len(near))


def _ours(folder: Path) -> list[Link]:
    engine = PolarsEngine()
    method = Method(("text",), _OPTIONS.unit, _OPTIONS.shingle_size, _OPTIONS.bands, "longest")
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        work = Path(name)
        find_near_duplicates(engine.read(folder), method, _OPTIONS.threshold, Stages(engine, work), work / "verdicts")
        verdicts = pq.read_table(work / "verdicts")
    refused, kept = (verdicts[column].cast(pa.int64()).to_pylist() for column in ("row_id", "__kept"))
    return list(zip(refused, kept, strict=True))


def _datasketch(texts: Sequence[str], bulk: bool) -> list[Link]:
    """Signatures, and the index asked for each document before it goes in: pairs that share a band."""
    from datasketch import MinHashLSH

    bands = _OPTIONS.bands
    index = MinHashLSH(num_perm=bands.count * bands.minima, params=(bands.count, bands.minima))
    tokens = ([shingle.encode() for shingle in _shingles(text)] for text in texts)
    pairs: list[Link] = []
    for number, signature in enumerate((_bulk_signatures if bulk else _signatures)(tokens, bands.count * bands.minima)):
        pairs.extend((other, number) for other in index.query(signature))
        index.insert(number, signature, check_duplication=False)
    return pairs


def _bulk_signatures(documents: Iterable[list[bytes]], minima: int) -> Iterator[MinHash]:
    from datasketch import MinHash

    yield from MinHash.generator(documents, num_perm=minima)


def _signatures(documents: Iterable[list[bytes]], minima: int) -> Iterator[MinHash]:
    from datasketch import MinHash

    for document in documents:
        signature = MinHash(num_perm=minima)
        for shingle in document:
            signature.update(shingle)
        yield signature


def _rensa(texts: Sequence[str]) -> list[Link]:
    """Its fastest way: one matrix of signatures, and for each row whether it shares a band with another one."""
    import rensa

    bands = _OPTIONS.bands
    minima = bands.count * bands.minima
    matrix = rensa.RMinHash.digest_matrix_from_token_sets([_shingles(text) for text in texts], minima, 42)
    index = rensa.RMinHashLSH(_OPTIONS.threshold, minima, bands.count)
    flags = index.query_duplicate_flags_matrix_one_shot(matrix)
    return [(number, number) for number, is_like in enumerate(flags) if is_like]


def _shingles(text: str) -> list[str]:
    """Runs of words as the rule takes them."""
    words = text.split()
    size = _OPTIONS.shingle_size
    return [" ".join(run) for run in zip(*(words[place:] for place in range(size)), strict=False)] or [" ".join(words)]


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def _vocabulary(random: np.random.Generator) -> list[str]:
    letters = random.choice(list("etaoinshrdlcumwfgypb"), (_VOCABULARY, 12))
    return [
        "".join(some[:size]) for some, size in zip(letters, 2 + random.binomial(10, 0.35, _VOCABULARY), strict=True)
    ]
