"""The encoder, against the same forward pass in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from infra.errors import SourceError
from tasks.features.text import pad, text_features
from tasks.model.config import EncoderOptions, Pooling
from tests.encoder_reference import embed
from tests.text_encoder import HEADS, LAYERS, SIZE, write_encoder

TEXTS = ["a b c", "d", "b unknown d c a"]
SENTENCES = ["How do I reset my password?", "Flights from Boston to Denver, please.", "ok"]


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    scaled: NDArray[Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def test_a_padded_batch_gives_the_reference_embedding_of_every_text(folder: Path) -> None:
    from tasks.model.pretrained import pretrained_encoder

    tokens = text_features(folder, max_tokens=16).tokens(TEXTS)
    tensors = load_file(folder / "model.safetensors")

    embeddings = unit(pretrained_encoder(folder)(pad(tokens)).numpy())

    expected = [embed(tensors, LAYERS, HEADS, ids.tolist()) for ids in tokens]
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize(
    ("prefix", "first_place", "family"),
    [("bert.", 0, {}), ("roberta.", 2, {"model_type": "roberta", "pad_token_id": 1, "type_vocab_size": 1})],
)
def test_weights_of_another_shape_give_the_reference_embeddings(
    prefix: str, first_place: int, family: dict[str, Any], pooling: Pooling, tmp_path: Path
) -> None:
    from tasks.model.pretrained import pretrained_encoder

    shape = {"hidden_size": 12, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 20}
    write_encoder(tmp_path, seed=5, prefix=prefix, **shape, **family, max_position_embeddings=9)
    tokens = text_features(tmp_path, max_tokens=8).tokens(TEXTS)
    tensors = load_file(tmp_path / "model.safetensors")

    embeddings = unit(pretrained_encoder(tmp_path, options=EncoderOptions(pooling=pooling))(pad(tokens)).numpy())

    expected = [embed(tensors, 3, 3, ids.tolist(), prefix, first_place, pooling) for ids in tokens]
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)


def test_half_precision_and_old_names_of_norms_are_read(folder: Path, tmp_path: Path) -> None:
    from tasks.model.pretrained import pretrained_encoder

    write_encoder(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    for new, name in old.items():
        tensors = {key.replace(new, name): value.astype(np.float16) for key, value in tensors.items()}
    save_file(tensors, tmp_path / "model.safetensors")
    tokens = pad(text_features(folder, max_tokens=16).tokens(TEXTS))

    whole, half = pretrained_encoder(folder)(tokens).numpy(), pretrained_encoder(tmp_path)(tokens).numpy()

    np.testing.assert_allclose(unit(half), unit(whole), atol=5e-3)


def test_minilm_gives_the_reference_embeddings() -> None:
    from tasks.model.pretrained import pretrained_encoder
    from tasks.model.weights import weights

    minilm = weights()
    tokens = text_features(minilm, max_tokens=64).tokens(SENTENCES)
    tensors = load_file(minilm / "model.safetensors")

    embeddings = unit(pretrained_encoder(minilm)(pad(tokens)).numpy())

    expected = [embed(tensors, 6, 12, ids.tolist()) for ids in tokens]
    np.testing.assert_allclose((embeddings * expected).sum(axis=1), 1.0, atol=1e-5)


def test_gradients_reach_what_is_not_frozen(folder: Path) -> None:
    import tensorflow as tf

    from tasks.model.encoder import freeze
    from tasks.model.pretrained import pretrained_encoder

    encoder = pretrained_encoder(folder)
    freeze(encoder, embeddings=True, layers=1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(pad([np.array([2, 4, 3], np.int32)]))[:, 0])
    gradients = tape.gradient(loss, encoder.trainable_variables)

    assert {weight.name.split("_")[0] for weight in encoder.trainable_variables} == {"layer1"}
    assert all(np.abs(gradient).max() > 0 for gradient in gradients if gradient.shape != (3 * SIZE,))


def test_weights_of_another_model_are_refused(folder: Path, tmp_path: Path) -> None:
    from tasks.model.pretrained import pretrained_encoder

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))

    with pytest.raises(SourceError, match=r"found no tensor encoder\.layer\.2\.attention.*delete the folder"):
        pretrained_encoder(tmp_path)


def test_weights_cut_off_are_refused(folder: Path, tmp_path: Path) -> None:
    from tasks.model.pretrained import pretrained_encoder

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(
        SourceError, match=r"found model.safetensors that is no whole safetensors file.*delete the fold"
    ):
        pretrained_encoder(tmp_path)
