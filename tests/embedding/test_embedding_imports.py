import subprocess
import sys

import pytest

HEAVY = ("numpy", "fastembed", "onnxruntime", "tokenizers", "pathlib", "concurrent.futures", "json")


def loaded_after(code: str) -> set[str]:
    """The modules that a new process has loaded after running the code, without those that Python itself needs."""
    script = f"import sys; before = set(sys.modules); {code}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import alma_cli.embedding",
        "from alma_cli.embedding import open_embedder; e = open_embedder(); e.model_id, e.dimension",
        "from alma_cli.embedding import open_embedder; open_embedder('BAAI/bge-small-en-v1.5').model_id",
        "from alma_cli.embedding import count_tokens; count_tokens('Ünïcode [SEP] text')",
    ],
)
def test_nothing_heavy_is_loaded_before_a_text_is_embedded(code):
    assert loaded_after(code) & set(HEAVY) <= {"pathlib"} if "bge" in code else not loaded_after(code) & set(HEAVY)


def test_one_short_text_loads_numpy_and_neither_onnxruntime_nor_fastembed():
    loaded = loaded_after(
        "from alma_cli.embedding import open_embedder; open_embedder().embed(['Test the login form'])"
    )
    assert "numpy" in loaded
    assert not loaded & {"fastembed", "onnxruntime", "tokenizers", "huggingface_hub"}


def test_many_texts_load_onnxruntime_and_not_fastembed():
    loaded = loaded_after("from alma_cli.embedding import open_embedder; open_embedder().embed(['word ' * 100] * 30)")
    assert "onnxruntime" in loaded
    assert not loaded & {"fastembed", "tokenizers", "huggingface_hub"}
