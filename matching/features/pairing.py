"""Pairing two encoded sides: the columns of the feature matrix.

A pair only looks both sides up; its values do not depend on its batch.
"""

import numpy as np
from scipy.sparse import csr_matrix

from matching.arrays import Booleans, Floats, Rows
from matching.features.embeddings import EMBEDDING_INPUTS, similarities
from matching.features.encoding import REMOTE_WISHES, ROLES_COMPARED, Encoded
from matching.features.name_rows import count
from matching.features.shares import share
from matching.features.tfidf import row_dots, row_products, row_sums

# A resume with more than this share of a job's words and word pairs was pasted from the job, and does not count.
PASTED_SHARE = 0.6
MIN_PASTED_TERMS = 32  # an honest resume may contain all of a shorter text, such as a bare title

TOPIC_DIGITS = 6


def pair_columns(candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> dict[str, Floats]:
    """Return every feature of the pairs by name, each of shape (n_pairs,)."""
    candidate = {name: values[candidate_rows] for name, values in candidates.numbers.items()}
    job = {name: values[job_rows] for name, values in jobs.numbers.items()}
    candidate_sparse = {name: rows[candidate_rows] for name, rows in candidates.sparse.items()}
    job_sparse = {name: rows[job_rows] for name, rows in jobs.sparse.items()}
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            **_side_features(candidate, job),
            **_skill_features(candidate, job, candidate_sparse, job_sparse),
            **_role_features(candidate, job, candidate_sparse, job_sparse),
            **_fit_features(candidate, job),
            **_wish_features(candidate, job, candidate_sparse, job_sparse),
        }
    pasted = np.isnan(columns["text_similarity"])  # it is missing for no other reason
    columns |= _embedding_features(similarities(candidates.vectors, jobs.vectors, candidate_rows, job_rows), pasted)
    return columns


def _side_features(candidate: dict[str, Floats], job: dict[str, Floats]) -> dict[str, Floats]:
    return {
        "candidate_experience_years": candidate["experience"],
        "candidate_expected_salary_usd_per_year": candidate["expected_salary"],
        "candidate_skill_count": candidate["skill_count"],
        "candidate_new_skill_share": candidate["new_skill_share"],
        "candidate_remote_wish": candidate["remote_wish"],
        "job_min_experience_years": job["min_experience"],
        "job_max_experience_years": job["max_experience"],
        "job_min_salary_usd_per_year": job["min_salary"],
        "job_max_salary_usd_per_year": job["max_salary"],
        "job_remote_policy": job["remote_policy"],
        "job_company_size": job["company_size"],
        "job_must_have_count": job["must_count"],
        "job_new_skill_share": job["new_skill_share"],
    }


def _skill_features(
    candidate: dict[str, Floats],
    job: dict[str, Floats],
    candidate_sparse: dict[str, csr_matrix],
    job_sparse: dict[str, csr_matrix],
) -> dict[str, Floats]:
    # No weight of a term is zero, so what is stored of the products are the terms in both texts.
    common = row_products(candidate_sparse["profile_words"], job_sparse["post_words"])
    pasted = (share(count(common), job["term_count"]) > PASTED_SHARE) & (job["term_count"] >= MIN_PASTED_TERMS)

    def overlap(suffix: str, wanted: str) -> Floats:
        """Overlap with the candidate's skills; those in a pasted resume do not count."""
        both = [
            candidate[f"{kind}_weight"] * row_dots(candidate_sparse[kind + suffix], job_sparse[wanted])
            for kind in ("listed", "held")
        ]
        return np.where(pasted, *both)

    listed = candidate["listed_weight"] * row_dots(candidate_sparse["listed"], job_sparse["must_weight"])
    return {
        "must_have_coverage": share(overlap("", "must_weight"), job["must_rarity"]),
        "must_have_listed_coverage": share(listed, job["must_rarity"]),
        "must_have_missing_count": job["must_count"] - overlap("", "must"),
        "must_have_depth": share(overlap("_depth", "must_weight"), job["must_rarity"]),
        "nice_to_have_coverage": share(overlap("", "nice"), job["nice_count"]),
        "skill_overlap_rarity": share(overlap("", "skill_weight"), job["skill_rarity"]),
        "text_similarity": np.where(pasted, np.nan, row_sums(common)),
    }


def _embedding_features(found: dict[str, Floats], pasted: Booleans) -> dict[str, Floats]:
    """Similarities from a transformer; those of a pasted resume are missing, like `text_similarity`."""
    return {
        name: np.where(pasted, np.nan, values) if "candidate.resume" in EMBEDDING_INPUTS[name] else values
        for name, values in found.items()
    }


def _role_features(
    candidate: dict[str, Floats],
    job: dict[str, Floats],
    candidate_sparse: dict[str, csr_matrix],
    job_sparse: dict[str, csr_matrix],
) -> dict[str, Floats]:
    wished = [_topic_similarity(candidate[f"role_topics_{n}"], job["topics"]) for n in range(ROLES_COMPARED)]
    return {
        "role_similarity": _topic_similarity(candidate["topics"], job["topics"]),
        "wish_role_similarity": np.where(count(candidate_sparse["role_words"]) > 0, np.max(wished, axis=0), np.nan),
        "wish_title_similarity": row_dots(candidate_sparse["role_words"], job_sparse["title_words"]),
        "headline_title_similarity": row_dots(candidate_sparse["headline_words"], job_sparse["title_words"]),
        "title_spelling_similarity": row_dots(candidate_sparse["title_spelling"], job_sparse["title_spelling"]),
    }


def _topic_similarity(left: Floats, right: Floats) -> Floats:
    """Cosines of topics, shape (n_pairs,), without the digits in which processors differ: trees would split on them."""
    return np.asarray(np.round((left * right).sum(axis=1), TOPIC_DIGITS) + 0.0)  # no negative zeros


def _fit_features(candidate: dict[str, Floats], job: dict[str, Floats]) -> dict[str, Floats]:
    middle = (job["min_salary"] + job["max_salary"]) / 2
    wants_any = candidate["remote_wish"] == REMOTE_WISHES.index("any")
    return {
        "experience_below_years": np.maximum(job["min_experience"] - candidate["experience"], 0),
        "experience_above_years": np.maximum(candidate["experience"] - job["max_experience"], 0),
        "salary_headroom_log": np.log(job["max_salary"] / candidate["expected_salary"]),
        "salary_middle_log": np.log(middle / candidate["expected_salary"]),
        "same_city": _same(candidate["city"], job["city"]),
        "same_region": _same(candidate["region"], job["region"]),
        # To a candidate, a job posted after their last activity is as fresh as one posted at that time.
        "post_age_days": np.maximum(candidate["last_active"] - job["posted"], 0),
        "remote_gap": np.where(wants_any, 0.0, candidate["remote_wish"] - job["remote_policy"]),
    }


def _wish_features(
    candidate: dict[str, Floats],
    job: dict[str, Floats],
    candidate_sparse: dict[str, csr_matrix],
    job_sparse: dict[str, csr_matrix],
) -> dict[str, Floats]:
    wish_city = _wished(candidate_sparse["wish_cities"], job_sparse["city"])
    return {
        "wish_stack_share": _wished(candidate_sparse["wish_stack"], job_sparse["skills"]),
        "wish_city": wish_city,
        "distance": _distance(candidate, job, np.nan_to_num(wish_city) > 0),
        "wish_company_size": np.minimum(
            _wished(candidate_sparse["wish_sizes"], job_sparse["size"], as_share=False), 1.0
        ),
        "wish_industry": np.minimum(
            _wished(candidate_sparse["wish_industries"], job_sparse["industry"], as_share=False), 1.0
        ),
    }


def _distance(candidate: dict[str, Floats], job: dict[str, Floats], wished: Booleans) -> Floats:
    """0 for the same or a wanted city, 1 for the same country, 2 for the same continent, else 3; NaN if unknown."""
    steps = np.select(
        [wished | (_same(candidate["city"], job["city"]) == 1), candidate["country"] == job["country"]],
        [0.0, 1.0],
        np.where(candidate["continent"] == job["continent"], 2.0, 3.0),
    )
    unknown = (candidate["country"] == 0) | (job["country"] == 0)
    return np.where(unknown & (steps > 0), np.nan, steps)


def _wished(wishes: csr_matrix, offered: csr_matrix, *, as_share: bool = True) -> Floats:
    """Wishes that are met, as a share or a number; NaN where there are none."""
    wished = count(wishes)
    met = row_dots(wishes, offered)
    return share(met, wished) if as_share else np.where(wished > 0, met, np.nan)


def _same(left: Floats, right: Floats) -> Floats:
    """1 where two places are equal, 0 where they differ, NaN where either is missing."""
    return np.where((left == 0) | (right == 0), np.nan, (left == right).astype(np.float64))
