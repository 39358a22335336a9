"""One of `networks.py`: nndsl's `fit` (`onnx`, `numpy`), or PyTorch (`default`, `fused`, `channels_last`)."""

from __future__ import annotations

import sys

from serve import THREADS, answers_alone, serve_lines, two_threads

two_threads()

from networks import NETWORKS, Network, data, program  # noqa: E402


def train_nndsl(network: Network, backend: str) -> None:
    from nndsl_worker import fit

    import nndsl

    x, y = data(network)
    net = nndsl.loads(program(network))
    fit(net, x, y, backend, parameters=sum(state.size for state in net.step.trainable))


def train_torch(network: Network, variant: str) -> None:
    import torch
    from torch import nn
    from torch_worker import trainer

    class Residual(nn.Module):
        def __init__(self, channels: int, filters: int, step: int):
            super().__init__()
            self.inside = nn.Sequential(
                nn.Conv2d(channels, filters, 3, step, 1),
                nn.BatchNorm2d(filters),
                nn.ReLU(),
                nn.Conv2d(filters, filters, 3, 1, 1),
                nn.BatchNorm2d(filters),
            )
            self.beside = nn.Conv2d(channels, filters, 1, step)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.inside(x) + self.beside(x))

    class Reduced(nn.Module):
        def __init__(self, *axes: int, largest: bool = False):
            super().__init__()
            self.axes, self.largest = axes, largest

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.amax(self.axes) if self.largest else x.mean(self.axes)

    class Transposed(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.transpose(1, 2)

    def back(channels: int, filters: int) -> nn.Module:
        return nn.ConvTranspose2d(channels, filters, 3, 2, 1, 1)

    relu, tanh, conv, dense = nn.ReLU, nn.Tanh, nn.Conv2d, nn.Linear
    layers: dict[str, list[nn.Module]] = {
        "deep": [m for i in range(10) for m in (dense(32 if i else 64, 32), relu())] + [dense(32, 10)],
        "wide": [dense(784, 300), relu(), dense(300, 10)],
        "logistic": [dense(784, 10)],
        "layer_norm": [
            *(dense(128, 256), nn.LayerNorm(256), nn.GELU(), dense(256, 256), nn.LayerNorm(256), nn.GELU()),
            dense(256, 10),
        ],
        "embedding": [nn.Embedding(20_000, 32), Reduced(1), dense(32, 16), relu(), dense(16, 2)],
        "words": [
            *(nn.Embedding(5000, 50), Transposed(), nn.Conv1d(50, 128, 3), relu(), Reduced(2, largest=True)),
            *(dense(128, 64), relu(), dense(64, 2)),
        ],
        "lenet": [
            *(conv(1, 6, 5, padding=2), tanh(), nn.AvgPool2d(2), conv(6, 16, 5), tanh(), nn.AvgPool2d(2)),
            *(nn.Flatten(), dense(400, 120), tanh(), dense(120, 84), tanh(), dense(84, 10)),
        ],
        "residual": [
            *(conv(3, 16, 3, 1, 1), relu(), Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)),
            *(Reduced(2, 3), dense(64, 10)),
        ],
        "depthwise": [
            *(conv(3, 32, 3, 2, 1), relu(), conv(32, 32, 3, 1, 1, groups=32), relu(), conv(32, 64, 1), relu()),
            *(conv(64, 64, 3, 2, 1, groups=64), relu(), conv(64, 128, 1), relu(), Reduced(2, 3), dense(128, 10)),
        ],
        "alexnet": [
            *(conv(3, 32, 7, 2, 3), relu(), nn.MaxPool2d(3, 2), conv(32, 64, 5, 1, 2), relu(), nn.MaxPool2d(3, 2)),
            *(conv(64, 96, 3, 1, 1), relu(), Reduced(2, 3), dense(96, 10)),
        ],
        "autoencoder": [
            *(conv(1, 16, 3, 2, 1), relu(), conv(16, 8, 3, 2, 1), relu(), back(8, 8), relu(), back(8, 16), relu()),
            conv(16, 1, 3, 1, 1),
        ],
        "denoising": [
            *(conv(1, 32, 3, 1, 1), relu(), nn.MaxPool2d(2), conv(32, 32, 3, 1, 1), relu(), nn.MaxPool2d(2)),
            *(back(32, 32), relu(), back(32, 32), relu(), conv(32, 1, 3, 1, 1)),
        ],
    }
    out = answers_alone()
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    values = data(network)
    if len(network.shape) == 3:
        values = tuple(v.transpose(0, 3, 1, 2).copy() if v.ndim == 4 else v for v in values)
    x, y = map(torch.from_numpy, values)
    net = nn.Sequential(*layers[network.name])
    if variant == "channels_last":
        x, net = x.contiguous(memory_format=torch.channels_last), net.to(memory_format=torch.channels_last)
    fused = variant != "default" or None
    rate = float(network.optimizer.partition("(")[2].rstrip(")"))
    kind = torch.optim.SGD if network.optimizer.startswith("sgd") else torch.optim.Adam
    optimizer = kind(net.parameters(), rate, fused=fused)
    criterion = nn.CrossEntropyLoss() if network.classes else nn.MSELoss()

    train = trainer(net, x, y, network.batch, optimizer, criterion)
    serve_lines(out, train, ready=f"PyTorch {torch.__version__}", parameters=sum(p.numel() for p in net.parameters()))


def main(network: Network, variant: str) -> None:
    (train_nndsl if variant in ("onnx", "numpy") else train_torch)(network, variant)


main(NETWORKS[sys.argv[1]], sys.argv[2])
