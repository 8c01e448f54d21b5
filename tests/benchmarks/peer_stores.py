"""ALMA and the memories beside it, each behind the same few calls; see peers.py, which starts this once for each.

    PYTHON peer_stores.py NAME FOLDER

It is run by the Python of the peer's own environment, so that it needs nothing but that peer. Each line of its input is a call, as
JSON, and each of its output the answer: `add` items (id, text, vector, record), `search` for a text and its vector,
`write` them one by one, `count`. Times are of the peer's own call, without what JSON costs.

Nothing here embeds but ALMA: the others are handed the vectors of ALMA's bundled model.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

DIMENSION = 384
AT_MOST = 10
AGENT = "a0"
BATCH = 500


def words(text):
    return re.findall(r"\w+", text.lower())


class Alma:
    """ALMA through its Python API; a rule that it derived counts as the outcome that it was derived from."""

    def __init__(self, folder):
        from alma_cli.api import ALMA
        from alma_cli.config import load_config
        from alma_cli.project import make_project

        project = make_project(folder, "alma:\n  project_id: peers\n")
        self.alma = ALMA(project, load_config(project.config_path))

    def add(self, items):
        done = self.alma.import_(enumerate(item["record"] for item in items))
        assert done.imported == len(items), done

    def write(self, item):
        self.alma.learn(AGENT, item["text"], "success")

    def search(self, text, vector):
        hits = sorted(self.alma.retrieve(text, AGENT, top_k=AT_MOST), key=lambda hit: -hit.score)[:AT_MOST]
        return [hit.id if hit.origin != "derived" else self.alma.evidence(hit.id)[0].id for hit in hits]

    def count(self):
        return len(self.alma.memories(limit=None))


class SqliteUtils:
    """SQLite's full-text search; any of the words may match."""

    def __init__(self, folder):
        import sqlite_utils

        self.table = sqlite_utils.Database(folder / "memory.db")["memories"]
        if not self.table.exists():
            self.table.create({"id": str, "text": str}, pk="id")
            self.table.enable_fts(["text"], create_triggers=True, tokenize="porter")

    def add(self, items):
        self.table.insert_all({"id": item["id"], "text": item["text"]} for item in items)

    def search(self, text, vector):
        query = " OR ".join(f'"{word}"' for word in words(text))
        return [row["id"] for row in self.table.search(query, columns=["id"], limit=AT_MOST)]

    def count(self):
        return self.table.count


class Tantivy:
    """A full-text index of its own; any of the words may match, without their suffixes."""

    def __init__(self, folder):
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        schema.add_text_field("text", tokenizer_name="en_stem")
        self.tantivy, self.index = tantivy, tantivy.Index(schema.build(), path=str(folder))

    def add(self, items):
        writer = self.index.writer()
        for item in items:
            writer.add_document(self.tantivy.Document(id=item["id"], text=item["text"]))
        writer.commit()
        self.index.reload()

    def search(self, text, vector):
        searcher = self.index.searcher()
        found = searcher.search(self.index.parse_query(" ".join(words(text)), ["text"]), AT_MOST)
        return [searcher.doc(address)["id"][0] for _, address in found.hits]

    def count(self):
        return self.index.searcher().num_docs


class Chroma:
    """A vector store: SQLite and an HNSW index."""

    def __init__(self, folder):
        import chromadb

        settings = chromadb.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(str(folder), settings)
        self.collection = client.get_or_create_collection(
            "memories", embedding_function=None, metadata={"hnsw:space": "cosine"}
        )

    def add(self, items):
        ids, texts, vectors = ([item[name] for item in items] for name in ("id", "text", "vector"))
        self.collection.add(ids=ids, documents=texts, embeddings=vectors)

    def search(self, text, vector):
        return self.collection.query(query_embeddings=[vector], n_results=AT_MOST)["ids"][0]

    def count(self):
        return self.collection.count()


class Lance:
    """A vector store: columns in files, scanned."""

    def __init__(self, folder):
        import lancedb
        import pyarrow as pa

        vector = pa.list_(pa.float32(), DIMENSION)
        schema = pa.schema({"id": pa.string(), "text": pa.string(), "vector": vector})
        self.table = lancedb.connect(str(folder)).create_table("memories", schema=schema, exist_ok=True)

    def add(self, items):
        self.table.add([{name: item[name] for name in ("id", "text", "vector")} for item in items])

    def search(self, text, vector):
        return [row["id"] for row in self.table.search(vector).metric("cosine").limit(AT_MOST).to_list()]

    def count(self):
        return self.table.count_rows()


class Qdrant:
    """A vector store, in its local mode: SQLite, and a scan by numpy."""

    def __init__(self, folder):
        from qdrant_client import QdrantClient, models

        self.models, self.client = models, QdrantClient(path=str(folder))
        if not self.client.collection_exists("memories"):
            cosine = models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
            self.client.create_collection("memories", vectors_config=cosine)

    def add(self, items):
        points = [
            self.models.PointStruct(id=item["id"], vector=item["vector"], payload={"text": item["text"]})
            for item in items
        ]
        self.client.upsert("memories", points)

    def search(self, text, vector):
        return [
            point.id.replace("-", "") for point in self.client.query_points("memories", vector, limit=AT_MOST).points
        ]

    def count(self):
        return self.client.count("memories").count


class Handed:
    """An embedder for those that want one: it says the vector that came with the text."""

    def __init__(self):
        self.vectors = {}

    def of(self, items):
        self.vectors = {item["text"]: item["vector"] for item in items}
        return items

    def embed(self, text, *_, **__):
        return self.vectors[text]

    def embed_all(self, texts):
        return [self.vectors[text] for text in texts]


class Mem0:
    """An agents' memory, with its default store (Qdrant's local mode) and `infer=False`, since there is no language model."""

    def __init__(self, folder):
        os.environ |= {"MEM0_TELEMETRY": "False", "MEM0_DIR": str(folder)}
        from mem0 import Memory

        store = {"path": str(folder / "qdrant"), "on_disk": True, "embedding_model_dims": DIMENSION}
        unused = {"provider": "openai", "config": {"api_key": "unused"}}
        self.memory = Memory.from_config(
            {
                "vector_store": {"provider": "qdrant", "config": store},
                "llm": unused,
                "embedder": unused,
                "history_db_path": str(folder / "history.db"),
            }
        )
        self.handed = self.memory.embedding_model = Handed()

    def add(self, items):
        for item in self.handed.of(items):
            self.memory.add(item["text"], user_id=AGENT, infer=False, metadata={"key": item["id"]})

    def search(self, text, vector):
        self.handed.of([{"text": text, "vector": vector}])
        found = self.memory.search(text, filters={"user_id": AGENT}, top_k=AT_MOST)
        return [hit["metadata"]["key"] for hit in found["results"]]

    def count(self):
        return len(self.memory.get_all(filters={"user_id": AGENT}, top_k=100_000)["results"])


class LangGraph:
    """The store that LangMem and LangGraph's agents remember in, on SQLite (sqlite-vec)."""

    def __init__(self, folder):
        from langgraph.store.sqlite import SqliteStore

        self.handed = Handed()
        index = {"dims": DIMENSION, "embed": self.handed.embed_all, "text_fields": ["text"]}
        self.opened = SqliteStore.from_conn_string(str(folder / "memory.db"), index=index)
        self.store = self.opened.__enter__()
        self.store.setup()

    def add(self, items):
        from langgraph.store.base import PutOp

        self.store.batch([PutOp((AGENT,), item["id"], {"text": item["text"]}) for item in self.handed.of(items)])

    def search(self, text, vector):
        self.handed.of([{"text": text, "vector": vector}])
        return [hit.key for hit in self.store.search((AGENT,), query=text, limit=AT_MOST)]

    def count(self):
        return len(self.store.search((AGENT,), limit=1_000_000))


class Memoripy:
    """An agents' memory that asks a chat model about each memory; it can't be opened without one."""

    def __init__(self, folder):
        from memoripy import JSONStorage, MemoryManager

        MemoryManager(storage=JSONStorage(str(folder / "memory.json")), embedding_model=Handed())


STORES = {
    "alma": Alma,
    "sqlite-utils": SqliteUtils,
    "tantivy": Tantivy,
    "chromadb": Chroma,
    "lancedb": Lance,
    "qdrant-client": Qdrant,
    "mem0ai": Mem0,
    "langgraph-checkpoint-sqlite": LangGraph,
    "memoripy": Memoripy,
}


def answer(store, call):
    started = time.perf_counter()
    match call["do"]:
        case "add":
            for start in range(0, len(call["items"]), BATCH):
                store.add(call["items"][start : start + BATCH])
            said = {}
        case "write":
            said = {"failed": written(store, call["items"])}
        case "search":
            said = {"ids": store.search(call["text"], call["vector"])}
        case "count":
            said = {"count": store.count()}
    return said | {"ms": (time.perf_counter() - started) * 1000}


def written(store, items):
    """Write one by one, and go on when one fails; what the last that failed said."""
    write = getattr(store, "write", lambda item: store.add([item]))
    failed = ""
    for item in items:
        try:
            write(item)
        except Exception as error:
            failed = first_line(error)
    return failed


def first_line(error):
    return f"{type(error).__name__}: {error}".strip().splitlines()[0]


def main():
    name, folder = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr  # what a peer prints is no answer
    store = None
    for line in sys.stdin:
        try:
            store = store or STORES[name](Path(folder))
            said = answer(store, json.loads(line))
        except Exception as error:
            said = {"error": first_line(error)}
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()
