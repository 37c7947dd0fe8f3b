"""A quick classifier that says how probable each label of a row is, to doubt labels and to choose questions.

Words and pairs of words with a logistic regression where the rows are texts; boosted trees where they are not. It
learns in seconds on one core, and is no part of any model that is registered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.progress import Progress, report
from tasks.data.reserved import ROW_COLUMNS
from tasks.data.split import OUTPUTS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
TEXT = "text"
_MOST_TERMS = 50_000
_CATEGORIES = 200  # of a column with more, the rarer ones are one


def input_columns(columns: Sequence[str], chosen: Sequence[str] = ()) -> list[str]:
    """What a classifier reads: the chosen columns, else the text, else all that is neither reserved nor an output."""
    inputs = [name for name in columns if name not in (*ROW_COLUMNS, *OUTPUTS)]
    return list(chosen) or ([TEXT] if TEXT in inputs else inputs)


def is_text(rows: pa.Table) -> bool:
    """Whether the rows are read as words: the text alone is."""
    return bool(rows.column_names == [TEXT])


def term_vectors(rows: pa.Table) -> csr_matrix:
    """TF-IDF of words and pairs of words, each row of length one."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, max_features=_MOST_TERMS, token_pattern=r"(?u)\b\w+\b", dtype=np.float32
    )
    texts = [text or "" for text in rows[TEXT].to_pylist()]
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # no text has a word
        from scipy.sparse import csr_matrix

        return csr_matrix((len(texts), 1), dtype=np.float32)


def numbers(rows: pa.Table) -> Floats:
    """Columns as numbers: texts by how frequent they are, the rarest together; missing ones are NaN."""
    return np.column_stack([_numbers(rows[name]) for name in rows.column_names])


def single_thread() -> Any:
    """Keep linear algebra to one thread while the block runs.

    Its pieces are so small here that threads wait for each other for longer than they work: fifteen times as long on
    two busy cores.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def out_of_fold(
    rows: pa.Table, labels: Places, classes: int, folds: int, seed: int, trusted: NDArray[np.bool_]
) -> Floats:
    """Probabilities of each label by a classifier that learned from trusted rows but the judged, (rows, classes)."""
    from sklearn.model_selection import StratifiedKFold

    matrix: Any = term_vectors(rows) if is_text(rows) else numbers(rows)
    found = np.full((len(labels), classes), 1 / classes)
    _, counts = np.unique(labels, return_counts=True)
    splitter = StratifiedKFold(max(2, min(folds, int(counts.max()))), shuffle=True, random_state=seed)
    for place, (others, judged) in enumerate(_quiet_split(splitter, labels)):
        report(Progress("label", place, splitter.n_splits, f"judging fold {place + 1}/{splitter.n_splits}"))
        learned = others[trusted[others]]
        found[judged] = _fit_predict(rows, matrix[learned], labels[learned], matrix[judged], classes, seed)
    report(Progress("label", splitter.n_splits, splitter.n_splits))
    return found


def predict_rest(rows: pa.Table, labels: Places, classes: int, seed: int) -> Floats:
    """Probabilities of each label for all rows by a classifier of those with a label, not below zero."""
    matrix: Any = term_vectors(rows) if is_text(rows) else numbers(rows)
    known = labels >= 0
    return _fit_predict(rows, matrix[known], labels[known], matrix, classes, seed)


def _quiet_split(splitter: Any, labels: Places) -> list[tuple[Places, Places]]:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # such rows are judged as well they can
        return list(splitter.split(np.zeros(len(labels)), labels))


def _fit_predict(rows: pa.Table, learned: Any, labels: Places, judged: Any, classes: int, seed: int) -> Floats:
    found = np.zeros((judged.shape[0], classes))
    present = np.unique(labels)
    if len(present) == 1:
        found[:, present] = 1.0
        return found
    model = _text_model(seed) if is_text(rows) else _tabular_model(rows, seed)
    with single_thread():
        found[:, present] = model.fit(learned, labels).predict_proba(judged)
    return found


def _text_model(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, class_weight="balanced", max_iter=300, tol=1e-3, random_state=seed)


def _tabular_model(rows: pa.Table, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    named = [pa.types.is_string(kind) for kind in rows.schema.types]
    return HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.1, max_leaf_nodes=15, categorical_features=named, random_state=seed
    )


def _numbers(values: pa.ChunkedArray) -> Floats:
    import pyarrow.compute as pc

    if not pa.types.is_string(values.type):
        array: Floats = values.cast(pa.float64()).to_numpy().astype(np.float64)
        return array
    counts = sorted(pc.value_counts(pc.drop_null(values)).to_pylist(), key=lambda one: (-one["counts"], one["values"]))
    frequent = pa.array([one["values"] for one in counts[:_CATEGORIES]], pa.string())
    places = pc.fill_null(pc.index_in(values, frequent), len(frequent)).to_numpy().astype(np.float64)
    places[pc.is_null(values).to_numpy()] = np.nan
    found: Floats = places
    return found
