"""A BERT-style text encoder in Keras, such as MiniLM, with the weights of its safetensors file.

A folder of weights holds `config.json`, `model.safetensors` and `tokenizer.json`, named as in Hugging Face's
BertModel. Post-norm transformer after Devlin et al. 2018, sentence vectors after Reimers and Gurevych 2019.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from pydantic import BaseModel, ConfigDict

from tasks.model.dropout import SeededDropout
from tasks.model.layers import LayerNorm, MeanPooling, SelfAttention, TokenEmbeddings

TEXT_INPUTS = ("input_ids", "attention_mask")


class EncoderConfig(BaseModel):
    """The sizes that a folder of weights names in `config.json`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    layer_norm_eps: float


def read_config(folder: Path) -> EncoderConfig:
    """The sizes of the encoder in `folder`."""
    return EncoderConfig.model_validate_json((folder / "config.json").read_text(encoding="utf-8"))


def text_inputs(prefix: str = "") -> dict[str, Any]:
    """Keras inputs of a batch of texts of any number and length."""
    return {name: tf.keras.Input((None,), dtype=tf.int32, name=prefix + name) for name in TEXT_INPUTS}


def build_encoder(config: EncoderConfig, dropout: float = 0.0) -> Any:
    """A Keras model from `input_ids` and `attention_mask` (b, t) to the mean of the token vectors (b, size)."""
    inputs = text_inputs()
    mask = inputs["attention_mask"]
    states = TokenEmbeddings(config.vocab_size, config.max_position_embeddings, config.hidden_size, name="embeddings")(
        inputs["input_ids"]
    )
    states = LayerNorm(config.layer_norm_eps, name="embeddings_norm")(states)
    states = SeededDropout(dropout, salt=0, name="embeddings_dropout")(states)
    for layer in range(config.num_hidden_layers):
        states = _attention(config, layer, dropout, states, mask)
        states = _feed_forward(config, layer, dropout, states)
    return tf.keras.Model(inputs, MeanPooling(name="pooling")([states, mask]), name="encoder")


def freeze(encoder: Any, embeddings: bool, layers: int) -> None:
    """Hold still the embeddings and the lowest `layers` layers."""
    still = [f"layer{layer}_" for layer in range(layers)] + (["embeddings"] if embeddings else [])
    for layer in encoder.layers:
        layer.trainable = not layer.name.startswith(tuple(still))


def _attention(config: EncoderConfig, layer: int, dropout: float, states: Any, mask: Any) -> Any:
    name = f"layer{layer}_attention"
    projected = tf.keras.layers.Dense(3 * config.hidden_size, name=f"{name}_projection")(states)
    mixed = SelfAttention(config.num_attention_heads, name=name)([projected, mask])
    mixed = tf.keras.layers.Dense(config.hidden_size, name=f"{name}_output")(mixed)
    mixed = SeededDropout(dropout, salt=2 * layer + 1, name=f"{name}_dropout")(mixed)
    return LayerNorm(config.layer_norm_eps, name=f"{name}_norm")(tf.keras.layers.add([states, mixed]))


def _feed_forward(config: EncoderConfig, layer: int, dropout: float, states: Any) -> Any:
    name = f"layer{layer}_forward"
    wide = tf.keras.layers.Dense(config.intermediate_size, activation=tf.nn.gelu, name=f"{name}_wide")(states)
    narrow = tf.keras.layers.Dense(config.hidden_size, name=f"{name}_output")(wide)
    narrow = SeededDropout(dropout, salt=2 * layer + 2, name=f"{name}_dropout")(narrow)
    return LayerNorm(config.layer_norm_eps, name=f"{name}_norm")(tf.keras.layers.add([states, narrow]))
