import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from matching.features.tfidf import TOKEN, Tfidf, row_dots
from matching.text.plain_text import plain


def test_technologies_with_special_characters_are_words_of_their_own() -> None:
    tfidf = Tfidf().fit(["c++ c# .net node.js java javascript"], [])
    assert {"c++", "c#", ".net", "node.js", "java", "javascript"} <= set(tfidf.terms_)


def test_similarity_is_a_cosine() -> None:
    tfidf = Tfidf().fit(["red apple", "green apple", "blue car"], [])
    rows = tfidf.transform(["red apple", "red apple", "blue car", ""])
    assert row_dots(rows[[0]], rows[[1]])[0] == pytest.approx(1)
    assert row_dots(rows[[0]], rows[[2]])[0] == 0
    assert row_dots(rows[[0]], rows[[3]])[0] == 0


def test_restoring_from_data_gives_the_same_encoding() -> None:
    documents = ["python developer", "java developer", "python and java"]
    fitted = Tfidf().fit(documents, [])
    restored = Tfidf().restore(fitted.terms_, fitted.idf_)
    assert (fitted.transform(documents) != restored.transform(documents)).nnz == 0


def test_similar_spellings_are_similar() -> None:
    words, spelling = Tfidf(), Tfidf(characters=True)
    documents = ["developer", "developers", "nurse"]
    for text in (words, spelling):
        text.fit(documents, [])
    same = [row_dots(text.transform(["developer"]), text.transform(["developers"]))[0] for text in (words, spelling)]
    assert same[0] == 0
    assert same[1] > 0.5


def test_terms_that_no_job_uses_leave_every_text_empty() -> None:
    tfidf = Tfidf().fit(["", " "], ["python developer"])
    rows = tfidf.transform(["python developer", "python"])
    assert (rows.shape, rows.nnz) == ((2, 1), 0), "a column for no term, since there is none"


def test_no_rows_give_no_dot_products() -> None:
    assert row_dots(csr_matrix((0, 5)), csr_matrix((0, 5))).shape == (0,)


def test_a_dot_product_is_the_same_alone_and_in_a_batch() -> None:
    rows = csr_matrix(np.random.default_rng(0).random((50, 300)))
    together = row_dots(rows, rows)
    assert [row_dots(rows[[i]], rows[[i]])[0] for i in range(50)] == together.tolist()


def test_a_term_that_no_job_uses_is_not_kept_however_many_candidates_use_it() -> None:
    tfidf = Tfidf().fit(["java developer"], ["java olena +4917012345"] * 50)
    assert tfidf.terms_ == ["developer", "java", "java developer"]


def test_rarity_agrees_with_scikit_learn() -> None:
    documents = ["red apple", "green apple", "blue car"]
    tfidf = Tfidf().fit(documents, [])
    theirs = TfidfVectorizer(ngram_range=(1, 2)).fit(documents)
    assert tfidf.terms_ == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(tfidf.idf_, theirs.idf_)


@pytest.mark.parametrize("characters", [False, True])
def test_the_values_are_those_of_scikit_learn_to_the_last_bit(characters: bool) -> None:
    words = [
        "c++",
        "Node.js",
        "Straße",
        "データ",
        "a",
        "of",
        "SQL",
        "x1",
        "I",
        ".net",
        "naïve",
        "C#",
        "  ",
        "\n",
        "k8s",
    ]
    generator = np.random.default_rng(3)
    texts = [" ".join(generator.choice(words, generator.integers(0, 60))) for _ in range(300)]
    tfidf = Tfidf(characters=characters).fit(texts[:100], texts[100:200])
    analysis = (
        {"analyzer": "char_wb", "ngram_range": (3, 4)}
        if characters
        else {"token_pattern": TOKEN, "ngram_range": (1, 2)}
    )
    peer = TfidfVectorizer(
        sublinear_tf=True,
        preprocessor=lambda text: plain(text).casefold(),
        vocabulary=tfidf.terms_,
        dtype=np.float64,
        **analysis,
    )
    peer.idf_ = tfidf.idf_
    expected, found = peer.transform(texts), tfidf.transform(texts)
    assert len(tfidf.terms_) > 50
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.data, expected.data)
