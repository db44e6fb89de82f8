import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from matching.features.tfidf import Text, row_dots


def test_technologies_with_signs_are_words_of_their_own() -> None:
    text = Text().fit(["c++ c# .net node.js java javascript"], [])
    assert {"c++", "c#", ".net", "node.js", "java", "javascript"} <= set(text.terms_)


def test_similarity_is_a_cosine() -> None:
    text = Text().fit(["red apple", "green apple", "blue car"], [])
    rows = text.transform(["red apple", "red apple", "blue car", ""])
    assert row_dots(rows[[0]], rows[[1]])[0] == pytest.approx(1)
    assert row_dots(rows[[0]], rows[[2]])[0] == 0
    assert row_dots(rows[[0]], rows[[3]])[0] == 0


def test_restoring_from_data_gives_the_same_encoding() -> None:
    documents = ["python developer", "java developer", "python and java"]
    fitted = Text().fit(documents, [])
    restored = Text().restore(fitted.terms_, fitted.idf_)
    assert (fitted.transform(documents) != restored.transform(documents)).nnz == 0


def test_spelling_forgives_an_inflection() -> None:
    words, spelling = Text(), Text(characters=True)
    documents = ["developer", "developers", "nurse"]
    for text in (words, spelling):
        text.fit(documents, [])
    same = [row_dots(text.transform(["developer"]), text.transform(["developers"]))[0] for text in (words, spelling)]
    assert same[0] == 0
    assert same[1] > 0.5


def test_no_rows_give_no_products() -> None:
    assert row_dots(csr_matrix((0, 5)), csr_matrix((0, 5))).shape == (0,)


def test_a_product_is_the_same_alone_and_in_a_batch() -> None:
    rows = csr_matrix(np.random.default_rng(0).random((50, 300)))
    together = row_dots(rows, rows)
    assert [row_dots(rows[[i]], rows[[i]])[0] for i in range(50)] == together.tolist()


def test_a_term_that_no_post_uses_is_not_kept_however_many_people_write_it() -> None:
    text = Text().fit(["java developer"], ["java olena +4917012345"] * 50)
    assert text.terms_ == ["developer", "java", "java developer"]


def test_rarity_is_that_of_scikit_learn() -> None:
    documents = ["red apple", "green apple", "blue car"]
    text = Text().fit(documents, [])
    theirs = TfidfVectorizer(ngram_range=(1, 2)).fit(documents)
    assert text.terms_ == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(text.idf_, theirs.idf_)
