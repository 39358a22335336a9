"""Train digits.train.onnx with numpy, onnxruntime and safetensors alone: neither nndsl nor a framework.

nndsl compile examples/digits.nn --target onnx -o build/ && python examples/embed_onnx.py build examples/data/digits.csv
"""

import sys

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

if len(sys.argv) != 3:
    sys.exit(__doc__)
build, table = sys.argv[1:]
data = np.loadtxt(table, np.float32, delimiter=",", skiprows=1)  # 64 pixels, then the digit
train = onnxruntime.InferenceSession(f"{build}/digits.train.onnx")
outputs = [output.name for output in train.get_outputs()]
state = load_file(f"{build}/digits.state.safetensors")
scalars = {"nndsl.step": np.array(0), "nndsl.seed": np.array(7), "nndsl.row": np.array(0)}
scalars["nndsl.lr_scale"] = np.array(1, np.float32)

for epoch in range(30):
    loss = 0.0
    for rows in np.array_split(np.random.default_rng(epoch).permutation(len(data)), len(data) // 32):
        batch = {"pixels": data[rows, :64], "digit": data[rows, 64].astype(np.int64)}
        results = dict(zip(outputs, train.run(outputs, {**batch, **scalars, **state}), strict=True))
        state = {name: results.get(f"{name}.next", tensor) for name, tensor in state.items()}
        scalars["nndsl.step"] += 1
        loss += results["loss"] * len(rows) / len(data)
    print(f"epoch {epoch + 1:2}  loss {loss:.4f}")

predict = onnxruntime.InferenceSession(f"{build}/digits.predict.onnx")
given = {"pixels": data[:, :64], **state}
(label,) = predict.run(["label"], {value.name: given[value.name] for value in predict.get_inputs()})
print(f"{np.mean(label == data[:, 64]):.1%} of the rows it trained on are right")
