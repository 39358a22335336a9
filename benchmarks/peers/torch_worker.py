"""PyTorch. Variants: `default` (Adam as it comes), `fused` (Adam), `channels_last` (fused, for images), `compile`."""

from __future__ import annotations

from serve import THREADS, serve, two_threads

two_threads()

import torch  # noqa: E402
from tasks import LEARNING_RATE, Task, data, shapes, weights  # noqa: E402
from torch import nn  # noqa: E402


class Network(nn.Module):
    """The task's layers; dense layers see pixels in the order of channels last, as everywhere."""

    def __init__(self, task: Task):
        super().__init__()
        self.image = len(task.shape) == 3
        given = iter(weights(task))
        layers: list[nn.Module] = []
        for (kind, *arguments), (before, shape) in zip(task.layers, shapes(task), strict=True):
            if kind == "dense":
                layer: nn.Module = nn.Linear(before[0], arguments[0])
                layer.weight.data = torch.from_numpy(next(given).T.copy())
                nn.init.zeros_(layer.bias)
            elif kind == "conv":
                layer = nn.Conv2d(shape[2], shape[3], 3, padding=arguments[1])
                layer.weight.data = torch.from_numpy(next(given).transpose(3, 2, 0, 1).copy())
                nn.init.zeros_(layer.bias)
            else:
                made = {"relu": nn.ReLU, "pool": lambda: nn.MaxPool2d(2), "flatten": nn.Flatten, "dropout": nn.Dropout}
                layer = made[kind](*arguments)
            layers.append(layer)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def build(task: Task, variant: str):
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    x, y = map(torch.from_numpy, data(task))
    network = Network(task)
    if network.image:
        x = x.permute(0, 3, 1, 2).contiguous()
    if variant == "channels_last":
        x = x.contiguous(memory_format=torch.channels_last)
        network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE, fused=variant != "default" or None)
    criterion = nn.CrossEntropyLoss()
    forward = torch.compile(network) if variant == "compile" else network
    network.train()

    return trainer(forward, x, y, task.batch, optimizer, criterion)


def trainer(forward, x, y, batch, optimizer, criterion):
    """A function that trains N epochs and gives the mean loss of the last."""

    def train(epochs: int) -> float:
        total = torch.zeros(())
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(x)).split(batch):
                optimizer.zero_grad(set_to_none=True)
                loss = criterion(forward(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(rows)
        return float(total) / len(x)

    return train


if __name__ == "__main__":
    serve(build, lambda: f"PyTorch {torch.__version__}")
