"""Measure the salary model on a public survey: DOU, December 2019 (https://dou.ua), net USD per month.

Five folds, shuffled with a fixed seed, because a survey has no order in time. Gender, age, university and last year's
change of salary (it reveals the salary) are not read. The data is never part of this repository.

TANDEM_REALDATA=FOLDER python tests/bench/salary.py [SEED ...]
"""

import os
import sys
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold

from matching.advice.salary.inputs import SalaryInputs
from matching.advice.salary.training import SalarySettings, fit
from matching.arrays import Floats, Rows

FILE = Path("dou_salaries", "2019_dec_raw.csv")
SALARY = 15
TARGET = 470.0  # USD per month
YEARS = {
    "Менше 3 місяців": 0.15, "3 місяці": 0.25, "Півроку": 0.5, "1 рік": 1.0, "2 роки": 2.0, "3 роки": 3.0,
    "4 роки": 4.0, "5 років": 5.0, "6 років": 6.0, "7 років": 7.0, "8 років": 8.0, "9 років": 9.0,
    "10 і більше років": 12.0,
}  # fmt: skip
COMPANY_SIZE = {"до 10 спеціалістів": 0.0, "до 50": 1.0, "до 200": 2.0, "до 1000": 3.0, "понад 1000": 4.0}
ENGLISH = {"Elementary": 0.0, "Pre-Intermediate": 1.0, "Intermediate": 2.0, "Upper-Intermediate": 3.0, "Advanced": 4.0}
# Columns by their place: the survey's own headings are whole questions.
NUMBERS = {"experience_years": (13, YEARS), "tenure_years": (14, YEARS), "company_size": (12, COMPANY_SIZE),
           "english": (21, ENGLISH)}  # fmt: skip
ONE_OF = {"position": 1, "language": 2, "other_language": 3, "qa_kind": 5, "qa_language": 6, "design_kind": 7,
          "hr_kind": 8, "city": 10, "company_type": 11, "size_class": 12,
          "education": 19, "english_level": 21}  # fmt: skip
SEVERAL_OF = {"frameworks": 4, "domains": 9}


def load(folder: Path) -> tuple[SalaryInputs, Floats]:
    """Map the survey's columns to the inputs of the salary model; the salary in USD per month."""
    table = pl.read_csv(folder / FILE)
    table = table.filter(pl.nth(SALARY).is_not_null())
    column = [table[name].to_list() for name in table.columns]
    numbers = {
        name: np.array([values.get(cell, np.nan) for cell in column[place]])
        for name, (place, values) in NUMBERS.items()
    }
    names = {name: [[cell] if cell else [] for cell in column[place]] for name, place in ONE_OF.items()}
    names |= {name: [cell.split(";") if cell else [] for cell in column[place]] for name, place in SEVERAL_OF.items()}
    special = zip(*(column[place] for place in (1, 2, 5, 7, 8)), strict=True)
    names["position_and_kind"] = [[f"{position}: {next(filter(None, kind), '')}"] for position, *kind in special]
    return SalaryInputs(numbers, names), table.to_series(SALARY).to_numpy().astype(np.float64)


def folds(count: int, *, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to fit on and rows to evaluate on, for each fold."""
    return list(KFold(5, shuffle=True, random_state=seed).split(np.empty(count)))


def predicted(inputs: SalaryInputs, salary: Floats, *, seed: int, settings: SalarySettings) -> dict[str, Floats]:
    """Out-of-fold predictions of each method, shape (n,): quartiles, the median and the peers."""
    methods = ("0.25", "salary model", "0.75", "plain trees", "median of all")
    answers = {name: np.full(len(salary), np.nan) for name in methods}
    for train, test in folds(len(salary), seed=seed):
        fitted = fit(inputs.take(train), salary[train], seed=seed, settings=settings)
        X, unseen = fitted.encoder.transform(inputs.take(train)), fitted.encoder.transform(inputs.take(test))
        plain = HistGradientBoostingRegressor(random_state=seed).fit(X, np.log(salary[train]))
        quartiles = np.sort(np.exp(fitted.log_quantiles(unseen)), axis=1).T
        values = (*quartiles, np.exp(plain.predict(unseen)), np.median(salary[train]))
        for name, value in zip(methods, values, strict=True):
            answers[name][test] = value
    return answers


def main() -> None:
    """Print the error of each method per seed of the folds, and the share of salaries between the quartiles."""
    if "TANDEM_REALDATA" not in os.environ:
        raise SystemExit("set TANDEM_REALDATA to the folder with the public data sets")
    inputs, salary = load(Path(os.environ["TANDEM_REALDATA"]))
    for seed in map(int, sys.argv[1:] or ["0", "1", "2"]):
        answers = predicted(inputs, salary, seed=seed, settings=SalarySettings())
        errors = {name: float(np.abs(values - salary).mean()) for name, values in answers.items()}
        held = np.mean((answers["0.25"] <= salary) & (salary <= answers["0.75"]))
        figures = "  ".join(f"{name} {errors[name]:,.1f}" for name in ("salary model", "plain trees", "median of all"))
        verdict = "reached" if errors["salary model"] < TARGET else "MISSED"
        result = f"{figures}; target below {TARGET}: {verdict}; between the quartiles {held:.1%}"
        print(f"folds {seed}: MAE USD per month: {result}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
