from __future__ import annotations

from pathlib import Path

from tasks.runtime.package import PackageManifest, package_bytes, read_manifest, write_manifest


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = PackageManifest(
        task="text_classification", format="tflite", labels=("é", "日本"), dataset_digest="d", parent_digest="p"
    )
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest


def test_the_size_is_the_models_alone(tmp_path: Path) -> None:
    write_manifest(tmp_path, PackageManifest(task="rating_prediction", format="saved_model", dataset_digest="d"))
    (tmp_path / "saved_model" / "variables").mkdir(parents=True)
    (tmp_path / "saved_model" / "saved_model.pb").write_bytes(b"x" * 10)
    (tmp_path / "saved_model" / "variables" / "data").write_bytes(b"x" * 7)
    (tmp_path / "features.json").write_bytes(b"x" * 100)
    assert package_bytes(tmp_path) == 17
