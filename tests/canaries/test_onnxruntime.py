"""The errors of onnxruntime that `embedding/minilm/onnx_runtime.py` takes from its C module, which is not public.

A failure says that a damaged model is told by another error now: mend the `except` clauses there.
"""

import onnxruntime
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as reasons

from alma_cli.embedding.minilm import files

DAMAGED = {
    "nothing": lambda graph: b"",
    "text": lambda graph: b"not a graph",
    "half": lambda graph: graph[: len(graph) // 2],
    "an operator that there isn't": lambda graph: graph.replace(b"Softmax", b"Hardmix"),
    "weights of another name": lambda graph: graph.replace(b"model.bin", b"modal.bin"),
}
CAUGHT = (reasons.Fail, reasons.InvalidArgument, reasons.InvalidGraph, reasons.InvalidProtobuf, reasons.NoSuchFile)


def opened(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def test_a_model_that_is_missing_is_no_such_file(tmp_path):
    with pytest.raises(reasons.NoSuchFile):
        opened(tmp_path / "model.onnx")


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_model_is_one_of_the_errors_that_are_caught(how, tmp_path):
    with open(files.path("model.onnx"), "rb") as file:
        graph = file.read()
    damaged = DAMAGED[how](graph)
    assert damaged != graph
    (tmp_path / "model.onnx").write_bytes(damaged)
    with pytest.raises(CAUGHT):
        opened(tmp_path / "model.onnx")
