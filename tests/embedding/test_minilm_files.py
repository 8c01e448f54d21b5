import hashlib
import shutil
from pathlib import Path

import pytest

from alma_cli.embedding import count_tokens, open_embedder
from alma_cli.embedding.minilm import files, wordpiece
from alma_cli.embedding.minilm.numpy_runtime import NumpyMiniLM
from alma_cli.embedding.minilm.onnx_runtime import OnnxMiniLM
from alma_cli.errors import EmbeddingUnavailable

MANY = ["word " * 200] * 20


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """A folder with a copy of the bundled files, which ALMA uses instead."""
    for name in (*bundled(), "SHA256SUMS"):
        shutil.copy(files.path(name), tmp_path / name)
    monkeypatch.setattr(files, "FOLDER", str(tmp_path))
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    wordpiece._vocabulary.cache_clear()
    wordpiece._characters.cache_clear()
    wordpiece._pieces.cache_clear()
    wordpiece._NORMAL.clear()


def bundled() -> dict[str, str]:
    lines = Path(files.path("SHA256SUMS")).read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def test_the_committed_files_are_those_of_the_manifest():
    names = bundled()
    assert {
        "model.onnx",
        "model.bin",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocabulary.txt",
        "characters.txt",
    } == set(names)
    for name, digest in names.items():
        assert hashlib.sha256(Path(files.path(name)).read_bytes()).hexdigest() == digest
    assert files.damaged() == []


def test_the_licence_and_the_notice_of_changes_are_there():
    assert "Apache License" in Path(files.path("LICENSE")).read_text()
    notice = Path(files.path("NOTICE")).read_text()
    assert all(name in notice for name in bundled())


def test_missing_and_changed_files_are_found_by_their_sums(copies):
    (copies / "model.onnx").unlink()
    with (copies / "model.bin").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    assert files.damaged() == ["model.bin", "model.onnx"]


@pytest.mark.parametrize("name", ["model.bin", "vocabulary.txt"])
@pytest.mark.parametrize("texts", [["short"], MANY], ids=["numpy", "onnxruntime"])
def test_a_missing_file_is_said_with_what_to_do(copies, name, texts):
    (copies / name).unlink()
    with pytest.raises(EmbeddingUnavailable, match=name) as caught:
        open_embedder().embed(texts)
    assert "install ALMA again" in caught.value.hint


@pytest.mark.parametrize("runtime", [NumpyMiniLM, lambda: OnnxMiniLM(None)], ids=["numpy", "onnxruntime"])
@pytest.mark.parametrize("size", [0, 1_000_000])
def test_a_truncated_weights_file_is_said(copies, runtime, size):
    with (copies / "model.bin").open("r+b") as file:
        file.truncate(size)
    with pytest.raises(EmbeddingUnavailable, match=f"model.bin can't be used: it has {size} bytes instead of"):
        runtime()


@pytest.mark.parametrize("content", [None, b"", b"not a graph", bytes(range(256)) * 40])
def test_a_missing_or_damaged_graph_is_said_and_nothing_printed(copies, content, capfd):
    (copies / "model.onnx").unlink()
    if content is not None:
        (copies / "model.onnx").write_bytes(content)
    with pytest.raises(EmbeddingUnavailable, match=r"model\.onnx"):
        open_embedder().embed(MANY)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "content"), [("vocabulary.txt", b"a\t1\n"), ("characters.txt", b"dropped zz\n"), ("characters.txt", b"")]
)
def test_damaged_tokenizer_files_are_said(copies, name, content):
    (copies / name).write_bytes(content)
    with pytest.raises(EmbeddingUnavailable, match=name):
        count_tokens("plain and naïve")


def test_a_graph_of_half_its_length_is_said(copies):
    graph = (copies / "model.onnx").read_bytes()
    (copies / "model.onnx").write_bytes(graph[: len(graph) // 2])
    with pytest.raises(EmbeddingUnavailable, match=r"model\.onnx"):
        open_embedder().embed(MANY)
