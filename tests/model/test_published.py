"""Folders of weights that can't be used say why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from infra.errors import SourceError
from tasks.model.published import open_published
from tests.text_encoder import write_encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    write_encoder(folder)
    return folder


def configure(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return change


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-40])


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def dangling(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "nowhere")


def integers(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = "encoder.layer.1.output.dense.bias"
    save_file({**tensors, name: tensors[name].astype(np.int32)}, folder / "model.safetensors")


def two_models(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    twice = {f"{side}.{name}": value.copy() for side in ("query", "document") for name, value in tensors.items()}
    save_file(twice, folder / "model.safetensors")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "another family": (configure(model_type="mpnet"), r"found model_type 'mpnet' in config.json; allowed: bert or rob"),
    "another activation": (configure(hidden_act="gelu_new"), r"hidden_act 'gelu_new' in config.json; allowed: gelu\."),
    "relative positions": (
        configure(position_embedding_type="relative_key"),
        r"position_embedding_type 'relative_key' in config.json; allowed: absolute",
    ),
    "a decoder": (configure(is_decoder=True), r"is_decoder True in config.json; allowed: False"),
    "heads that do not divide": (configure(num_attention_heads=3), r"hidden_size 8 and num_attention_heads 3"),
    "no size": (configure(hidden_size=None), r"config.json with hidden_size: .* valid integer"),
    "wider than the file": (
        configure(intermediate_size=17),
        r"intermediate.dense.weight of F32 \(16, 8\).*\(17, 8\)",
    ),
    "deeper than the file": (configure(num_hidden_layers=3), r"no tensor encoder.layer.2.attention.self.query.weight"),
    "fewer words than the tokeniser": (configure(vocab_size=7), r"word_embeddings.weight of F32 \(8, 8\)"),
    "no JSON": (lambda folder: folder.joinpath("config.json").write_text("[1"), r"config.json that can't be read"),
    "no object": (
        lambda folder: folder.joinpath("config.json").write_text("[1]"),
        r"config.json that can't be read .*allowed: a JSON object",
    ),
    "no tokeniser": (lambda folder: folder.joinpath("tokenizer.json").unlink(), r"found no tokenizer.json"),
    "a broken tokeniser": (
        lambda folder: folder.joinpath("tokenizer.json").write_text("{}"),
        r"tokenizer.json that",
    ),
    "cut off": (cut, r"model.safetensors that is no whole safetensors file"),
    "a pickle": (pickle_only, r"found pytorch_model.bin, a pickle, which can run any code .* and no model.safetensors"),
    "a link to nowhere": (dangling, r"found a link model.safetensors to nowhere"),
    "integers": (integers, r"encoder.layer.1.output.dense.bias of I32 \(8,\); allowed: F32 or F16 \(8,\)"),
    "two encoders": (two_models, r"found 2 tensors that end in embeddings.word_embeddings.weight"),
}


@pytest.mark.parametrize(("break_it", "message"), BROKEN.values(), ids=list(BROKEN))
def test_what_is_in_the_way_is_named(break_it: Callable[[Path], object], message: str, folder: Path) -> None:
    break_it(folder)

    with pytest.raises(SourceError, match=message):
        open_published(folder)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"encoder weights in .*nowhere: found no folder of that name"):
        open_published(tmp_path / "nowhere")


def test_the_digest_is_of_what_is_read_alone(folder: Path, tmp_path: Path) -> None:
    first = open_published(folder).digest()
    elsewhere = folder.rename(tmp_path / "elsewhere")
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (linked / name).symlink_to(elsewhere / name)
    (linked / "README.md").write_text("Beside it.")

    assert open_published(elsewhere).digest() == open_published(linked).digest() == first
    configure(layer_norm_eps=1e-5)(elsewhere)
    assert open_published(elsewhere).digest() != first
