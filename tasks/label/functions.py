"""Labelling functions: from a batch of rows to a label or nothing for each."""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.label.config import LexiconFunction, WeakOptions, WordList
from tasks.label.lexicons import lexicon_words

ABSTAIN = -1
Votes = NDArray[np.int16]
_NOT = ("n't", "n\u2019t")
_LETTER = r"[\pL\pN_]"
_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")  # an apostrophe, straight or curly


@dataclass(frozen=True)
class LabellingFunction:
    """One of them, by name: `run` gives a text or null for each row of a batch."""

    name: str
    run: Callable[[pa.Table], Any]


def labelling_functions(options: WeakOptions) -> list[LabellingFunction]:
    """The functions of a recipe, in the order of `options.names()`.

    Raises:
        RecipeError: one of the user's own can't be found.
    """
    return [
        *(LabellingFunction(one.name, partial(_match, one.column, _either(one.words), one.label))
          for one in options.keywords),
        *(LabellingFunction(one.name, partial(_match, one.column, one.pattern, one.label))
          for one in options.patterns),
        *(LabellingFunction(one.name, partial(_count, one, _word_labels(one.lists)))
          for one in options.lexicons),
        *(LabellingFunction(name, _own(name)) for name in options.functions),
    ]  # fmt: skip


def cast_votes(functions: Sequence[LabellingFunction], batch: pa.Table, labels: Sequence[str]) -> Votes:
    """Places in `labels`, or ABSTAIN, of shape (rows, functions).

    Raises:
        RecipeError: a function fails, gives another number of votes than rows, or a label that there is not.
    """
    votes = np.full((batch.num_rows, len(functions)), ABSTAIN, np.int16)
    for place, function in enumerate(functions):
        votes[:, place] = _places(function.name, _run(function, batch), labels)
    return votes


def _run(function: LabellingFunction, batch: pa.Table) -> pa.Array:
    try:
        found = function.run(batch)
        given = pa.chunked_array([found]) if isinstance(found, pa.Array) else found
        texts = (given if isinstance(given, pa.ChunkedArray) else pa.chunked_array([pa.array(given)])).cast(pa.string())
    except Exception as error:  # a labelling function is anybody's code
        lines = str(error).strip().splitlines() or [""]
        raise _broken(function.name, f"{type(error).__name__}: {lines[0]}") from error
    if len(texts) != batch.num_rows:
        raise _broken(function.name, f"{len(texts)} votes for {batch.num_rows} rows")
    return texts


def _places(name: str, texts: pa.ChunkedArray, labels: Sequence[str]) -> NDArray[np.int64]:
    known = pa.array(labels, pa.string())
    places = pc.index_in(texts, known)
    strange = pc.drop_null(texts.filter(pc.is_null(places)))
    if len(strange):
        raise RecipeError(
            f"labelling function {name!r}",
            found=f"a vote for {strange[0].as_py()!r}",
            allowed=", ".join(labels),
            action="Let it vote for one of these, or add the label to label.labels.",
        )
    numbers: NDArray[np.int64] = pc.fill_null(places, ABSTAIN).to_numpy()
    return numbers


def _broken(name: str, found: str) -> RecipeError:
    return RecipeError(
        f"labelling function {name!r}",
        found=found,
        allowed="for each row of the batch one label as text, or null",
        action="Mend the function, or take it out of label.weak.",
    )


def _column(batch: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in batch.column_names:
        raise ValueError(f"no column {name!r} among {', '.join(batch.column_names)}")
    return batch[name].cast(pa.string())


def _either(words: Sequence[str]) -> str:
    """A pattern of any of the words, whole; RE2's own word boundary knows ASCII only."""
    parts = [re.escape(word[:-1]) + f"{_LETTER}*" if word.endswith("*") else re.escape(word) for word in words]
    return rf"(?:^|[^\pL\pN_])(?:{'|'.join(parts)})(?:$|[^\pL\pN_])"


def _match(column: str, pattern: str, label: str, batch: pa.Table) -> pa.ChunkedArray:
    hits = pc.match_substring_regex(_column(batch, column), pattern, ignore_case=True)
    return pc.if_else(pc.fill_null(hits, False), pa.scalar(label), pa.scalar(None, pa.string()))


def _word_labels(lists: Sequence[WordList]) -> dict[str, str]:
    """The label that each word speaks for; a word on two lists speaks for neither."""
    found: dict[str, str] = {}
    for one in lists:
        for word in {word.lower() for word in one.words} | (lexicon_words(one.lexicon) if one.lexicon else set()):
            found[word] = one.label if found.get(word, one.label) == one.label else ""
    return {word: label for word, label in found.items() if label}


def _count(options: LexiconFunction, words: dict[str, str], batch: pa.Table) -> pa.Array:
    negations = {word.lower() for word in options.negations}
    texts = _column(batch, options.column).to_pylist()
    return pa.array([text and _heaviest(options, words, negations, text) for text in texts], pa.string())


def _heaviest(options: LexiconFunction, words: dict[str, str], negations: set[str], text: str) -> str | None:
    found = Counter(_spoken_for(words, negations, options.negation_window_words, text)).most_common(2)
    if not found:
        return options.otherwise or None
    is_tie = len(found) > 1 and found[0][1] == found[1][1]
    return None if is_tie else found[0][0]


def _spoken_for(words: dict[str, str], negations: set[str], window: int, text: str) -> Iterator[str]:
    negated_until = -1
    for place, word in enumerate(_WORD.findall(text.lower())):
        if word in negations or word.endswith(_NOT):
            negated_until = place + window
        elif word in words and place > negated_until:
            yield words[word]


def _own(name: str) -> Callable[[pa.Table], Any]:
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # an installed command has no working directory on its path
        sys.path.append(here)
    try:
        found: Callable[[pa.Table], Any] = getattr(importlib.import_module(module), function)
    except Exception as error:  # a module is anybody's code
        is_absent = isinstance(error, ImportError | AttributeError)
        raise RecipeError(
            f"labelling function {name!r}",
            found=str(error) if is_absent else f"{type(error).__name__}: {error}",
            allowed="package.module:function",
            action="Correct label.weak.functions.",
        ) from error
    return found
