"""infinity with its ONNX engine on an int8 model, the fastest that it has for a CPU.

The engine takes the weights from the model's folder, and prefers quantized ones. A folder without
any gets them here, with the tools that come with the engine: exported, fused for BERT, then
quantized dynamically. Fusing comes first because it fails on quantized graphs, so infinity's own
attempt at it is switched off.

One process with a thread for each core is how infinity runs: it gathers concurrent questions in
batches. Its log level is what its help recommends for speed.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.peers import INFINITY_MODEL


def run() -> None:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("model", type=Path)
    made.add_argument("--port", required=True)
    arguments = made.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that the folder is removed
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own, so that the server's memory is the server's.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(_quantize, arguments.model, Path(folder) / "model").result()
        _serve(Path(folder) / "model", arguments.port)


def _quantize(model: Path, folder: Path) -> None:
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from optimum.onnxruntime import ORTModelForFeatureExtraction, ORTOptimizer
    from optimum.onnxruntime.configuration import AutoOptimizationConfig

    shutil.copytree(model, folder)
    exported = ORTModelForFeatureExtraction.from_pretrained(folder, export=True)
    fused = folder.parent / "fused"
    ORTOptimizer.from_pretrained(exported).optimize(AutoOptimizationConfig.O2(), save_dir=fused)
    quantize_dynamic(
        fused / "model_optimized.onnx",
        folder / "model_quantized.onnx",
        weight_type=QuantType.QInt8,
        # Fused operators do not say the type of their results; all of them are floats.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )


def _serve(model: Path, port: str) -> None:
    from infinity_emb.cli import cli

    options = {
        "model-id": ".",
        "served-model-name": INFINITY_MODEL,
        "engine": "optimum",
        "device": "cpu",
        "pooling-method": "mean",
        "host": "127.0.0.1",
        "port": port,
        "log-level": "warning",
    }
    # This infinity names the weights by their path from here, this optimum by that from the
    # model's folder: they agree when it is here.
    os.chdir(model)
    sys.argv[1:] = ["v2", "--onnx-disable-optimize"]
    sys.argv += [f"--{name}={value}" for name, value in options.items()]
    cli()


if __name__ == "__main__":
    run()
