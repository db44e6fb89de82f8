"""A proxy of a group is found and named; without one, the AUC is that of chance."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from matching.fairness.proxies import _auc, find_proxies

NAMES = ("noise", "proxy", "constant", "often_missing")


def test_a_proxy_is_found_and_named() -> None:
    generator = np.random.default_rng(1)
    groups = generator.integers(0, 3, 600)
    features = generator.normal(size=(600, 4))
    features[:, 1] += 2.0 * (groups == 2)
    features[:, 2] = 5.0
    features[::3, 3] = np.nan
    found = {proxy.group: proxy for proxy in find_proxies(features, NAMES, groups, seed=1)}
    assert found[2].auc > 0.85
    assert found[2].features[0][0] == "proxy"
    assert found[2].features[0][1] > 0.2
    assert not any("constant" in dict(proxy.features) for proxy in found.values())


def test_a_missing_value_can_be_a_proxy() -> None:
    generator = np.random.default_rng(2)
    groups = generator.integers(0, 2, 400)
    features = generator.normal(size=(400, 2))
    features[(groups == 1) & (generator.random(400) < 0.8), 0] = np.nan
    proxies = find_proxies(features, ("often_missing", "noise"), groups, seed=2)
    assert proxies[1].auc > 0.85
    assert proxies[1].features[0][0] == "often_missing"


def test_noise_predicts_no_group() -> None:
    generator = np.random.default_rng(3)
    groups, features = generator.integers(0, 2, 800), generator.normal(size=(800, 10))
    for proxy in find_proxies(features, tuple("abcdefghij"), groups, seed=3):
        assert abs(proxy.auc - 0.5) < 4 * proxy.standard_error
        assert proxy.standard_error == pytest.approx(0.0204, abs=0.001)  # sqrt(1 / (12 * 400)) * sqrt(2)


def test_the_auc_is_that_of_scikit_learn_even_with_ties() -> None:
    generator = np.random.default_rng(4)
    member, score = generator.random(300) < 0.3, generator.integers(0, 9, 300).astype(np.float64)
    assert _auc(member, score) == pytest.approx(roc_auc_score(member, score))
