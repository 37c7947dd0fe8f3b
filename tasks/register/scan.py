"""A child process that looks for code in a model's files: `python -m tasks.register.scan FOLDER`.

modelscan reads pickles, Keras files, NumPy files and SavedModels by the endings of their names, and TFLite not at all.
So pickles under other names and the operations of TFLite files are looked at here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.environment import configure
from infra.processes import Event, child_main

_OPERATIONS = (
    *("ReadFile", "WriteFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "Print", "PrintV2"),
    *("PyFunc", "PyFuncStateless", "EagerPyFunc", "DatasetToTFRecord", "SaveDataset", "SaveDatasetV2"),
    *("CreateSummaryFileWriter", "CreateSummaryDbWriter", "DebugIdentityV2", "DebugIdentityV3"),
    *("TextLineReader", "TextLineReaderV2", "TextLineDataset", "TFRecordReader", "TFRecordReaderV2"),
    *("TFRecordDataset", "TFRecordDatasetV2", "FixedLengthRecordReader", "FixedLengthRecordReaderV2"),
    *("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "RecordInput", "FileSystemSetConfiguration"),
)
"""Operations of TensorFlow that reach files or Python; modelscan itself looks for the first two."""
_SAVED_MODEL = "modelscan.scanners.SavedModelTensorflowOpScan"
_OPCODE, _PROTOCOLS = 0x80, range(2, 6)  # how a pickle begins since protocol 2, see pickletools


def scan(folder: str) -> Event:
    """`{"findings": [...]}`: what could run code or reach files, in words; `errors`: what could not be read."""
    configure()
    from modelscan.modelscan import ModelScan
    from modelscan.settings import DEFAULT_SETTINGS

    root, settings = Path(folder), copy.deepcopy(DEFAULT_SETTINGS)
    settings["scanners"][_SAVED_MODEL]["unsafe_tf_operators"].update(dict.fromkeys(_OPERATIONS, "HIGH"))
    report = ModelScan(settings).scan(root)
    found = [f"{one['module']}.{one['operator']} in {one['source']}" for one in report["issues"]]
    errors = [f"{one.get('source', folder)}: {one.get('description', one)}" for one in report["errors"]]
    for file, look in _others(root):
        name = file.relative_to(root)
        try:
            found += [f"{what} in {name}" for what in look(file)]
        except Exception as error:  # whatever is wrong with the file, the gate is to hear of it
            errors.append(f"{name}: {error}")
    return {"findings": sorted(set(found)), "errors": errors}


def _others(root: Path) -> Iterator[tuple[Path, Callable[[Path], list[str]]]]:
    """Files that modelscan leaves out, each with what looks into it."""
    for file in sorted(root.rglob("*")):
        if file.suffix == ".tflite":
            yield file, _custom_operations
        elif file.is_file() and _is_pickle(file):
            yield file, _unsafe_globals


def _is_pickle(file: Path) -> bool:
    with file.open("rb") as stream:
        start = stream.read(2)
    return len(start) == 2 and start[0] == _OPCODE and start[1] in _PROTOCOLS


def _unsafe_globals(file: Path) -> list[str]:
    """What a pickle would call that modelscan calls unsafe."""
    from modelscan.model import Model
    from modelscan.settings import DEFAULT_SETTINGS
    from modelscan.tools.picklescanner import scan_pickle_bytes

    with Model(file) as model:
        result = scan_pickle_bytes(model, DEFAULT_SETTINGS)
    if result.errors:
        raise ValueError(result.errors[0])
    return [f"{issue.details.module}.{issue.details.operator}" for issue in result.issues]


def _custom_operations(file: Path) -> list[str]:
    """Operations that are not TFLite's own, whose code would come from elsewhere."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.Model.GetRootAs(file.read_bytes(), 0)
    codes = [model.OperatorCodes(place) for place in range(model.OperatorCodesLength())]
    return [
        f"TFLite.{code.CustomCode().decode()}" for code in codes if code.BuiltinCode() == schema.BuiltinOperator.CUSTOM
    ]


if __name__ == "__main__":
    child_main(scan)
