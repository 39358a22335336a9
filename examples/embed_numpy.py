"""Train the generated digits.py with numpy alone; what it learnt is tested on rows that it never saw.

nndsl compile examples/digits.nn -o build/ && python examples/embed_numpy.py build examples/data/digits.csv
"""

import sys

import numpy as np

if len(sys.argv) != 3:
    sys.exit(__doc__)
build, table = sys.argv[1:]
sys.path.insert(0, build)
import digits  # noqa: E402  (the generated module lies in the folder just named)

data = np.loadtxt(table, np.float32, delimiter=",", skiprows=1)  # 64 pixels, then the digit
data = np.random.default_rng(0).permutation(data)
pixels, digit = data[:, :64], data[:, 64].astype(np.int64)

state = digits.init_state()
work = digits.workspace(32)
for step in range(1500):
    rows = np.random.default_rng(step).integers(300, len(data), 32)
    result = digits.train_step(state, pixels=pixels[rows], digit=digit[rows], step=step, work=work)
    if step % 100 == 99:
        print(f"step {step + 1:4}  loss {result['loss']:.4f}")

found = digits.predict(state, pixels=pixels[:300])["label"]
print(f"{np.mean(found == digit[:300]):.1%} of 300 new digits are right")
