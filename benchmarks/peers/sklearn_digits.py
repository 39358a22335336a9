"""The program of `examples/digits.nn` with scikit-learn: from a CSV to a trained model's file. `python … OUT`"""

import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")  # that 30 epochs may be too few
table = np.loadtxt(
    Path(__file__).parents[2] / "examples" / "data" / "digits.csv", delimiter=",", skiprows=1, dtype=np.float32
)
x, y = table[:, :-1] / 16, table[:, -1].astype(np.int64)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.15, stratify=y, random_state=0)
network = MLPClassifier(
    (64,),
    alpha=1e-4,
    batch_size=32,
    max_iter=30,
    early_stopping=True,  # which is what makes it look at validation rows
    validation_fraction=0.15 / 0.85,
    n_iter_no_change=30,
    random_state=0,
)
network.fit(x_train, y_train)
network.score(x_test, y_test)
joblib.dump(network, sys.argv[1] + ".joblib")
