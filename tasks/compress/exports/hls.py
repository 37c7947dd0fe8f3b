"""A network of dense layers and convolutions as a C++ project for FPGAs, by hls4ml (Duarte et al. 2018).

Numbers have a fixed number of bits there, so outputs differ from the network's. Where there is a C++ compiler the
project's own code is compiled for this machine and run, as a simulation of the circuit.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from os import devnull
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.errors import RecipeError, TrainingError
from infra.extras import import_extra
from tasks.compress.exports.config import ExportOptions
from tasks.runtime.arrays import Arrays, Floats

COMPILER = "g++"
_BACKEND, _PROJECT = "Vivado", "network"
_LEFT_OUT = ("keras_model.keras", "hls4ml_config.yml")  # by which hls4ml would write it again; times are in them
_IDENTITY = ("SeededDropout",)  # what does nothing but in training


def to_hls(model: Any, into: Path, options: ExportOptions, arrays: Arrays) -> Floats | None:
    """Write the project of a Keras model into the directory `into`.

    Returns:
        What its code gives for the batch `arrays`; None where there is no compiler.

    Raises:
        RecipeError: it has a layer that hls4ml lacks, which is named.
        MachineError: the extra `fpga` is not installed.
        TrainingError: the code can't be compiled.
    """
    hls4ml = import_extra("hls4ml", "fpga")
    plain = _plain(model)
    _check_layers(plain, set(hls4ml.converters.get_supported_keras_layers()))
    with tempfile.TemporaryDirectory(prefix=".hls-", dir=into.parent) as name, Path(devnull).open("w") as silent:
        work = Path(name) / "project"
        with redirect_stdout(silent):  # it prints the layers one by one
            project = _converted(hls4ml, plain, work, options)
            _refine_tables(project)
            project.write()
            outputs = None
            if shutil.which(COMPILER):
                _compile(project)
                outputs = _outputs(project, [arrays[tensor.name] for tensor in plain.inputs])
        _keep(project, work, into)
    return outputs


def _plain(model: Any) -> Any:
    """The model without what does nothing once it is trained, in layers that hls4ml reads, its inputs in a list."""
    import tensorflow as tf

    from tasks.compress.surgery import Replacement, rebuilt
    from tasks.model.network import Network

    def change(layer: Any) -> Replacement | None:
        if type(layer) is tf.keras.layers.Softmax:  # for which hls4ml 1.3 writes code that does not compile
            return Replacement([tf.keras.layers.Activation("softmax", name=layer.name)])
        return Replacement() if type(layer).__name__ in _IDENTITY else None

    drawn = rebuilt(Network(model, model), change).exported
    return tf.keras.Model(list(drawn.inputs), drawn.output)


def _check_layers(model: Any, known: set[str]) -> None:
    layers = model._flatten_layers(include_self=False)
    lacking = [f"{layer.name} ({type(layer).__name__})" for layer in layers if type(layer).__name__ not in known]
    if lacking:
        raise RecipeError(
            "--format hls",
            found=f"layers that hls4ml lacks: {', '.join(lacking)}",
            allowed="dense layers and convolutions with what goes between them",
            action="Export to tflite or onnx, or train a model without these layers.",
        )


def _converted(hls4ml: Any, model: Any, work: Path, options: ExportOptions) -> Any:
    precision = f"fixed<{options.fixed_point_bits},{options.integer_bits}>"
    has_images = any(len(tensor.shape) > 2 for tensor in model.inputs)
    config = hls4ml.utils.config_from_keras_model(
        model, granularity="name", backend=_BACKEND, default_precision=precision
    )
    config["Model"]["Strategy"] = "Resource"  # multipliers are shared: a layer of any size fits
    for layer in model.layers:
        if layer.get_config().get("activation") == "softmax":
            _refine_softmax(config["LayerName"], layer)
    return hls4ml.converters.convert_from_keras_model(
        model,
        hls_config=config,
        output_dir=str(work),
        project_name=_PROJECT,
        backend=_BACKEND,
        io_type="io_stream" if has_images else "io_parallel",
    )


def _refine_softmax(layers: dict[str, Any], softmax: Any) -> None:
    """Tables fine enough: by default the first 10 bits of a number look them up, most of them before the point.

    Logits are kept between -32 and 32, a 64th apart; what the exponentials are divided by has the bits that it needs.
    """
    below = softmax.input.node.layer.name
    for name in (below, f"{below}_linear"):
        layers[name]["Precision"]["result"] = "fixed<16,6,RND,SAT>"
    layers[softmax.name]["TableSize"] = 4096
    layers[softmax.name]["Precision"]["accum"] = f"fixed<24,{_whole_bits(softmax.output.shape[-1])},RND,SAT>"


def _refine_tables(project: Any) -> None:
    """The rest of that; hls4ml 1.3 takes no notice of it in its configuration."""
    for node in project.get_layers():
        if node.get_attr("exp_table_t") is not None:
            node.get_attr("exp_table_t").precision.integer = 2  # the sign, and 1
            node.get_attr("inv_table_t").precision.integer = 2
            node.get_attr("inv_inp_t").precision.integer = _whole_bits(node.get_output_variable().shape[-1])


def _whole_bits(classes: int) -> int:
    """Bits before the point of a sum of so many numbers up to 1, the sign's included."""
    return math.ceil(math.log2(classes)) + 2


def _compile(project: Any) -> None:
    try:
        project.compile()
    except Exception as error:  # hls4ml raises a bare Exception
        raise TrainingError(
            "C++ code of the hls project",
            found=str(error).strip().splitlines()[0],
            allowed="code that compiles",
            action="Export to tflite or onnx.",
        ) from error


def _outputs(project: Any, inputs: Sequence[NDArray[Any]]) -> Floats:
    """Of the compiled code, which ends the whole process if its folder is gone."""
    floats = [np.ascontiguousarray(values, np.float32) for values in inputs]
    outputs: Floats = np.asarray(project.predict(floats if len(floats) > 1 else floats[0]), np.float32)
    return outputs.reshape(len(floats[0]), -1)


def _keep(project: Any, work: Path, into: Path) -> None:
    """Move the project's sources: nothing that was compiled, and no stamp of this time."""
    stamp = str(project.config.get_config_value("Stamp") or "")
    into.mkdir()
    files = [path for path in sorted(work.rglob("*")) if path.is_file()]
    for path in (each for each in files if each.suffix not in (".so", ".o") and each.name not in _LEFT_OUT):
        target = into / path.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        with suppress(UnicodeDecodeError):
            text = content.decode().replace(str(work), ".")
            content = (text.replace(stamp, "0" * len(stamp)) if stamp else text).encode()
        target.write_bytes(content)
