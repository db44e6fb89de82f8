"""The salary model of a bundle, from ONNX and JSON files: quartiles of what similar candidates expect."""

from pathlib import Path

import numpy as np

from matching.advice.salary.encoder import SalaryEncoder
from matching.advice.salary.inputs import SalaryInputs
from matching.arrays import Floats, Floats32
from matching.errors import ModelError
from matching.model.state import read_state
from matching.onnx_session import open_session

FORMAT = 1
FILES = ("salary.onnx", "salary.json")


class SalaryModel:
    """Quartiles of the expected salary, from data files.

    Args:
        folder: a bundle with both `FILES`.

    Attributes:
        encoder: turns inputs into columns.
        shares: the quantiles that the model returns, ascending, such as .25, .5 and .75.

    Raises:
        ModelError: the files have a format that this version cannot read.
    """

    def __init__(self, folder: Path) -> None:
        state = read_state(folder / "salary.json", FORMAT)
        self.encoder = SalaryEncoder(state["numbers"], state["columns"])
        self.shares: tuple[float, ...] = tuple(state["quantiles"])
        self._session = open_session((folder / "salary.onnx").read_bytes())

    @classmethod
    def load(cls, folder: Path) -> "SalaryModel | None":
        """Load the salary model of a bundle, None if it has none; raises ModelError."""
        there = [(folder / name).is_file() for name in FILES]
        if not any(there):
            return None
        if not all(there):
            raise ModelError(f"{FILES[there.index(False)]} is missing beside {FILES[there.index(True)]}: train again")
        return cls(folder)

    def quantiles(self, inputs: SalaryInputs) -> Floats:
        """Return the salaries below which each of `shares` of similar people lies, shape (n, n_shares)."""
        return self.quantiles_of_columns(self.encoder.transform(inputs))

    def quantiles_of_columns(self, X: Floats32) -> Floats:
        """Return the quantiles of encoded rows, shape (n, n_shares), in the unit of the training."""
        if not len(X):
            return np.empty((0, len(self.shares)))
        answers = self._session.run(None, {"features": X})
        return np.exp(uncrossed(np.column_stack([answer.ravel() for answer in answers]).astype(np.float64)))


def uncrossed(log_quantiles: Floats) -> Floats:
    """Sort the quantiles of each row: fitted separately, they may cross."""
    return np.sort(log_quantiles, axis=1)
