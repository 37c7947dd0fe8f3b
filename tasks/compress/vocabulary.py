"""Vocabulary pruning: an encoder forgets the tokens that no train text holds.

More than half of a small encoder's bytes are the vectors of words that a domain never uses. Texts of train tokenise
as before, into the same tokens under other numbers, so the model gives for them what it gave. Other texts still fall
into known tokens: into shorter ones where a word is gone, down to letters.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.config import VocabularyOptions
from tasks.compress.subject import Subject
from tasks.compress.surgery import Replacement, rebuilt
from tasks.compress.tokens import keep_tokens, lasting_tokens
from tasks.compress.wiring import Wiring
from tasks.features.text import TOKENIZER, TextFeatures
from tasks.fit.batches import Examples
from tasks.model.layers import TokenEmbeddings
from tasks.runtime.answers import load_answers

Counts = NDArray[np.int64]
_IDS, _MASK = "input_ids", "attention_mask"
_ROWS = 256  # counted at a time


def prune_vocabulary(subject: Subject, options: VocabularyOptions) -> Subject:
    """The subject with the tokens that train texts hold `options.minimum_count` times, and features that know these.

    Of a retrieval model the tokens of all its answers stay too. The material keeps the old numbers of tokens, and
    does not fit the new network: read the model from the package again to train it.

    Raises:
        RecipeError: it is no text model, or its tokeniser is of a kind whose tokens can't be taken out.
    """
    tables = [layer for layer in Wiring(subject.network).layers if isinstance(layer, TokenEmbeddings)]
    features = subject.features
    if not tables or not isinstance(features, TextFeatures):
        raise RecipeError(
            "compress.steps: prune_vocabulary",
            found=f"a model of {subject.manifest.task}, which reads no texts",
            allowed="a text model",
            action="Leave the step out.",
        )
    content = (features.folder / TOKENIZER).read_text(encoding="utf-8")
    counts = token_counts(subject, tables[0].vocabulary)
    stays = (counts >= options.minimum_count) | (_answer_counts(subject, features, len(counts)) > 0)
    used = set(np.flatnonzero(stays).tolist())
    pruned, kept = keep_tokens(content, used | lasting_tokens(content, None if options.letters == "all" else used))
    rows = np.array(kept)

    def change(layer: Any) -> Replacement | None:
        if not isinstance(layer, TokenEmbeddings):
            return None
        words, *others = layer.get_weights()
        smaller = type(layer).from_config({**layer.get_config(), "vocabulary": len(rows)})
        smaller.trainable = layer.trainable
        return Replacement([smaller], [[words[rows], *others]])

    return subject.changed(rebuilt(subject.network, change), features.at(_folder_with(pruned)))


def token_counts(subject: Subject, size: int) -> Counts:
    """How often train texts hold each token (size,): those to learn from and those to validate on."""
    material = subject.material
    counts = np.zeros(size, np.int64)
    for examples in (material.learned, *([material.validation] if material.validation else [])):
        counts += _counts(examples, size)
    return counts


def _counts(examples: Examples, size: int) -> Counts:
    counts = np.zeros(size, np.int64)
    for start in range(0, len(examples), _ROWS):
        inputs = examples.inputs(np.arange(start, min(start + _ROWS, len(examples))))
        for name, ids in inputs.items():
            if name.endswith(_IDS):
                held = ids[inputs[name.removesuffix(_IDS) + _MASK].astype(bool)]
                counts += np.bincount(held.astype(np.int64), minlength=size)
    return counts


def _answer_counts(subject: Subject, features: TextFeatures, size: int) -> Counts:
    """The same of the answers that a retrieval model chooses from, which are not of train alone."""
    if subject.manifest.task != "text_retrieval":
        return np.zeros(size, np.int64)
    tokens = features.tokens(load_answers(subject.package).answers)
    return np.bincount(np.concatenate(tokens).astype(np.int64), minlength=size)


def _folder_with(tokenizer: str) -> Path:
    """A folder with the tokeniser that lasts as long as this process: features read it when they are first used."""
    folder = Path(tempfile.mkdtemp(prefix="lepton-tokenizer-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
    return folder
