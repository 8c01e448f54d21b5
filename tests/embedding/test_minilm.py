import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from alma_cli.embedding import DEFAULT_MODEL, Embedder, open_embedder
from alma_cli.embedding.minilm import TOKENS_WORTH_ONNXRUNTIME, batches, encode
from alma_cli.embedding.minilm.numpy_runtime import NumpyMiniLM
from alma_cli.embedding.minilm.onnx_runtime import OnnxMiniLM
from tests.embedding.embedding_texts import REFERENCE, varied

HOSTILE = [
    "",
    " \t\n",
    "\0",
    "a\0b\x1b[31m\x7f",
    "\ud800",
    "lone \udfff surrogate",
    "\ud83d\ude00",  # a pair, as two characters
    "\ufffd\ufffe\uffff",
    "\u202e\u200d\ufeff",
    "e" + "\u0301" * 5000,
    "x" * 1_000_000,
    "any words " * 100_000,
    "日本" * 100_000,
    "[CLS]" * 1000,
    "\U0010ffff\U000e0001",
]


def matrix(vectors) -> np.ndarray:
    return np.array([np.frombuffer(vector, np.float32) for vector in vectors])


def cosines(some, others) -> np.ndarray:
    return np.einsum("ij,ij->i", some, others)


def reference() -> np.ndarray:
    from pathlib import Path

    raw = (Path(__file__).parent / "reference.f32").read_bytes()
    return np.frombuffer(raw, "<f4").reshape(len(REFERENCE), 384)


def embedded(runtime, texts: list[str], *, together: bool) -> np.ndarray:
    """Vectors of the texts in order, from one runtime: each alone, or in the batches that it is given in real use."""
    ids = [encode(text) for text in texts]
    chosen = batches([len(each) for each in ids]) if together else [[i] for i in range(len(ids))]
    vectors = np.empty((len(texts), 384), np.float32)
    for batch, rows in zip(chosen, runtime.embed([[ids[i] for i in batch] for batch in chosen]), strict=True):
        vectors[batch] = rows
    return vectors


def test_the_bundled_model_says_what_it_is():
    embedder: Embedder = open_embedder()
    assert embedder.model_id == DEFAULT_MODEL == "sentence-transformers/all-MiniLM-L6-v2"
    assert embedder.dimension == 384


@pytest.mark.parametrize("runtime", [NumpyMiniLM(), OnnxMiniLM(None)], ids=["numpy", "onnxruntime"])
def test_vectors_are_those_of_the_published_float32_weights(runtime):
    likeness = cosines(embedded(runtime, REFERENCE, together=True), reference())
    of_words = [value for value, text in zip(likeness, REFERENCE, strict=True) if len(set(text.split())) > 1]
    assert min(of_words) >= 0.999
    assert min(likeness) >= 0.998  # no text at all, or one word again and again
    assert np.mean(likeness) >= 0.9995


def test_a_text_has_the_same_vector_alone_and_in_any_batch_in_either_runtime():
    texts = varied(40, longest_words=25) + REFERENCE
    light, heavy = NumpyMiniLM(), OnnxMiniLM(None)
    alone = embedded(light, texts, together=False)
    for runtime, together in ((light, True), (heavy, False), (heavy, True)):
        assert cosines(alone, embedded(runtime, texts, together=together)).min() >= 0.9999


def test_few_tokens_go_through_numpy_and_many_through_onnxruntime_with_the_same_result():
    few, many = open_embedder(), open_embedder()
    sentence = "Wait for the selector to be visible before clicking it"
    sentences = [sentence] * (TOKENS_WORTH_ONNXRUNTIME // len(encode(sentence)) + 1)
    (alone,) = matrix(few.embed([sentence]))
    together = matrix(many.embed(sentences))
    assert cosines(together, np.tile(alone, (len(sentences), 1))).min() >= 0.9999
    assert few._heavy is None
    assert many._heavy is not None


def test_numpy_embeds_many_texts_too_where_onnxruntime_cannot_be_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    vectors = matrix(open_embedder().embed(["word " * 200] * 11))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_any_text_has_a_unit_vector(text):
    (vector,) = open_embedder().embed([text])
    assert vector.typecode == "f"
    assert len(vector) == 384
    assert np.linalg.norm(np.frombuffer(vector, np.float32)) == pytest.approx(1, abs=1e-5)


def test_hostile_texts_have_unit_vectors_in_a_batch_too():
    vectors = matrix(open_embedder().embed(HOSTILE * 3))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_lone_surrogate_counts_as_no_character():
    with_surrogate, without = matrix(open_embedder().embed(["log\ud800in form", "login form"]))
    assert with_surrogate @ without == pytest.approx(1, abs=1e-5)


def test_what_is_past_256_tokens_does_not_count():
    start = "word " * 254
    longer, cut = matrix(open_embedder().embed([start + "and something else", start]))
    assert longer @ cut == pytest.approx(1, abs=1e-5)


def test_vectors_come_in_the_order_of_the_texts_whatever_their_lengths():
    texts = [f"{'long ' * (i * 37 % 60)} number {i}" for i in range(120)]
    embedder = open_embedder()
    together = matrix(embedder.embed(texts))
    assert cosines(together, matrix([embedder.embed([text])[0] for text in texts])).min() >= 0.9999


@pytest.mark.parametrize("count", [0, 1, 5, 200, 2100])
def test_progress_is_told_in_steps_that_add_up_to_the_number_of_texts(count):
    done: list[int] = []
    vectors = open_embedder().embed([f"short text {i}" for i in range(count)], on_progress=done.append)
    assert len(vectors) == count
    assert all(more > 0 for more in done)
    assert sum(done) == count


def test_threads_may_share_an_embedder():
    embedder = open_embedder()
    texts = REFERENCE[1:9]
    expected = matrix([embedder.embed([text])[0] for text in texts])
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            actual = matrix([vectors[0] for vectors in pool.map(lambda text: embedder.embed([text]), texts)])
            assert cosines(expected, actual).min() >= 0.9999


def test_one_thread_gives_what_all_of_them_give():
    texts = varied(120)
    one, all_of_them = open_embedder(threads=1), open_embedder()
    assert cosines(matrix(one.embed(texts)), matrix(all_of_them.embed(texts))).min() >= 0.9999


@pytest.mark.parametrize(
    ("text", "paraphrase", "unrelated"),
    [
        ("It rained all day in Lisbon", "Lisbon had rain from morning to night", "disable the cache"),
        ("Test the login form validation", "Check that the sign-in form rejects bad input", "Bake bread at home"),
        ("The database migration failed", "Migrating the schema did not work", "A girl is carrying a baby"),
        ("Retry with exponential backoff", "Wait longer between each attempt", "Prefer short answers"),
        ("users want concise replies", "Preference: keep answers brief", "SELECT count(*) FROM outcomes"),
    ],
)
def test_a_paraphrase_is_nearer_than_an_unrelated_text(text, paraphrase, unrelated):
    this, near, far = matrix(open_embedder().embed([text, paraphrase, unrelated]))
    assert this @ near > this @ far + 0.1


def test_batches_have_every_index_once_and_a_bounded_size():
    lengths = [len(encode(text)) for text in varied(500)]
    chosen = batches(lengths)
    assert sorted(index for batch in chosen for index in batch) == list(range(500))
    assert all(len(batch) * max(lengths[i] for i in batch) <= 512 for batch in chosen)
