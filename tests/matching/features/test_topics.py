import numpy as np

from matching.features.topics import Topics


def test_few_titles_give_the_same_vectors_every_time() -> None:
    """Components of equal strength have no natural order; a random one would give another model every time."""
    titles = [f"{name} developer {name}" for name in ("go", "rust", "java", "react", "spark")] * 3
    first, again = (Topics().fit(titles, titles) for _ in range(2))
    np.testing.assert_array_equal(first.vectors_, again.vectors_)
    assert np.allclose(np.linalg.norm(first.transform(titles), axis=1), 1)
