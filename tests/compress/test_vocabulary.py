from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from infra.errors import RecipeError
from tasks.compress.config import CompressOptions, VocabularyOptions
from tasks.compress.factors import factorise
from tasks.compress.methods import apply
from tasks.compress.subject import Subject, read_subject, write_subject
from tasks.compress.tokens import keep_tokens, lasting_tokens
from tasks.compress.vocabulary import prune_vocabulary
from tasks.features.text import TextFeatures
from tasks.lessons.config import TrainOptions
from tasks.model.names import named_weights
from tasks.model.weights import weights
from tasks.runtime.answers import AnswerIndex
from tasks.runtime.predictor import load
from tests.compress.subjects import ENCODER, parameters, subject_of, tabular_subject
from tests.packages import make_dataset
from tests.text_encoder import write_encoder

CORPUS = (
    "the cat sat on the mat with the other cats",
    "a dog barked at the cat and the cat ran",
    "dogs bark and cats purr while other animals rest",
    "restless animals sat barking with the purring dogs",
    "zebras jump quickly over xylophones and vowels fog",
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
UNKNOWN = {"[UNK]", "<unk>"}


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=160, special_tokens=SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(CORPUS, trainers.WordLevelTrainer(special_tokens=SPECIAL))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=330, special_tokens=special, initial_alphabet=alphabet)
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return tokenizer


KINDS = {make.__name__: make() for make in (wordpiece, word_level, byte_pairs, unigram)}


def smaller(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tokenizer, list[int]]:
    """The tokeniser with the tokens of these texts and those that last."""
    content = tokenizer.to_str()
    used = {number for each in tokenizer.encode_batch(texts) for number in each.ids}
    pruned, old = keep_tokens(content, used | lasting_tokens(content))
    return Tokenizer.from_str(pruned), old


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(KINDS)), st.lists(st.sampled_from(CORPUS), max_size=2), st.text("catdogszu -xq", max_size=30)
)
def test_known_texts_fall_into_the_same_tokens_and_others_into_known_ones(
    kind: str, texts: list[str], other: str
) -> None:
    whole = KINDS[kind]
    few, old = smaller(whole, texts)
    assert len(old) == few.get_vocab_size() <= whole.get_vocab_size()
    assert old[0] == 0
    for text in texts:
        before, after = whole.encode(text), few.encode(text)
        assert after.tokens == before.tokens
        assert after.offsets == before.offsets
        assert [old[number] for number in after.ids] == before.ids
    seen, before = few.encode(other), whole.encode(other)
    assert max(seen.ids) < len(old)
    if kind != "word_level" and not UNKNOWN & set(before.tokens):
        assert not UNKNOWN & set(seen.tokens)
        assert [end for _, end in seen.offsets[-2:-1]] == [end for _, end in before.offsets[-2:-1]]
        assert len(seen.ids) >= len(before.ids)


def test_the_tokeniser_shrinks_by_the_words_that_are_not_there() -> None:
    few, _ = smaller(KINDS["word_level"], ["the cat"])
    assert few.get_vocab() == {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "the": 4, "cat": 5, "a": 6}
    assert few.encode("the dog").ids == [2, 4, 1, 3]


def test_letters_of_other_scripts_can_go() -> None:
    """Of a tokeniser that knows them, here a Greek and a Chinese letter; Greek is seen, at a word's beginning alone."""
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "\u03b1",
        "##\u03b1",
        "\u4e00",
        "##\u4e00",
        "a",
        "##a",
        "aa",
        "\u03b1a",
    ]
    whole = Tokenizer(models.WordPiece({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    content = whole.to_str()
    assert lasting_tokens(content) == {0, 1, *range(4, 10)}
    lasting = lasting_tokens(content, {11})
    assert lasting == {0, 1, 4, 5, 8, 9}
    few = Tokenizer.from_str(keep_tokens(content, {11, *lasting})[0])
    assert few.encode("\u03b1a a\u03b1 a\u4e00").tokens == ["\u03b1a", "a", "##\u03b1", "[UNK]"]
    bytes_ = KINDS["byte_pairs"].to_str()
    assert lasting_tokens(bytes_, {5}) == lasting_tokens(bytes_)


def test_merges_that_lead_to_a_token_stay() -> None:
    few, _ = smaller(KINDS["byte_pairs"], ["cats"])
    kept = json.loads(few.to_str())["model"]["merges"]
    assert few.encode("cats").tokens == KINDS["byte_pairs"].encode("cats").tokens
    assert 0 < len(kept) < len(json.loads(KINDS["byte_pairs"].to_str())["model"]["merges"])


def test_another_kind_of_tokeniser_is_refused() -> None:
    with pytest.raises(
        RecipeError, match=r"found a tokeniser of type Syllables; allowed: WordPiece, WordLevel, BPE or"
    ):
        lasting_tokens(json.dumps({"model": {"type": "Syllables", "vocab": {}}}))


@pytest.mark.slow
def test_minilm_keeps_a_seventh_of_its_tokens_for_banking_questions(shared_data: Path) -> None:
    """All 10,003 train texts fall into the tokens of before, and no word of the 3,080 test texts becomes unknown."""
    rows = csv.read_csv(shared_data / "banking77" / "banking77.csv.gz")
    is_train = pc.equal(rows["split"], "train")
    train, test = (rows.filter(mask)["text"].to_pylist() for mask in (is_train, pc.invert(is_train)))
    content = (weights() / "tokenizer.json").read_text(encoding="utf-8")
    whole = Tokenizer.from_str(content)
    whole.no_padding()
    used = {number for each in whole.encode_batch(train) for number in each.ids}
    sizes = {}
    for letters, of in (("all", None), ("seen", used)):
        pruned, old = keep_tokens(content, used | lasting_tokens(content, of))
        few = Tokenizer.from_str(pruned)
        for before, after in zip(whole.encode_batch(train), few.encode_batch(train), strict=True):
            assert [old[number] for number in after.ids] == list(before.ids)
        assert not any("[UNK]" in each.tokens for each in few.encode_batch(test))
        sizes[letters] = len(old)
    assert sizes["seen"] < 0.6 * sizes["all"] < 0.6 * 0.15 * whole.get_vocab_size()


Make = Callable[..., Subject]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Subjects whose encoder has a WordPiece tokeniser."""

    def call(rows: pa.Table, task: Any = "text_classification", **options: Any) -> Subject:
        folder = tmp_path_factory.mktemp("texts")
        sizes = {**ENCODER, "num_hidden_layers": 1, "vocab_size": KINDS["wordpiece"].get_vocab_size() + 3}
        write_encoder(folder, 0, "", **sizes)
        KINDS["wordpiece"].save(str(folder / "tokenizer.json"))
        return subject_of(
            TrainOptions.model_validate({"task": task, "encoder": {"max_tokens": 16}, **options}), rows, folder
        )

    return call


def rows(*texts: str) -> pa.Table:
    return pa.table({"text": list(texts), "label": ["x", "y"] * (len(texts) // 2)})


FOUR = rows("the cat sat", "a dog barked", "the dog sat", "the cat barked")


def given_for(subject: Subject, texts: list[str]) -> Any:
    return subject.network.exported(subject.features.encode(pa.table({"text": texts}))).numpy()


def words(subject: Subject) -> Any:
    return named_weights(subject.network.exported)["embeddings/words"].numpy()


def test_outputs_for_train_texts_stay_and_the_table_is_smaller(make: Make, tmp_path: Path) -> None:
    subject = make(FOUR)
    small = apply("prune_vocabulary", subject, lambda: subject, CompressOptions())
    texts = FOUR["text"].to_pylist()
    assert given_for(small, texts) == pytest.approx(given_for(subject, texts), abs=1e-5)
    assert isinstance(small.features, TextFeatures)
    assert len(words(small)) == small.features.tokenizer.get_vocab_size() < 0.7 * len(words(subject))
    assert parameters(small.network) == parameters(subject.network) - 16 * (len(words(subject)) - len(words(small)))
    unseen = small.features.encode(pa.table({"text": ["zebras purr quickly", "ÀÖ 漢"]}))
    assert unseen["input_ids"].max() < len(words(small))
    assert given_for(small, ["zebras purr quickly"]).shape == (1, 2)

    write_subject(small, "prune_vocabulary", tmp_path)
    again = read_subject(tmp_path, make_dataset(FOUR, tmp_path / "data", test_rows=0))
    assert load(tmp_path).row_outputs(FOUR) == pytest.approx(given_for(subject, texts), abs=1e-5)
    learned = again.material.learned.inputs(np.arange(4))
    assert again.network.exported(learned).numpy() == pytest.approx(given_for(subject, texts), abs=1e-5)


def test_rare_tokens_go_too_and_letters_stay(make: Make) -> None:
    subject = make(rows("the cat", "the zebras", "the cat", "the cat"))
    small = prune_vocabulary(subject, VocabularyOptions(minimum_count=2))
    assert isinstance(small.features, TextFeatures)
    tokenizer = small.features.tokenizer
    assert tokenizer.encode("the cat").tokens == KINDS["wordpiece"].encode("the cat").tokens
    assert tokenizer.encode("zebras").tokens == ["[CLS]", "z", *(f"##{letter}" for letter in "ebras"), "[SEP]"]
    assert given_for(small, ["the cat"]) == pytest.approx(given_for(subject, ["the cat"]), abs=1e-5)


def test_rows_held_for_validation_are_train_texts_too(make: Make) -> None:
    texts = [f"{word} {other}" for word in ("cat", "dog", "rest", "purr") for other in ("sat", "ran", "over", "jump")]
    subject = make(rows(*texts), validation_share=0.4)
    assert subject.material.validation is not None
    small = prune_vocabulary(subject, VocabularyOptions())
    assert given_for(small, texts) == pytest.approx(given_for(subject, texts), abs=1e-5)


def test_tokens_of_all_answers_stay(make: Make) -> None:
    pairs = pa.table({"text": ["the cat", "the dog"], "answer": ["sat", "ran"]})
    subject = make(pairs, "text_retrieval")
    AnswerIndex(("sat", "xylophones"), np.zeros((2, 16), np.float32)).save(subject.package)
    small = prune_vocabulary(subject, VocabularyOptions(minimum_count=9))
    answers = ["sat", "ran", "xylophones", "zebras"]
    before, after = given_for(subject, answers), given_for(small, answers)
    assert after[[0, 2]] == pytest.approx(before[[0, 2]], abs=1e-5)
    assert np.abs(after[[1, 3]] - before[[1, 3]]).max(axis=1).min() > 0.01


def test_a_narrow_table_loses_rows_too(make: Make) -> None:
    from tasks.compress.config import FactoriseOptions

    subject = make(FOUR)
    narrow = factorise(subject, FactoriseOptions(embedding_rank=4, rows=4))
    small = prune_vocabulary(narrow, VocabularyOptions())
    texts = FOUR["text"].to_pylist()
    assert given_for(small, texts) == pytest.approx(given_for(narrow, texts), abs=1e-5)
    assert words(small).shape[1] == 4
    assert len(words(small)) < len(words(narrow))


def test_a_model_that_reads_no_texts_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"prune_vocabulary: found a model of tabular_classification, which reads no"):
        prune_vocabulary(tabular_subject([4]), VocabularyOptions())
