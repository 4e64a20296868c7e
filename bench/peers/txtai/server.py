"""txtai's own API over an index of the catalogue, made here before the API starts.

Torch in float32 and Faiss, both as txtai chooses by itself: exact up to 5,000 utterances, clusters
above. The index is read-only, which spares each search a lock, and holds no texts, which spares it
a database; a result's id is "number:intent". Two uvicorn workers of one torch thread each suit two
cores. Uvicorn uses uvloop, which is required beside it: without it, several workers answer 40 ms
late, because asyncio leaves Nagle's algorithm on for the socket that they share.
"""

import argparse
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import uvicorn
import yaml

from bench.peers import read_catalogue


def run() -> None:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("model")
    made.add_argument("catalogue", type=Path)
    made.add_argument("--port", type=int, required=True)
    made.add_argument("--workers", type=int, required=True)
    arguments = made.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // arguments.workers))
    with tempfile.TemporaryDirectory() as folder:
        index, config = Path(folder) / "index", Path(folder) / "config.yml"
        # In a process of its own, so that the server's memory is the server's.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(_index, arguments.model, arguments.catalogue, index).result()
        settings = {"path": str(index), "writable": False, "embeddings": _settings(arguments.model)}
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        os.environ["CONFIG"] = str(config)
        uvicorn.run(
            "txtai.api:app",
            host="127.0.0.1",
            port=arguments.port,
            workers=arguments.workers,
            log_level="warning",
            timeout_keep_alive=60,
        )


def _settings(model: str) -> dict[str, object]:
    return {"path": model, "content": False, "gpu": False}


def _index(model: str, catalogue: Path, folder: Path) -> None:
    from txtai import Embeddings

    embeddings = Embeddings(**_settings(model))
    rows = enumerate(read_catalogue(catalogue))
    embeddings.index((f"{number}:{intent}", text, None) for number, (text, intent) in rows)
    embeddings.save(str(folder))


if __name__ == "__main__":
    run()
