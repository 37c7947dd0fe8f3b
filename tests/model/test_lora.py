"""Adapters, apart from the model and folded into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import SourceError
from tasks.features.text import pad
from tasks.model.config import EncoderOptions, Target

TEXTS = pad([np.array([2, 4, 3], np.int32), np.array([2, 5, 6, 7, 3], np.int32)])
ALL: list[Target] = ["query", "key", "value", "attention_output", "forward"]


def adapted(folder: Path, seed: int = 1, **options: Any) -> Any:
    """A classifier of 3 classes on an encoder with adapters."""
    from tasks.model.classifier import build_classifier
    from tasks.model.pretrained import pretrained_encoder

    asked = EncoderOptions.model_validate({"lora": {"rank": 2, "alpha": 3, **options}})
    return build_classifier(pretrained_encoder(folder, 0.1, asked, seed), 3, 0.1)


def scatter(model: Any) -> None:
    """Move what learns: at first adapters add nothing."""
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign_add(random.normal(0, 0.5, variable.shape))


def test_an_adapted_layer_adds_the_product_of_its_thin_matrices() -> None:
    from tasks.model.lora import LowRankDense

    layer = LowRankDense(4, rank=1, alpha=2, parts=2, adapted=[1])  # two parts of 2; the second has an adapter
    layer.build((None, None, 3))
    layer.kernel.assign(np.eye(3, 4))
    layer.bias.assign([0, 0, 0, 5])
    layer.downs[0].assign([[1], [0], [1]])
    layer.ups[0].assign([[10, 100]])

    outputs = layer(np.array([[[1.0, 2.0, 3.0]]], np.float32)).numpy()

    # x W + b = [1 2 3 5]; (alpha / rank) x A = 2 (1 + 3) = 8, times B = [80 800], on the second part.
    np.testing.assert_allclose(outputs, [[[1, 2, 83, 805]]])
    assert {weight.name for weight in layer.trainable_variables} == {"down1:0", "up1:0"}


def test_training_begins_at_the_pretrained_model(folder: Path) -> None:
    from tasks.model.pretrained import pretrained_encoder

    encoder = adapted(folder, targets=ALL).exported.get_layer("encoder")

    np.testing.assert_allclose(encoder(TEXTS), pretrained_encoder(folder)(TEXTS), atol=1e-6)


def test_only_adapters_and_the_head_learn(folder: Path) -> None:
    names = {variable.name.removesuffix(":0") for variable in adapted(folder).trained.trainable_variables}

    thin = {f"{kind}{part}" for kind in ("down", "up") for part in (0, 2)}  # of queries and values
    layers = {f"layer{layer}_attention_projection/{name}" for layer in (0, 1) for name in thin}
    assert names == layers | {"logits/kernel", "logits/bias"}


@pytest.mark.parametrize("targets", [["query", "value"], ["forward"], ALL], ids=["attention", "forward", "all"])
def test_merged_outputs_equal_unmerged_ones(targets: list[Target], folder: Path) -> None:
    from tasks.model.lora import adapted_layers, merge
    from tasks.model.pretrained import pretrained_encoder

    model = adapted(folder, targets=targets).exported
    before = model(TEXTS).numpy()
    scatter(model)

    merged = merge(model)

    np.testing.assert_allclose(merged(TEXTS), model(TEXTS), atol=1e-5)
    assert np.abs(model(TEXTS).numpy() - before).max() > 0.01
    assert not list(adapted_layers(merged))
    assert len(merged.weights) == len(pretrained_encoder(folder).weights) + 2  # and the head's


def test_a_model_without_adapters_is_merged_already(folder: Path) -> None:
    from tasks.model.lora import merge
    from tasks.model.pretrained import pretrained_encoder

    encoder = pretrained_encoder(folder)

    assert merge(encoder) is encoder


def test_an_adapter_and_its_base_make_the_model(folder: Path, tmp_path: Path) -> None:
    from tasks.model.lora import load_adapter, save_adapter

    model, file = adapted(folder, targets=ALL).exported, tmp_path / "adapter.safetensors"
    scatter(model)
    save_adapter(model, file, "base")
    again = adapted(folder, seed=2, targets=ALL).exported

    load_adapter(again, file, "base")

    np.testing.assert_allclose(again(TEXTS), model(TEXTS), atol=1e-6)


def test_an_adapter_of_another_base_or_rank_is_refused(folder: Path, tmp_path: Path) -> None:
    from tasks.model.lora import load_adapter, save_adapter

    model, file = adapted(folder).exported, tmp_path / "adapter.safetensors"
    save_adapter(model, file, "base")

    with pytest.raises(SourceError, match=r"found an adapter of base base; allowed: one of base other"):
        load_adapter(model, file, "other")
    with pytest.raises(SourceError, match=r"down0 of shape \(8, 2\) where the model's is \(8, 3\); .*same rank"):
        load_adapter(adapted(folder, rank=3).exported, file, "base")
    file.write_bytes(b"no adapter")
    with pytest.raises(SourceError, match=r"adapter .*: found .*; allowed: a whole safetensors file"):
        load_adapter(model, file, "base")


def test_adapters_and_learning_embeddings_contradict() -> None:
    with pytest.raises(ValueError, match=r"lora.rank, train_embeddings: found both"):
        EncoderOptions.model_validate({"lora": {"rank": 4}, "train_embeddings": True})
