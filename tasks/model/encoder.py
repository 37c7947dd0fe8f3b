"""A BERT-style text encoder in Keras, such as MiniLM.

Post-norm transformer after Devlin et al. 2018, sentence vectors after Reimers and Gurevych 2019.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.model.config import LoraOptions, Target
from tasks.model.dropout import SeededDropout
from tasks.model.layers import FirstPooling, LayerNorm, MeanPooling, SelfAttention, TokenEmbeddings
from tasks.model.lora import LowRankDense, hold_all_but_adapters
from tasks.model.sizes import EncoderConfig

TEXT_INPUTS = ("input_ids", "attention_mask")


def text_inputs(prefix: str = "") -> dict[str, Any]:
    """Keras inputs of a batch of texts of any number and length."""
    return {name: tf.keras.Input((None,), dtype=tf.int32, name=prefix + name) for name in TEXT_INPUTS}


def build_encoder(
    config: EncoderConfig, dropout: float = 0.0, lora: LoraOptions | None = None, seed: int = 0, frozen_layers: int = 0
) -> Any:
    """A Keras model from `input_ids` and `attention_mask` (b, t) to one vector a text (b, size).

    Args:
        lora: adapters beside the dense layers of all layers but the lowest `frozen_layers`; nothing else learns then.
        seed: of the adapters' initial weights.
    """
    inputs = text_inputs()
    mask = inputs["attention_mask"]
    states = TokenEmbeddings(config.vocab_size, config.max_position_embeddings, config.hidden_size, name="embeddings")(
        inputs["input_ids"]
    )
    states = LayerNorm(config.layer_norm_eps, name="embeddings_norm")(states)
    states = SeededDropout(dropout, salt=0, name="embeddings_dropout")(states)
    for number in range(config.num_hidden_layers):
        layer = _Layer(config, number, dropout, lora if number >= frozen_layers else None, seed)
        states = layer.feed_forward(layer.attention(states, mask))
    pooling = MeanPooling(name="pooling") if config.pooling == "mean" else FirstPooling(name="pooling")
    encoder = tf.keras.Model(inputs, pooling([states, mask]), name="encoder")
    if lora is not None and lora.rank:
        hold_all_but_adapters(encoder)
    return encoder


def freeze(encoder: Any, embeddings: bool, layers: int) -> None:
    """Hold still the embeddings and the lowest `layers` layers."""
    still = [f"layer{layer}_" for layer in range(layers)] + (["embeddings"] if embeddings else [])
    for layer in encoder.layers:
        layer.trainable = not layer.name.startswith(tuple(still))


class _Layer:
    """One of the encoder's layers: attention, then a dense network for each token, both with a residual and a norm."""

    def __init__(self, config: EncoderConfig, number: int, dropout: float, lora: LoraOptions | None, seed: int) -> None:
        self.config, self.number, self.dropout = config, number, dropout
        self.lora = lora if lora is not None and lora.rank else None
        self.seed = seed + 100 * number

    def attention(self, states: Any, mask: Any) -> Any:
        """(b, t, size) to as much."""
        config, name = self.config, f"layer{self.number}_attention"
        parts: tuple[Target, ...] = ("query", "key", "value")
        projected = self._dense(f"{name}_projection", 3 * config.hidden_size, parts)(states)
        mixed = SelfAttention(config.num_attention_heads, name=name)([projected, mask])
        mixed = self._dense(f"{name}_output", config.hidden_size, ("attention_output",))(mixed)
        mixed = SeededDropout(self.dropout, salt=2 * self.number + 1, name=f"{name}_dropout")(mixed)
        return LayerNorm(config.layer_norm_eps, name=f"{name}_norm")(tf.keras.layers.add([states, mixed]))

    def feed_forward(self, states: Any) -> Any:
        """(b, t, size) to as much."""
        config, name = self.config, f"layer{self.number}_forward"
        wide = self._dense(f"{name}_wide", config.intermediate_size, ("forward",), tf.nn.gelu)(states)
        narrow = self._dense(f"{name}_output", config.hidden_size, ("forward",))(wide)
        narrow = SeededDropout(self.dropout, salt=2 * self.number + 2, name=f"{name}_dropout")(narrow)
        return LayerNorm(config.layer_norm_eps, name=f"{name}_norm")(tf.keras.layers.add([states, narrow]))

    def _dense(self, name: str, units: int, parts: tuple[Target, ...], activation: Any = None) -> Any:
        """A dense layer, with adapters of the parts of its output that are to have one."""
        adapted = [place for place, part in enumerate(parts) if self.lora and part in self.lora.targets]
        if self.lora is None or not adapted:
            return tf.keras.layers.Dense(units, activation=activation, name=name)
        seed, self.seed = self.seed, self.seed + len(parts)  # no two adapters begin alike
        return LowRankDense(units, self.lora.rank, self.lora.alpha, len(parts), adapted, activation, seed, name=name)
