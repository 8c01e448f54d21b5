import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alma_cli.embedding import DEFAULT_MODEL, fast, open_embedder
from alma_cli.embedding.fast import FastEmbedder, default_cache_dir
from alma_cli.embedding.minilm import files
from alma_cli.errors import EmbeddingUnavailable
from tests.embedding.embedding_texts import REFERENCE

AGAIN = "alma-tests/minilm-again"


@pytest.fixture
def no_network(monkeypatch):
    """Notes every attempt to reach a network, and refuses it."""
    attempts: list[object] = []

    def refuse(*arguments, **_):
        attempts.append(arguments)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield attempts
    assert attempts == []


@pytest.fixture(scope="module")
def folder_of_models(tmp_path_factory):
    """A cache folder in which somebody has put the files of a model that fastembed was told about."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    if AGAIN not in {model["model"] for model in TextEmbedding.list_supported_models()}:
        TextEmbedding.add_custom_model(
            AGAIN,
            pooling=PoolingType.MEAN,
            normalization=False,
            sources=ModelSource(hf="alma-tests/nowhere"),
            dim=384,
            model_file="model.onnx",
        )
    cache = tmp_path_factory.mktemp("models")
    for name in ("minilm-again", "all-MiniLM-L6-v2"):
        put_files(cache / name)
    return cache


def put_files(folder: Path) -> None:
    folder.mkdir()
    for name in ("model.onnx", "model.bin", "tokenizer.json", "tokenizer_config.json"):
        os.link(files.path(name), folder / name)


def other(model: str, cache_dir: Path) -> FastEmbedder:
    return FastEmbedder(model, cache_dir=cache_dir, allow_download=False, threads=None)


class Making:
    """A model that makes these numbers of any text, as a damaged or quantised one does."""

    def __init__(self, numbers):
        self.numbers = np.array(numbers, np.float32)

    def embed(self, texts, **_options):
        return [self.numbers for _ in texts]


def matrix(vectors) -> np.ndarray:
    return np.array([np.frombuffer(vector, np.float32) for vector in vectors])


def test_fastembed_gives_the_same_vectors_from_the_bundled_files(folder_of_models, no_network, capfd):
    through_fastembed = matrix(other(DEFAULT_MODEL, folder_of_models).embed(REFERENCE))
    ours = matrix(open_embedder().embed(REFERENCE))
    assert np.einsum("ij,ij->i", through_fastembed, ours).min() >= 0.9999
    assert capfd.readouterr() == ("", "")


def test_another_model_is_loaded_from_its_folder_and_its_vectors_are_of_unit_length(folder_of_models, no_network):
    embedder = open_embedder(AGAIN, cache_dir=folder_of_models)
    assert (embedder.model_id, embedder.dimension) == (AGAIN, 384)
    vectors = matrix(embedder.embed(REFERENCE))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.einsum("ij,ij->i", vectors, matrix(open_embedder().embed(REFERENCE))).min() >= 0.9999


def test_another_model_takes_any_text_too(folder_of_models):
    texts = ["", "\0", "\ud800 lone", "x" * 1_000_000, "any words " * 100_000, "\ud83d\ude00"]
    vectors = matrix(open_embedder(AGAIN, cache_dir=folder_of_models).embed(texts))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("numbers", [[0.5, math.nan], [math.inf, 1], [-math.inf, math.nan], [0, 0]])
def test_where_a_model_makes_no_numbers_the_vector_is_one_of_zeros(numbers, folder_of_models, monkeypatch):
    embedder = open_embedder(AGAIN, cache_dir=folder_of_models)
    monkeypatch.setattr(embedder, "_model", Making(numbers))
    assert [[0, 0]] == matrix(embedder.embed(["a text"])).tolist()


@pytest.mark.parametrize("count", [0, 1, 8, 21])
def test_progress_of_another_model_adds_up_to_the_number_of_texts(folder_of_models, count):
    done: list[int] = []
    texts = [f"text {'long ' * (i % 5)}{i}" for i in range(count)]
    vectors = open_embedder(AGAIN, cache_dir=folder_of_models).embed(texts, on_progress=done.append)
    assert len(vectors) == count
    assert all(more > 0 for more in done)
    assert sum(done) == count


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("BAAI/bge-smal-en-v1.5", "BAAI/bge-small-en-v1.5"),
        ("bge-small-en-v1.5", "BAAI/bge-small-en-v1.5"),
        ("all-MiniLM-L6-v2", DEFAULT_MODEL),
        (DEFAULT_MODEL.lower(), DEFAULT_MODEL),
        ("something-else-entirely", DEFAULT_MODEL),
        ("", DEFAULT_MODEL),
    ],
)
def test_an_unknown_model_is_said_with_the_nearest_name(wrong, right, tmp_path, no_network):
    embedder = open_embedder(wrong, cache_dir=tmp_path)
    with pytest.raises(EmbeddingUnavailable, match="there is no embedding model") as caught:
        embedder.embed(["text"])
    assert right in caught.value.hint
    with pytest.raises(EmbeddingUnavailable):
        _ = embedder.dimension


@pytest.mark.parametrize(
    "model", ["BAAI/bge-small-en-v1.5", "intfloat/multilingual-e5-large", "nomic-ai/nomic-embed-text-v1.5"]
)
def test_a_model_that_is_not_here_is_not_fetched_and_the_error_says_how_to_get_it(model, tmp_path, no_network, capfd):
    embedder = open_embedder(model, cache_dir=tmp_path)
    assert embedder.dimension > 0
    with pytest.raises(EmbeddingUnavailable, match="is not on this machine") as caught:
        embedder.embed(["text"])
    assert "`embedding: {allow_download: true}` in .alma/config.yaml" in caught.value.hint
    assert str(tmp_path / model.split("/")[-1]) in caught.value.hint
    assert "tokenizer.json" in caught.value.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["model.onnx", "model.bin", "tokenizer.json", "tokenizer_config.json"])
def test_a_folder_without_one_of_the_files_is_said(missing, folder_of_models, tmp_path, no_network, capfd):
    put_files(tmp_path / "minilm-again")
    (tmp_path / "minilm-again" / missing).unlink()
    with pytest.raises(EmbeddingUnavailable, match="can't be loaded") as caught:
        other(AGAIN, tmp_path).embed(["text"])
    assert str(tmp_path) in caught.value.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json", "tokenizer_config.json"])
def test_a_damaged_file_is_said(damaged, folder_of_models, tmp_path, no_network):
    put_files(tmp_path / "minilm-again")
    (tmp_path / "minilm-again" / damaged).unlink()
    (tmp_path / "minilm-again" / damaged).write_text("{ damaged")
    with pytest.raises(EmbeddingUnavailable, match="can't be loaded"):
        other(AGAIN, tmp_path).embed(["text"])


@given(st.text(alphabet=st.characters()))
def test_only_lone_surrogates_are_replaced_for_another_model(text):
    fast._readable(text).encode()  # raises for a lone surrogate
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert fast._readable(text) == text


def test_models_are_cached_where_the_user_keeps_caches(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert default_cache_dir() == Path("/somewhere/cache/alma/models")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_cache_dir() == Path("/home/someone/.cache/alma/models")


def test_nothing_is_written_by_a_process_that_looks_for_a_model_in_vain(tmp_path):
    script = (
        "from pathlib import Path; from alma_cli.embedding import open_embedder; from alma_cli.errors import *\n"
        f"try: open_embedder('BAAI/bge-small-en-v1.5', cache_dir=Path({str(tmp_path)!r})).embed(['text'])\n"
        "except EmbeddingUnavailable: pass"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
