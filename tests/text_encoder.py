"""A pretrained encoder small enough to compute by hand, in the files of a real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d")
SIZE, LAYERS, HEADS, WIDE, POSITIONS = 8, 2, 2, 16, 16
CONFIG: dict[str, Any] = {
    "vocab_size": len(WORDS),
    "hidden_size": SIZE,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": WIDE,
    "max_position_embeddings": POSITIONS,
    "layer_norm_eps": 1e-12,
}


def write_encoder(folder: Path, seed: int = 0, prefix: str = "", **changes: Any) -> None:
    """Write `config.json`, `tokenizer.json` and `model.safetensors` with random weights.

    Args:
        prefix: before the tensors' names.
        changes: of CONFIG.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    config = {**CONFIG, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(seed)
    tensors = {
        prefix + name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in _shapes(config).items()
    }
    save_file(tensors, folder / "model.safetensors")


def write_tokenizer(folder: Path) -> None:
    """Write a tokeniser that splits at spaces, lowers, and knows WORDS."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))


def _shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    size, wide = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], size),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], size),
        "embeddings.token_type_embeddings.weight": (config.get("type_vocab_size", 2), size),
        **_norm("embeddings", size),
    }
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes |= _dense(f"{prefix}.attention.self.{part}", size, size)
        shapes |= _dense(f"{prefix}.attention.output.dense", size, size) | _norm(f"{prefix}.attention.output", size)
        shapes |= _dense(f"{prefix}.intermediate.dense", size, wide)
        shapes |= _dense(f"{prefix}.output.dense", wide, size) | _norm(f"{prefix}.output", size)
    return shapes


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, size: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.LayerNorm.weight": (size,), f"{name}.LayerNorm.bias": (size,)}
