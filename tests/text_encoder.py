"""A pretrained encoder small enough to compute by hand, in the files of a real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d")
SIZE, LAYERS, HEADS, WIDE, POSITIONS = 8, 2, 2, 16, 16


def write_encoder(folder: Path, seed: int = 0) -> None:
    """Write `config.json`, `tokenizer.json` and `model.safetensors` with random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    config = {
        "vocab_size": len(WORDS),
        "hidden_size": SIZE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": WIDE,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(seed)
    tensors = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in _shapes().items()}
    save_file(tensors, folder / "model.safetensors")


def write_tokenizer(folder: Path) -> None:
    """Write a tokeniser that splits at spaces, lowers, and knows WORDS."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": (POSITIONS, SIZE),
        "embeddings.token_type_embeddings.weight": (2, SIZE),
        **_norm("embeddings"),
    }
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes |= _dense(f"{prefix}.attention.self.{part}", SIZE, SIZE)
        shapes |= _dense(f"{prefix}.attention.output.dense", SIZE, SIZE) | _norm(f"{prefix}.attention.output")
        shapes |= _dense(f"{prefix}.intermediate.dense", SIZE, WIDE)
        shapes |= _dense(f"{prefix}.output.dense", WIDE, SIZE) | _norm(f"{prefix}.output")
    return shapes


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.LayerNorm.weight": (SIZE,), f"{name}.LayerNorm.bias": (SIZE,)}
