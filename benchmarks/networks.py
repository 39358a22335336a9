"""Networks that are none of the six tasks: microseconds a step in nndsl and PyTorch.

    python benchmarks/networks.py [--networks residual …] [--rounds 5] [--out results.json]

What courses and small products train: strided, transposed, depthwise convolutions, normalization, embeddings. Each is
a program here and a module in `peers/network_worker.py`, with as many parameters, on data at random: losses are not
compared. Everybody has a process of their own and they take turns, as in `compare.py`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from compare import ENVIRONMENT, OWN, REST, Contender, results_in, table

ADAM = "adam(0.001)"
WARM_UP = 60
"""Steps before any time counts."""


@dataclass(frozen=True)
class Network:
    """A network with the classes of its rows, or with the rows themselves as what it is to give back.

    `kinds`: how many an integer input has; 0 for numbers in 0 to 1.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    layers: str
    batch: int
    rows: int
    classes: int = 10
    kinds: int = 0
    optimizer: str = ADAM

    @property
    def steps(self) -> int:
        return -(-self.rows // self.batch)


NETWORKS = {
    network.name: network
    for network in (
        Network("deep", "64, ten layers of 32, 10", (64,), " -> ".join(["dense(32, relu)"] * 10), 32, 3200),
        Network("wide", "784-300-10", (784,), "dense(300, relu)", 5, 1500),
        Network("logistic", "784-10 with sgd", (784,), "", 32, 9600, optimizer="sgd(0.1)"),
        Network(
            "layer_norm",
            "128, two layers of 256 with layer_norm and gelu, 10",
            (128,),
            "dense(256) -> layer_norm -> gelu -> dense(256) -> layer_norm -> gelu",
            64,
            6400,
        ),
        Network(
            "embedding",
            "100 words of 20 000 kinds, embedding of 32, mean, 16, 2",
            (100,),
            "embedding(20000, 32) -> global_avg_pool1d -> dense(16, relu)",
            32,
            3200,
            classes=2,
            kinds=20_000,
        ),
        Network(
            "words",
            "200 words of 5000 kinds, embedding of 50, conv1d 128, max, 64, 2",
            (200,),
            "embedding(5000, 50) -> conv1d(128, 3, relu) -> global_max_pool1d -> dense(64, relu)",
            32,
            960,
            classes=2,
            kinds=5000,
        ),
        Network(
            "lenet",
            "LeNet-5, 28 x 28",
            (28, 28, 1),
            "conv2d(6, 5, tanh, padding = same) -> avg_pool2d(2) -> conv2d(16, 5, tanh) -> avg_pool2d(2) -> flatten "
            "-> dense(120, tanh) -> dense(84, tanh)",
            64,
            3200,
        ),
        Network(
            "residual",
            "7 convolutions of 16, 32, 64 with batch_norm and shortcuts, 32 x 32 x 3",
            (32, 32, 3),
            "conv2d(16, 3, relu, padding = same) -> residual(16, 1) -> residual(32, 2) -> residual(64, 2) "
            "-> global_avg_pool2d",
            32,
            640,
        ),
        Network(
            "depthwise",
            "conv 32, depthwise and pointwise to 64 and 128, 32 x 32 x 3",
            (32, 32, 3),
            "conv2d(32, 3, relu, strides = 2, padding = same) -> depthwise_conv2d(3, relu, padding = same) "
            "-> conv2d(64, 1, relu) -> depthwise_conv2d(3, relu, strides = 2, padding = same) -> conv2d(128, 1, relu) "
            "-> global_avg_pool2d",
            32,
            960,
        ),
        Network(
            "alexnet",
            "7 x 7 by 2, pools of 3 by 2, 5 x 5, 3 x 3, 64 x 64 x 3",
            (64, 64, 3),
            "conv2d(32, 7, relu, strides = 2, padding = same) -> max_pool2d(3, strides = 2) "
            "-> conv2d(64, 5, relu, padding = same) -> max_pool2d(3, strides = 2) "
            "-> conv2d(96, 3, relu, padding = same) -> global_avg_pool2d",
            32,
            640,
        ),
        Network(
            "autoencoder",
            "convolutions 16, 8 by 2, back to 8, 16, and 1, 28 x 28",
            (28, 28, 1),
            "conv2d(16, 3, relu, strides = 2, padding = same) -> conv2d(8, 3, relu, strides = 2, padding = same) "
            "-> conv2d_transpose(8, 3, relu, strides = 2, padding = same) "
            "-> conv2d_transpose(16, 3, relu, strides = 2, padding = same) -> conv2d(1, 3, padding = same)",
            64,
            1280,
            classes=0,
        ),
        Network(
            "denoising",
            "convolutions 32, 32 with pools, back to 32, 32, and 1, 28 x 28",
            (28, 28, 1),
            "conv2d(32, 3, relu, padding = same) -> max_pool2d(2) -> conv2d(32, 3, relu, padding = same) "
            "-> max_pool2d(2) -> conv2d_transpose(32, 3, relu, strides = 2, padding = same) "
            "-> conv2d_transpose(32, 3, relu, strides = 2, padding = same) -> conv2d(1, 3, padding = same)",
            128,
            1280,
            classes=0,
        ),
    )
}

BLOCK = """block residual(x, filters, stride) {
  y = x -> conv2d(filters, 3, padding = same, strides = stride) -> batch_norm -> relu
  y = y -> conv2d(filters, 3, padding = same) -> batch_norm
  return relu(y + conv2d(x, filters, 1, strides = stride))
}
"""


def program(network: Network) -> str:
    dtype = "i64" if network.kinds else "f32"
    shape = ", ".join(map(str, network.shape))
    layers = f"x -> {network.layers}" if network.layers else "x"
    if network.classes:
        target, ends = f"class[{network.classes}]", f"{layers} -> dense({network.classes})"
        loss = "cross_entropy(y_hat, y)"
    else:
        target, ends, loss = f"f32[{shape}]", layers, "mse(y_hat, y)"
    return f"""{BLOCK if "residual(" in layers else ""}model network {{
  input  x: {dtype}[{shape}]
  target y: {target}
  y_hat = {ends}
  output result = y_hat
  loss   {loss}
}}
train {{
  optimizer  = {network.optimizer}
  batch_size = {network.batch}
}}
"""


def data(network: Network) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    draw = np.random.default_rng(0)
    size = (network.rows, *network.shape)
    x = draw.integers(0, network.kinds, size) if network.kinds else draw.random(size, dtype=np.float32)
    return x, draw.integers(0, network.classes, network.rows) if network.classes else x


def contenders(network: Network, python: str) -> list[Contender]:
    torch = ["default", "fused", *(["channels_last"] if len(network.shape) == 3 else [])]
    return [
        *(Contender(f"nndsl, {name}", "network", variant, sys.executable) for name, variant in OWN),
        *(Contender(f"PyTorch {variant.replace('_', ' ')}", "network", variant, python) for variant in torch),
    ]


def measure(network: Network, rounds: int, python: str) -> list[dict[str, Any]]:
    """The rows of a network's table: microseconds a step (median, least)."""
    field = contenders(network, python)
    try:
        for one in field:
            one.start(network)
            one.train(max(3, -(-WARM_UP // network.steps)))
        if len(parameters := {one.parameters for one in field if not one.failed}) > 1:
            raise SystemExit(f"{network.name}: the networks differ, they have {parameters} parameters")
        for turn in range(rounds):
            for one in random.Random(turn).sample(field, len(field)):
                time.sleep(REST)
                one.seconds.append(one.train(2)[0])
    finally:
        for one in field:
            if one.process:
                one.stop()
    rows = []
    for one in field:
        times = [1e6 * seconds / (2 * network.steps) for seconds in one.seconds]
        found = {"failed": one.failed} if one.failed else {"median": statistics.median(times), "least": min(times)}
        rows.append({"contender": one.name, "version": one.version, **found})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=str(ENVIRONMENT / "bin" / "python"), help="PyTorch's interpreter")
    parser.add_argument("--out", type=Path, help="the JSON to write; networks that it has already are replaced")
    arguments = parser.parse_args()
    results = results_in(arguments.out)
    for name in arguments.networks:
        network = NETWORKS[name]
        rows = measure(network, arguments.rounds, arguments.python)
        print(table(network, rows), flush=True)
        results.setdefault("networks", {})[name] = {"title": network.title, "batch": network.batch, "rows": rows}
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
