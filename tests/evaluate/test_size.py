from __future__ import annotations

import gzip
import random
from pathlib import Path

from tasks.evaluate.size import gzip_bytes, size_metrics
from tasks.runtime.package import PackageManifest, write_manifest


def test_gzip_bytes_are_those_that_gzip_writes(tmp_path: Path) -> None:
    content = bytes(1000) + random.Random(1).randbytes(3000)
    (tmp_path / "file").write_bytes(content)
    assert gzip_bytes(tmp_path / "file") == len(gzip.compress(content, compresslevel=6))


def test_sizes_are_of_the_model_alone_in_millions_of_bytes(tmp_path: Path) -> None:
    write_manifest(tmp_path, PackageManifest(task="rating_prediction", format="tflite", dataset_digest="d"))
    (tmp_path / "model.tflite").write_bytes(bytes(2_000_000))
    (tmp_path / "tokenizer.json").write_bytes(bytes(5_000))
    metrics = size_metrics(tmp_path)
    assert metrics["size_mb"] == 2.0
    assert 0 < metrics["gzip_mb"] < 0.01
