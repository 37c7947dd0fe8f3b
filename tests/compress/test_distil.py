"""A student of random weights comes near to a teacher of other random weights, whatever the two tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import RecipeError
from tasks.compress import imitation, inner
from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.methods import apply
from tasks.compress.subject import Subject
from tasks.compress.teacher import ANSWER, QUESTION, TAUGHT, TRUTH, parted, taught
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare
from tasks.model.names import named_weights
from tasks.runtime.package import PackageManifest
from tests.packages import identified
from tests.text_encoder import write_encoder
from tests.train.conftest import people, tabular

Floats = np.ndarray[Any, Any]
WORDS = ("a", "b", "c", "d")
ONES = np.ones(2, np.float32)
HEADS = [
    {"column": "label", "kind": "classification"},
    {"column": "topics", "kind": "multi_label"},
    {"column": "urgency", "kind": "regression", "weight": 2.0},
    {"column": "tags", "kind": "tagging"},
]


def lines(count: int = 48) -> pa.Table:
    """Texts of 1 to 6 words with a truth of every kind."""
    random = np.random.default_rng(5)
    texts = [" ".join(random.choice(WORDS, random.integers(1, 7))) for _ in range(count)]
    return pa.table(
        {
            "text": texts,
            "label": ["yes" if text.startswith("a") else "no" for text in texts],
            "topics": [";".join(sorted({*text.split()} & {"a", "b"})) for text in texts],
            "urgency": [float(len(text)) for text in texts],
            "tags": [" ".join("B-x" if word == "c" else "O" for word in text.split()) for text in texts],
            "answer": [text[::-1] for text in texts],
        }
    )


def ratings(count: int = 120) -> pa.Table:
    random = np.random.default_rng(6)
    columns = {"user": random.integers(1, 9, count), "item": random.integers(1, 13, count)}
    return pa.table({**columns, "rating": random.integers(1, 6, count).astype(float)})


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    write_encoder(folder, num_hidden_layers=1)
    return folder


def options_of(task: str, **more: Any) -> TrainOptions:
    learning = {"learning_rate": 0.03, "head_learning_rate": 0.03}
    how = {"task": task, "dropout": 0.0, "batch_size": 16, "optimizer": learning, "encoder": {"max_tokens": 8}}
    return TrainOptions.model_validate({**how, **more})


def make(options: TrainOptions, rows: pa.Table, weights: Path | None, seed: int, spread: float = 1.0) -> Subject:
    """A model of random weights, with what it would learn from."""
    material = prepare(options, identified(rows), weights)
    network, random = material.lesson.build(), np.random.default_rng(seed)
    for model in (network.exported, network.trained):
        model.set_weights([random.normal(0, spread, weight.shape) for weight in model.get_weights()])
    lesson = material.lesson
    manifest = PackageManifest(
        task=options.task, format="saved_model", labels=lesson.labels, heads=lesson.heads, dataset_digest="d"
    )
    return Subject(Path(), manifest, network, lesson.features, material, options)


def distilled(subject: Subject, teacher: Subject, **options: Any) -> Subject:
    asked = CompressOptions.model_validate({"steps": ["distil"], "distil": {"epochs": 8, "logits": 1.0, **options}})
    return apply("distil", subject, lambda: teacher, asked)


def told(subject: Subject, teacher: Subject) -> dict[str, Floats]:
    """What a model gives for the teacher's rows, with a mask of padding laid over tags."""
    learned = teacher.material.learned
    inputs = learned.inputs(np.arange(len(learned)))
    names = [tensor.name for tensor in subject.network.exported.inputs]
    outputs = subject.network.exported({name: inputs[name] for name in names})
    named = outputs if isinstance(outputs, dict) else {"": outputs}
    values = {name: np.asarray(value) for name, value in named.items()}
    truth: Any = learned.targets(np.arange(len(learned)))
    return {name: value[truth["tags"] >= 0] if name == "tags" else value for name, value in values.items()}


def distances(one: Subject, teacher: Subject) -> dict[str, float]:
    mine, theirs = told(one, teacher), told(teacher, teacher)
    return {name: float(np.abs(mine[name] - theirs[name]).mean()) for name in theirs}


def of_texts(task: str, **more: Any) -> Callable[[Path, int], Subject]:
    return lambda weights, seed: make(options_of(task, **more), lines(), weights, seed)


def of_ratings(task: str) -> Callable[[Path, int], Subject]:
    return lambda _, seed: make(options_of(task, embedding_size=4), ratings(), None, seed)


def of_people(_: Path, seed: int) -> Subject:
    return make(tabular(hidden_units=[8], dropout=0.0), people(), None, seed, spread=0.5)


@pytest.mark.parametrize(
    "begin",
    [
        of_people,
        of_texts("text_classification"),
        of_texts("text_heads", heads=HEADS),
        of_texts("text_retrieval", retrieval={"hard_negatives": 2}),
        of_ratings("rating_prediction"),
        of_ratings("item_ranking"),
    ],
)
def test_a_student_comes_near_to_its_teacher(encoder: Path, begin: Callable[[Path, int], Subject]) -> None:
    teacher, student = begin(encoder, 1), begin(encoder, 2)
    theirs, before = teacher.network.exported.get_weights(), student.network.exported.get_weights()

    after = distilled(student, teacher, epochs=16)

    far, near = distances(student, teacher), distances(after, teacher)
    assert all(near[name] < 0.5 * far[name] for name in far), (far, near)
    assert all(map(np.array_equal, teacher.network.exported.get_weights(), theirs)), "a teacher learns nothing"
    assert all(map(np.array_equal, student.network.exported.get_weights(), before)), "it is a copy that learns"


@pytest.mark.slow
def test_layers_are_learned_too_and_nothing_of_the_teacher_stays(tmp_path: Path) -> None:
    """A teacher of two layers and twice the size; one map to its size is learned beside, and dropped."""
    write_encoder(tmp_path / "small", num_hidden_layers=1)
    write_encoder(tmp_path / "large", hidden_size=16)
    options = options_of("text_classification")
    teacher = make(options, lines(), tmp_path / "large", 1)
    student = make(options, lines(), tmp_path / "small", 2)

    def difference(one: Subject) -> float:
        rows = teacher.material.learned.inputs(np.arange(16))
        outputs = inner.beside(one.network, one, teacher).trained(rows)
        scores = zip(outputs["scores"], outputs["taught_scores"], strict=True)
        return float(np.mean([np.square(own - theirs).mean() for own, theirs in scores]))

    after = distilled(student, teacher, epochs=12, logits=0.5, hidden=1.0, attention=1.0)

    assert difference(after) < 0.5 * difference(student)
    names = named_weights(student.network.trained).keys()
    assert named_weights(after.network.trained).keys() == names
    assert [weight.name for weight in after.network.exported.weights] == [
        weight.name for weight in student.network.exported.weights
    ]


@pytest.mark.slow
def test_a_student_that_other_methods_made_learns_layers(tmp_path: Path) -> None:
    """Fewer layers, and in each fewer heads, so that attention is compared over all of them; zeros stay."""
    write_encoder(tmp_path, hidden_size=16, num_attention_heads=4)
    teacher = make(options_of("text_classification"), lines(), tmp_path, 1)
    steps: list[Method] = ["drop_layers", "prune_heads", "prune", "distil"]
    asked = CompressOptions.model_validate(
        {
            "steps": steps,
            "layers": {"keep": 1},
            "heads": {"share": 0.5, "score": "l1"},
            "prune": {"sparsity": 0.75, "tuning": {"epochs": 0}},
            "distil": {"epochs": 2, "hidden": 1.0, "attention": 1.0},
        }
    )
    student = teacher
    for step in steps:
        student = apply(step, student, lambda: teacher, asked)
        done = (*student.manifest.compression, step)
        student = replace(student, manifest=student.manifest.model_copy(update={"compression": done}))

    weights = named_weights(student.network.trained)
    assert not [name for name in weights if name.startswith("layer1_")]
    (kernel,) = (weights[name].numpy() for name in weights if name.endswith("forward_wide/kernel"))
    assert (kernel == 0).mean() == 0.75


def test_the_teacher_reads_by_its_own_tokeniser(encoder: Path, tmp_path: Path) -> None:
    """The student has the ids of two words the other way round; else it is the teacher, down to each layer."""
    write_encoder(tmp_path, num_hidden_layers=1)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["a"], vocabulary["d"] = vocabulary["d"], vocabulary["a"]
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    options = options_of("text_classification")
    teacher, student = make(options, lines(), encoder, 1), make(options, lines(), tmp_path, 1)
    words = student.network.trained.get_layer("encoder").get_layer("embeddings").words
    values = words.numpy()
    values[[vocabulary["a"], vocabulary["d"]]] = values[[vocabulary["d"], vocabulary["a"]]]
    words.assign(values)
    rows = np.array([7, 3, 11])
    own, theirs = (each.material.learned.inputs(rows) for each in (student, teacher))
    assert not np.array_equal(own["input_ids"], theirs["input_ids"])

    given = parted(taught(student, teacher).targets(rows))[1][""]  # type: ignore[arg-type]
    assert given == pytest.approx(teacher.network.trained(theirs).numpy(), abs=1e-5)
    outputs = inner.beside(student.network, student, teacher).trained(own)
    for kind, count in (("states", 2), ("scores", 1)):
        pairs = list(zip(outputs[kind], outputs[f"taught_{kind}"], strict=True))
        assert len(pairs) == count
        assert all(np.allclose(*pair, atol=1e-5) for pair in pairs)


def test_a_word_that_the_teacher_did_not_see_is_not_learned_from_it(encoder: Path) -> None:
    """Its texts are cut at four tokens, of which two are words; the student's at eight."""
    options = options_of("text_heads", heads=HEADS)
    short = options.model_copy(update={"encoder": options.encoder.model_copy(update={"max_tokens": 4})})
    student, teacher = make(options, lines(), encoder, 2), make(short, lines(), encoder, 1)
    texts = lines()["text"].to_pylist()
    rows = np.array([next(row for row, text in enumerate(texts) if len(text.split()) == words) for words in (1, 5)])

    targets = taught(student, teacher).targets(rows)

    assert isinstance(targets, dict)
    tags = targets[TAUGHT + "tags"]
    assert np.isfinite(tags[..., 0]).tolist() == [[False, True] + [False] * 5, [False, True, True] + [False] * 4]
    theirs = teacher.network.trained(teacher.material.learned.inputs(rows))["tags"].numpy()
    assert tags[1, 1:3] == pytest.approx(theirs[1, 1:3], abs=1e-5)


def test_what_is_not_to_be_had(encoder: Path) -> None:
    one, other = of_people(encoder, 1), make(tabular(hidden_units=[8]), people(48), None, 1)
    with pytest.raises(RecipeError, match=r"teacher of distil: found one of other train rows; .*chain began with"):
        distilled(one, other)
    with pytest.raises(RecipeError, match=r"teacher of distil: found one that tells something else"):
        distilled(one, of_texts("text_classification")(encoder, 1))
    with pytest.raises(RecipeError, match=r"found a model of tabular_classification, which has no layers of an enc"):
        distilled(one, one, hidden=1.0)


def test_the_truth_has_the_rest_of_the_weight() -> None:
    def own(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        return targets

    def theirs(outputs: Any, given: Any, weights: Any, total: Any) -> Any:
        return given["x"]

    loss = imitation.towards(own, theirs, 0.75)
    assert loss(None, {TRUTH: 8.0, f"{TAUGHT}x": 4.0}, None, None) == 0.75 * 4 + 0.25 * 8


def test_soft_classes_are_a_divergence_at_a_temperature() -> None:
    """At a temperature of 2 the logits 2 log 3 and 0 are 3 to 1; the student says 1 to 1."""
    logits, teachers = np.zeros((2, 2), np.float32), np.array([[2 * np.log(3), 0], [0, 0]], np.float32)
    expected = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    loss = imitation.soft_classes(2.0)
    assert float(loss(logits, teachers, ONES, 2.0)) == pytest.approx(4 * expected / 2, rel=1e-5)
    assert float(loss(teachers, teachers, ONES, 2.0)) == pytest.approx(0, abs=1e-6)
    assert float(loss(logits, teachers, np.array([0, 1], np.float32), 2.0)) == pytest.approx(0, abs=1e-6)


def test_soft_labels_are_the_same_of_each_label() -> None:
    logits, teachers = np.zeros((1, 2), np.float32), np.array([[2 * np.log(3), 0]], np.float32)
    expected = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    loss = imitation.soft_labels(2.0)(logits, teachers, ONES[:1], 1.0)
    assert float(loss) == pytest.approx(4 * expected / 2, rel=1e-5)


def test_soft_tags_count_the_words_of_a_text_alike() -> None:
    """One text of one word and one of two: each word of the second has half of the first's weight."""
    missing = np.nan
    teachers = np.array([[[4, 0], [missing] * 2], [[0, 0], [4, 0]]], np.float32)
    logits = np.zeros((2, 2, 2), np.float32)
    one = float(imitation.soft_classes(1.0)(logits[:1, 0], teachers[:1, 0], ONES[:1], 1.0))
    assert float(imitation.soft_tags(1.0)(logits, teachers, ONES, 2.0)) == pytest.approx((one + one / 2) / 2, rel=1e-5)


def test_scores_of_items_that_do_not_count_are_left_out() -> None:
    scores = np.array([[1, 5, -1e9], [0, 0, 0]], np.float32)
    teachers = np.array([[3, 5, -1e9], [0, 3, 0]], np.float32)
    loss = imitation.squared_difference(scores, teachers, ONES, 2.0)
    assert float(loss) == pytest.approx((4 / 2 + 9 / 3) / 2)


def test_embeddings_are_to_be_the_teachers_or_to_stand_to_each_other_as_they_do() -> None:
    question, answer = np.eye(2, dtype=np.float32), np.array([[1, 0], [0.6, 0.8]], np.float32)
    turned = {QUESTION: question[:, ::-1], ANSWER: answer[:, ::-1]}
    loss = imitation.same_embeddings([question, answer], turned, ONES, 2.0)
    assert float(loss) == pytest.approx(1 - (0 + 0 + 0 + 2 * 0.6 * 0.8) / 4)
    assert float(imitation.same_similarities([question, answer], turned, ONES, 2.0)) == pytest.approx(0, abs=1e-7)
    wide = {QUESTION: np.eye(2, 3, dtype=np.float32), ANSWER: np.eye(2, 3, dtype=np.float32)}
    differences = np.array([[0, 0.6], [0, 0.2]])  # of [[1, 0.6], [0, 0.8]] from the identity
    loss = imitation.same_similarities([question, answer], wide, ONES, 2.0)
    assert float(loss) == pytest.approx(np.square(differences).mean())
