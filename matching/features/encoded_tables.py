"""Profile tables that are encoded once and shared by all splits of their dataset."""

from dataclasses import dataclass
from typing import Generic

import polars as pl

from matching.arrays import Floats32
from matching.data.dataset import Pairs
from matching.features.feature_set import Encoding, FeatureSet


@dataclass(frozen=True)
class EncodedTables(Generic[Encoding]):
    """Two profile tables and their encodings.

    Attributes:
        features: the fitted feature set that encoded them.
        candidates: rows of `CandidateProfile`.
        jobs: rows of `JobProfile`.
        encoded_candidates: the encoding of `candidates`.
        encoded_jobs: the encoding of `jobs`.
    """

    features: FeatureSet[Encoding]
    candidates: pl.DataFrame
    jobs: pl.DataFrame
    encoded_candidates: Encoding
    encoded_jobs: Encoding

    @classmethod
    def of(cls, features: FeatureSet[Encoding], pairs: Pairs) -> "EncodedTables[Encoding]":
        """Encode both tables of some pairs."""
        encoded = features.encode_candidates(pairs.candidates), features.encode_jobs(pairs.jobs)
        return cls(features, pairs.candidates, pairs.jobs, *encoded)

    def transform(self, pairs: Pairs) -> Floats32:
        """Features of pairs, shape (n_pairs, n_features); other tables are encoded for this call only."""
        if pairs.candidates is not self.candidates or pairs.jobs is not self.jobs:
            return self.features.transform(pairs)
        return self.features.pair(self.encoded_candidates, self.encoded_jobs, pairs.candidate_rows, pairs.job_rows)
