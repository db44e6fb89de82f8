"""The documented example: one prediction in the log, so that the feedback example works as shown."""

from datetime import datetime

import numpy as np

from matching.data.dataset import Pairs
from serving.answers.predictions import Members, record
from serving.answers.served_model import Call, ServedModel
from serving.contract.examples import EXAMPLE_CANDIDATE, EXAMPLE_JOB
from serving.sides import CANDIDATE, JOB
from store.predictions import EXAMPLE


def log_example(served: ServedModel, now: datetime) -> None:
    """Log the documented pair once, under the id in the feedback example."""
    candidates, jobs = served.profiles(CANDIDATE), served.profiles(JOB)
    rows = np.array([candidates.add(EXAMPLE_CANDIDATE, None, "")]), np.array([jobs.add(EXAMPLE_JOB, None, "")])
    record(
        served,
        Call(EXAMPLE, now),
        served.model.score(Pairs(candidates.table(), jobs.table(), *rows)),
        Members(list(candidates.by_id), candidates.by_id),
        Members(list(jobs.by_id), jobs.by_id),
        prediction_ids=[EXAMPLE],
    )
