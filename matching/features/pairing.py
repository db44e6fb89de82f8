"""What two encoded sides say about each other: the columns of the feature matrix.

A pair only looks both sides up; its values do not depend on the batch it is computed in.
"""

import numpy as np
from scipy.sparse import csr_matrix

from matching.arrays import Booleans, Floats, Rows
from matching.features.embeddings import EMBEDDING_INPUTS, similarities
from matching.features.encoding import REMOTE_WISHES, ROLES_COMPARED, Encoded
from matching.features.name_rows import count
from matching.features.shares import share
from matching.features.tfidf import row_dots

# A resume that holds this share of a post's words and word pairs was copied from the post: it counts for nothing there.
PASTED_SHARE = 0.6
FEWEST_PASTED_TERMS = 32  # of a shorter post, such as a bare title, an honest resume may hold it all


def pair_columns(candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> dict[str, Floats]:
    """Every feature of the pairs by name, each shape (n_pairs,)."""
    person = {name: values[candidate_rows] for name, values in candidates.numbers.items()}
    post = {name: values[job_rows] for name, values in jobs.numbers.items()}
    person_rows = {name: rows[candidate_rows] for name, rows in candidates.sparse.items()}
    post_rows = {name: rows[job_rows] for name, rows in jobs.sparse.items()}
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            **_side_features(person, post),
            **_skill_features(person, post, person_rows, post_rows),
            **_role_features(person, post, person_rows, post_rows),
            **_fit_features(person, post),
            **_wish_features(person, post, person_rows, post_rows),
        }
    pasted = np.isnan(columns["text_similarity"])  # nowhere else is it missing
    columns |= _embedding_features(similarities(candidates.vectors, jobs.vectors, candidate_rows, job_rows), pasted)
    return columns


def _side_features(person: dict[str, Floats], post: dict[str, Floats]) -> dict[str, Floats]:
    return {
        "candidate_experience_years": person["experience"],
        "candidate_expected_salary_usd_per_year": person["expected_salary"],
        "candidate_skill_count": person["skill_count"],
        "candidate_new_skill_share": person["new_skill_share"],
        "candidate_remote_wish": person["remote_wish"],
        "job_min_experience_years": post["min_experience"],
        "job_max_experience_years": post["max_experience"],
        "job_min_salary_usd_per_year": post["min_salary"],
        "job_max_salary_usd_per_year": post["max_salary"],
        "job_remote_policy": post["remote_policy"],
        "job_company_size": post["company_size"],
        "job_must_have_count": post["must_count"],
        "job_new_skill_share": post["new_skill_share"],
    }


def _skill_features(
    person: dict[str, Floats],
    post: dict[str, Floats],
    person_rows: dict[str, csr_matrix],
    post_rows: dict[str, csr_matrix],
) -> dict[str, Floats]:
    shared = share(row_dots(person_rows["profile_terms"], post_rows["post_terms"]), post["term_count"])
    pasted = (shared > PASTED_SHARE) & (post["term_count"] >= FEWEST_PASTED_TERMS)

    def overlap(suffix: str, wanted: str) -> Floats:
        """Overlap with the skills a candidate has; the resume does not count where it was pasted from the post."""
        both = [
            person[f"{kind}_weight"] * row_dots(person_rows[kind + suffix], post_rows[wanted])
            for kind in ("listed", "held")
        ]
        return np.where(pasted, *both)

    listed = person["listed_weight"] * row_dots(person_rows["listed"], post_rows["must_weight"])
    return {
        "must_have_coverage": share(overlap("", "must_weight"), post["must_rarity"]),
        "must_have_listed_coverage": share(listed, post["must_rarity"]),
        "must_have_missing_count": post["must_count"] - overlap("", "must"),
        "must_have_depth": share(overlap("_depth", "must_weight"), post["must_rarity"]),
        "nice_to_have_coverage": share(overlap("", "nice"), post["nice_count"]),
        "skill_overlap_rarity": share(overlap("", "skill_weight"), post["skill_rarity"]),
        "text_similarity": np.where(pasted, np.nan, row_dots(person_rows["profile_words"], post_rows["post_words"])),
    }


def _embedding_features(found: dict[str, Floats], pasted: Booleans) -> dict[str, Floats]:
    """Similarities by a transformer; one with a resume that was pasted from the post is missing, as TF-IDF's is."""
    return {
        name: np.where(pasted, np.nan, values) if "candidate.resume" in EMBEDDING_INPUTS[name] else values
        for name, values in found.items()
    }


def _role_features(
    person: dict[str, Floats],
    post: dict[str, Floats],
    person_rows: dict[str, csr_matrix],
    post_rows: dict[str, csr_matrix],
) -> dict[str, Floats]:
    wished = [(person[f"role_topics_{n}"] * post["topics"]).sum(axis=1) for n in range(ROLES_COMPARED)]
    return {
        "role_similarity": (person["topics"] * post["topics"]).sum(axis=1),
        "wish_role_similarity": np.where(count(person_rows["role_words"]) > 0, np.max(wished, axis=0), np.nan),
        "wish_title_similarity": row_dots(person_rows["role_words"], post_rows["title_words"]),
        "headline_title_similarity": row_dots(person_rows["headline_words"], post_rows["title_words"]),
        "title_spelling_similarity": row_dots(person_rows["title_spelling"], post_rows["title_spelling"]),
    }


def _fit_features(person: dict[str, Floats], post: dict[str, Floats]) -> dict[str, Floats]:
    middle = (post["min_salary"] + post["max_salary"]) / 2
    asks_any = person["remote_wish"] == REMOTE_WISHES.index("any")
    return {
        "experience_below_years": np.maximum(post["min_experience"] - person["experience"], 0),
        "experience_above_years": np.maximum(person["experience"] - post["max_experience"], 0),
        "salary_headroom_log": np.log(post["max_salary"] / person["expected_salary"]),
        "salary_middle_log": np.log(middle / person["expected_salary"]),
        "same_city": _same(person["city"], post["city"]),
        "same_region": _same(person["region"], post["region"]),
        # A post that is newer than the candidate's last visit is as fresh to them as one of that moment.
        "post_age_days": np.maximum(person["last_active"] - post["posted"], 0),
        "remote_gap": np.where(asks_any, 0.0, person["remote_wish"] - post["remote_policy"]),
    }


def _wish_features(
    person: dict[str, Floats],
    post: dict[str, Floats],
    person_rows: dict[str, csr_matrix],
    post_rows: dict[str, csr_matrix],
) -> dict[str, Floats]:
    wish_city = _wished(person_rows["wish_cities"], post_rows["city"])
    return {
        "wish_stack_share": _wished(person_rows["wish_stack"], post_rows["skills"]),
        "wish_city": wish_city,
        "distance": _distance(person, post, np.nan_to_num(wish_city) > 0),
        "wish_company_size": np.minimum(_wished(person_rows["wish_sizes"], post_rows["size"], as_share=False), 1.0),
        "wish_industry": np.minimum(
            _wished(person_rows["wish_industries"], post_rows["industry"], as_share=False), 1.0
        ),
    }


def _distance(person: dict[str, Floats], post: dict[str, Floats], wished: Booleans) -> Floats:
    """Steps from home to work: 0 same or wished city, 1 same country, 2 same continent, 3 farther; missing unknown."""
    steps = np.select(
        [wished | (_same(person["city"], post["city"]) == 1), person["country"] == post["country"]],
        [0.0, 1.0],
        np.where(person["continent"] == post["continent"], 2.0, 3.0),
    )
    unknown = (person["country"] == 0) | (post["country"] == 0)
    return np.where(unknown & (steps > 0), np.nan, steps)


def _wished(wishes: csr_matrix, offered: csr_matrix, *, as_share: bool = True) -> Floats:
    """Wishes that are met, as a share or a count; missing where nothing was wished for."""
    wished = count(wishes)
    met = row_dots(wishes, offered)
    return share(met, wished) if as_share else np.where(wished > 0, met, np.nan)


def _same(left: Floats, right: Floats) -> Floats:
    """Return 1 where two places are equal, 0 where not, missing where either is."""
    return np.where((left == 0) | (right == 0), np.nan, (left == right).astype(np.float64))
