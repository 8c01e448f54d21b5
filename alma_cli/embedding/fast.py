"""The other models that fastembed knows, by fastembed's names: from this machine, unless downloads are allowed.

A model's files are looked for in `<cache_dir>/<the name's last part>`, where a person may put them, then among those
that fastembed has downloaded into `cache_dir`. The model sees the bare text: no prefix is added, as some models want.
"""

import math
import os
import warnings
from array import array
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from alma_cli.core.records import Vector
from alma_cli.core.text import most_like
from alma_cli.embedding.base import DEFAULT_MODEL, OnProgress
from alma_cli.errors import EmbeddingUnavailable
from alma_cli.files import home_folder

_TEXTS_IN_BATCH = 8  # of like length; fastembed's 256 were a sixth as fast
_LONGEST_TEXT = 100_000  # characters; several times what any of these models reads


class FastEmbedder:
    """An Embedder that loads fastembed when the dimension or a vector is first asked for. Threads may share one.

    `dimension` and `embed` raise EmbeddingUnavailable if fastembed knows no such model; `embed` also does if its files
    are missing or damaged. With `allow_download`, fastembed tries for 39 s before it gives up.
    """

    def __init__(self, model: str, *, cache_dir: Path | None, allow_download: bool, threads: int | None) -> None:
        self.model_id = model
        self._cache_dir = cache_dir or default_cache_dir()
        self._allow_download = allow_download
        self._threads = threads

    @property
    def dimension(self) -> int:
        """How many numbers a vector has, by fastembed's list."""
        return int(self._description["dim"])

    def embed(self, texts: Sequence[str], *, on_progress: OnProgress | None = None) -> list[Vector]:
        """See Embedder.embed. Texts are cut to the length that the model reads; a lone surrogate counts as U+FFFD."""
        import numpy as np

        vectors: list[Vector] = [array("f")] * len(texts)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        sorted_texts = [_readable(texts[i]) for i in order]
        found = self._model.embed(sorted_texts, batch_size=_TEXTS_IN_BATCH) if texts else ()
        for index, row in zip(order, found, strict=True):
            vectors[index] = array("f", _unit(np.asarray(row, "f8")).tobytes())
            if on_progress:
                on_progress(1)
        return vectors

    @cached_property
    def _description(self) -> dict[str, Any]:
        """The model as fastembed describes it: its name, `dim`, and its files."""
        known = {str(description["model"]): description for description in _fastembed().list_supported_models()}
        if self.model_id in known:
            return dict(known[self.model_id])
        raise EmbeddingUnavailable(
            f"there is no embedding model {self.model_id!r}", hint=_did_you_mean(self.model_id, sorted(known))
        )

    @cached_property
    def _model(self) -> Any:
        from onnxruntime.capi.onnxruntime_pybind11_state import NoSuchFile

        description = self._description
        own_folder = self._cache_dir / _last_part(self.model_id)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # notes about how fastembed's models changed, not for our users
                return _fastembed()(
                    self.model_id,
                    cache_dir=str(self._cache_dir),
                    threads=self._threads,
                    local_files_only=not self._allow_download,
                    specific_model_path=str(own_folder) if own_folder.is_dir() else None,
                )
        except (ValueError, OSError, NoSuchFile) as error:
            if own_folder.is_dir():
                raise self._damaged(error) from error
            raise self._missing(description, own_folder) from error
        except Exception as error:  # tokenizers and onnxruntime raise nothing narrower of their own
            raise self._damaged(error) from error

    def _missing(self, description: dict[str, Any], folder: Path) -> EmbeddingUnavailable:
        names = [description["model_file"], *description["additional_files"], "tokenizer.json", "tokenizer_config.json"]
        by_hand = f"put {', '.join(names)} into {folder}"
        if self._allow_download:
            return EmbeddingUnavailable(
                f"the embedding model {self.model_id} can't be downloaded",
                hint=f"is there a network? If not, {by_hand}",
            )
        return EmbeddingUnavailable(
            f"the embedding model {self.model_id} is not on this machine",
            hint=f"`embedding: {{allow_download: true}}` in .alma/config.yaml lets ALMA fetch it; or {by_hand}",
        )

    def _damaged(self, error: Exception) -> EmbeddingUnavailable:
        return EmbeddingUnavailable(
            f"the embedding model {self.model_id} can't be loaded: {error}",
            hint=f"its files are in {self._cache_dir}; remove them and fetch it again",
        )


def default_cache_dir() -> Path:
    """`alma/models` in the user's cache folder: XDG_CACHE_HOME, or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.join(home_folder(), ".cache")) / "alma" / "models"


def _fastembed() -> Any:
    """The class TextEmbedding of fastembed, told to print and report nothing. Settings in the environment win."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from fastembed import TextEmbedding
        from loguru import logger
    except ImportError as error:
        raise EmbeddingUnavailable(f"fastembed can't be imported: {error}", hint="install ALMA again") from error
    logger.disable("fastembed")
    return TextEmbedding


def _did_you_mean(model: str, known: list[str]) -> str:
    """A hint that names the known models of a similar name, with or without its organisation, regardless of case."""
    spelled = {name: name for name in known} | {_last_part(name): name for name in known}
    close = most_like(model, spelled, limit=3) or most_like(_last_part(model), spelled, limit=3)
    names = list(dict.fromkeys(spelled[match] for match in close)) or [DEFAULT_MODEL]
    return f"did you mean {' or '.join(names)}? fastembed knows {len(known)} models"


def _unit(row: Any) -> Any:
    """The numbers of a model as a vector of unit length; zeros, which are like nothing, where one is no number."""
    import numpy as np

    length = float(np.linalg.norm(row))
    return (row / length).astype("f4") if 0 < length < math.inf else np.zeros(len(row), "f4")


def _last_part(model: str) -> str:
    return model.rsplit("/", maxsplit=1)[-1]


def _readable(text: str) -> str:
    """The text without lone surrogates, which tokenizers refuse, and no longer than any model reads."""
    return text[:_LONGEST_TEXT].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
