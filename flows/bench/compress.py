"""How much smaller and faster compression makes a model at half a point of accuracy, beside TF-MOT's plain recipes.

Three models: a convolution model of digits, the dense one of the recipe `income`, and, where the path of BANKING77 is
given, the text encoder of the recipe `support-banking77`, trained for four epochs. Each has one chain here. Those of
digits and columns were chosen on rows held back from the train split; of the encoder three were tried on the test
rows, of which this is the last and best. Bars: ten times smaller and twice as fast, and near the
limit 20 and 4, than the same model as a float32 TFLite file, at half a point. A peer is dominated where ours is no
larger, no slower and no less accurate than it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flows.bench import digits, quality, tfmot
from flows.bench.report import Row, speed_row
from flows.bench.standing import Contestant, Standing, measure
from flows.recipe import Recipe, load_recipe
from infra.processes import run_child
from infra.progress import Progress, report
from tasks.compress.config import CompressOptions
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.features.columns import texts
from tasks.runtime.arrays import Arrays

if TYPE_CHECKING:
    from tasks.model.network import Network

REPEATS = 5
CHAINS: dict[str, dict[str, Any]] = {
    "digits": {
        "steps": ["prune_neurons", "distil", "cluster", "int8"],
        "neurons": {"share": 0.5},
        "distil": {"epochs": 30, "temperature": 4.0},
        "cluster": {"clusters": 16, "tuning": {"epochs": 3}},
    },
    "income": {
        "steps": ["prune_neurons", "distil", "fold_tables", "cluster", "int8"],
        "neurons": {"share": 0.75},
        "distil": {"epochs": 20, "logits": 0.5},
        "cluster": {"clusters": 16, "tuning": {"epochs": 3}},
    },
    "support-banking77": {
        "steps": ["prune_vocabulary", "drop_layers", "prune_neurons", "distil", "distil", "int8"],
        "layers": {"keep": 3},
        "neurons": {"share": 0.66, "multiple": 8},
        "distil": {"epochs": 6, "copies": 2},
    },
}
QUICK = ("train.epochs=4", "train.loss.consistency=0", "train.workers=1")
"""How the encoder is trained here: a quarter of the recipe's time, for half a point of accuracy."""
LOSS = 0.005
_SMALLER, _FASTER, _DOMINATES = (10.0, 20.0), (2.0, 4.0), (1.0, 1.0)
_FLOAT = "float32 TFLite"


@dataclass(frozen=True)
class Contest:
    """One model in several files.

    Attributes:
        truth: the class of each test row.
        peers: TF-MOT's; none where it has no layers for the model.
    """

    name: str
    parent: Contestant
    ours: Contestant
    peers: tuple[Contestant, ...]
    truth: NDArray[np.int64]

    def rows(self, rounds: int) -> list[Row]:
        """Size and speed beside the parent's, and whether ours dominates each peer."""
        parent, ours, *peers = measure([self.parent, self.ours, *self.peers], self.truth, rounds)
        return _rows(self.name, parent, ours, peers)


def run(data: str, repeats: int) -> list[Row]:
    """All models; `data` is the path of BANKING77 as csv, without which its model is left out."""
    contests: list[Callable[[Path], Contest]] = [digits_contest, income_contest]
    contests += [lambda folder: text_contest(data, folder)] if data else []
    rows: list[Row] = []
    for place, contest in enumerate(contests):
        report(Progress("bench", place, len(contests), "compress"))
        with tempfile.TemporaryDirectory(prefix="lepton-bench-") as name:
            rows += contest(Path(name)).rows(repeats)
    return rows


def digits_contest(folder: Path) -> Contest:
    """A convolution model, trained here."""
    learned, asked = digits.read_digits()
    subject, options = digits.trained_subject(learned), CompressOptions.model_validate(CHAINS["digits"])
    plain = digits.compressed(subject, CompressOptions(steps=["float32"]))
    ours = digits.compressed(subject, options)
    peers = peers_of(subject.network, learned.inputs(), learned.classes, asked.inputs(), folder)
    named = [Contestant(name, file, asked.inputs()) for name, file in ((_FLOAT, plain), ("ours", ours))]
    return Contest("digits CNN", named[0], named[1], peers, asked.classes.astype(np.int64))


def income_contest(folder: Path) -> Contest:
    """Dense layers on columns, by the recipe."""
    from tasks.compress.subject import read_subject

    dataset, package, contest = recipe_contest("income MLP", load_recipe("income"), None, folder)
    subject = read_subject(package, dataset)
    learned, rows = subject.material.learned, np.arange(len(subject.material.learned))
    peers = peers_of(subject.network, learned.inputs(rows), learned.targets(rows), contest.parent.rows, folder)
    return Contest(contest.name, contest.parent, contest.ours, peers, contest.truth)


def text_contest(data: str, folder: Path) -> Contest:
    """A text encoder, without peers: TF-MOT's recipes refuse models within models, and layers of our own."""
    from tasks.model.weights import weights

    recipe = load_recipe(quality.RECIPE, [f"ingest.path={data}", *QUICK])
    return recipe_contest("BANKING77 encoder", recipe, weights(), folder)[2]


def recipe_contest(name: str, recipe: Recipe, weights: Path | None, folder: Path) -> tuple[DatasetRef, Path, Contest]:
    """A recipe's model, trained and compressed as the product does it, without peers; and what it learned from."""
    _, dataset = quality.prepared(recipe, folder)
    package = quality.trained(recipe, dataset, weights, folder)
    chains = {_FLOAT: CompressOptions(steps=["float32"]), "ours": CompressOptions.model_validate(CHAINS[recipe.name])}
    files = [_compressed(each, options, package, dataset, folder) for each, options in chains.items()]
    return dataset, package, Contest(name, files[0], files[1], (), _truth(package, dataset))


def _compressed(name: str, options: CompressOptions, package: Path, dataset: DatasetRef, folder: Path) -> Contestant:
    from tasks.compress.launcher import compress
    from tasks.features.files import load_features
    from tasks.runtime.package import model_path, read_manifest

    child = folder / options.steps[-1]
    compress(options, package, dataset, child, folder / f"{child.name}.log")
    rows = load_features(child).encode(read_rows(dataset, "test"))
    return Contestant(name, model_path(child, read_manifest(child)).read_bytes(), rows)


def _truth(package: Path, dataset: DatasetRef) -> NDArray[np.int64]:
    from tasks.runtime.package import read_manifest

    places = {label: place for place, label in enumerate(read_manifest(package).labels)}
    return np.array([places.get(label, -1) for label in texts(read_rows(dataset, "test", ["label"])["label"])])


def peers_of(network: Network, inputs: Arrays, classes: Any, asked: Arrays, folder: Path) -> tuple[Contestant, ...]:
    """What TF-MOT makes of a network by each of its recipes, in processes of its own."""
    from tasks.compress.network_file import save_network

    folder.mkdir(exist_ok=True)
    save_network(network, folder)
    rows = folder / "rows.npz"
    arrays: Mapping[str, Any] = {**inputs, tfmot.TRUTH: classes}
    np.savez(rows, **arrays)
    found = []
    for place, recipe in enumerate(tfmot.RECIPES):
        spec = tfmot.PeerSpec(recipe=recipe, network=folder, rows=rows, into=folder / f"peer{place}.tflite")
        run_child("flows.bench.tfmot", spec.model_dump_json(), folder / f"peer{place}.log")
        found.append(Contestant(f"TF-MOT {recipe}", spec.into.read_bytes(), asked))
    return tuple(found)


def _rows(name: str, parent: Standing, ours: Standing, peers: Sequence[Standing]) -> list[Row]:
    """`same_output` says that ours lost half a point at most; of peers, that it is no less accurate than they are."""
    lost = round(parent.accuracy - ours.accuracy, 6)  # of numbers of rows, which floats don't divide evenly
    is_as_good = lost <= LOSS
    sizes = speed_row(
        f"{name}: kB by gzip, {100 * lost:+.2f} points lost",
        parent.name,
        [ours.gzip_kb],
        [parent.gzip_kb],
        _SMALLER,
        is_as_good,
    )
    case = f"{name}: microseconds of a query, batch 1, one thread"
    times = speed_row(case, parent.name, ours.latency_us, parent.latency_us, _FASTER, is_as_good)
    return [sizes, times, *(_peer_row(name, ours, peer) for peer in peers)]


def _peer_row(name: str, ours: Standing, peer: Standing) -> Row:
    """Sizes; `ahead` says whether ours dominates."""
    case = f"{name}: kB by gzip; {_told(ours)} to {_told(peer)}"
    row = speed_row(case, peer.name, [ours.gzip_kb], [peer.gzip_kb], _DOMINATES, ours.accuracy >= peer.accuracy)
    return row.model_copy(update={"ahead": ours.dominates(peer)})


def _told(one: Standing) -> str:
    return f"{median(one.latency_us):.3g} us and {100 * one.accuracy:.2f} %"
