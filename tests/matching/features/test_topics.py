import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from scipy.sparse.linalg import svds

from matching.features.topics import Topics, _components


def test_few_titles_give_the_same_vectors_every_time() -> None:
    """Components of equal strength have no natural order; a random one would give another model every time."""
    titles = [f"{name} developer {name}" for name in ("go", "rust", "java", "react", "spark")] * 3
    first, again = (Topics().fit(titles, titles) for _ in range(2))
    np.testing.assert_array_equal(first.vectors_, again.vectors_)
    assert np.allclose(np.linalg.norm(first.transform(titles), axis=1), 1)


def test_texts_of_few_dimensions_give_the_same_vectors_every_time() -> None:
    """ARPACK, unless seeded, continues from a random vector here."""
    generator = np.random.default_rng(1)
    skills = ("python", "go", "java", "react", "kafka", "rust", "sql", "aws")
    texts = [f"{first} engineer {first} {second}" for first, second in generator.choice(skills, (200, 2))]
    first, again = (Topics().fit(texts[:40], texts) for _ in range(2))
    assert first.vectors_.shape == (len(first.terms.terms_), 48)
    np.testing.assert_array_equal(first.vectors_, again.vectors_)


@pytest.mark.parametrize("shape", [(400, 300), (300, 400)])
def test_the_components_are_those_of_scipy(shape: tuple[int, int]) -> None:
    documents = csr_matrix(random_array(shape, density=0.02, rng=np.random.default_rng(1)))
    start = np.ones(min(shape))
    _, _, theirs = svds(documents, k=48, v0=start, solver="arpack")
    np.testing.assert_array_equal(_components(documents, 48), theirs[::-1])
