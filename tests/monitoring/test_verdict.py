import pytest

from home.settings import Settings
from matching.errors import ModelError, StorageError
from monitoring import history
from monitoring.rendering import render
from monitoring.verdict import Evaluator, WindowVerdict
from monitoring.windows import Sample
from tests.monitoring.market import INPUTS, Market


def _evaluate(reference: Sample, window: Sample) -> WindowVerdict:
    return Evaluator(reference, seed=7, inputs=INPUTS).evaluate(window, model_name="tandem-test", model_version="3")


@pytest.fixture(scope="module")
def drifted(reference: Sample, market: Market) -> WindowVerdict:
    return _evaluate(reference, market.with_(monthly_share=0.6).sample(6, lists=100, size=10))


def test_a_quiet_window_is_quiet(reference: Sample, market: Market) -> None:
    verdict = _evaluate(reference, market.sample(5, lists=100, size=10))
    assert (verdict.state, verdict.reasons) == ("quiet", ())
    assert (verdict.window.rows, verdict.window.requests) == (1_000, 100)
    assert len(verdict.columns) == len(reference.features) + 3


def test_a_few_jobs_are_not_enough_data_even_when_they_differ(reference: Sample, market: Market) -> None:
    verdict = _evaluate(reference, market.with_(monthly_share=1.0).sample(5, lists=4, size=10, lists_per_job=1))
    assert (verdict.state, verdict.reasons) == ("not enough data", ())
    assert "3 distinct values of job_id; at least 8 are required" in render(verdict)


def test_a_blind_window_is_not_enough_data(reference: Sample, market: Market) -> None:
    verdict = _evaluate(reference, market.with_(monthly_share=1.0).sample(5, lists=13, size=1, lists_per_job=1))
    assert (verdict.state, verdict.reasons) == ("not enough data", ())
    assert "beyond recognition" in verdict.notes[0]


def test_another_set_of_features_is_refused(reference: Sample, market: Market) -> None:
    window = Sample.of(market.sample(5, lists=20, size=5).frame.drop("must_have_coverage"), "test")
    with pytest.raises(ModelError, match="differ in must_have_coverage: monitor one version at a time"):
        _evaluate(reference, window)


def test_the_same_window_gives_the_same_verdict(reference: Sample, market: Market) -> None:
    window = market.sample(5, lists=50, size=10)
    assert _evaluate(reference, window) == _evaluate(reference, window)


def test_exit_code(drifted: WindowVerdict) -> None:
    assert drifted.exit_code(fail_on_drift=False) == 0
    assert drifted.exit_code(fail_on_drift=True) == 4


def test_the_text_begins_with_the_state_and_the_cause(drifted: WindowVerdict) -> None:
    lines = render(drifted).splitlines()
    assert lines[0] == "drift: tandem-test version 3"
    assert "1,000 predictions in 100 requests, 1,000 company labels" in lines[1]
    assert lines[2].startswith("  1. data: candidate_expected_salary_usd_per_year: median")
    assert "salary_headroom_log" in lines[4]


def test_verdicts_are_remembered_in_order(settings: Settings, drifted: WindowVerdict) -> None:
    quiet = drifted.model_copy(update={"state": "quiet"})
    for verdict in (quiet, drifted):
        path = history.append(settings, verdict)
    assert history.read(settings, "tandem-test") == (quiet, drifted)
    assert path.stat().st_mode & 0o077 == 0
    with path.open("ab") as file:
        file.write(b'{"state": "dri')  # a crash in the middle of a line
    assert history.read(settings, "tandem-test") == (quiet, drifted)
    history.append(settings, quiet)
    assert history.read(settings, "tandem-test") == (quiet, drifted, quiet)


def test_the_latest_verdict_is_known_in_short_without_the_code_that_made_it(
    settings: Settings, drifted: WindowVerdict
) -> None:
    quiet = drifted.model_copy(update={"state": "quiet", "reasons": ()})
    for verdict in (quiet, drifted.model_copy(update={"report": "its-report"})):
        history.append(settings, verdict)
    words, end = drifted.reasons[0].words, drifted.window.end
    assert history.latest(settings, "tandem-test") == history.LatestVerdict("drift", words, "3", end, "its-report")
    history.append(settings, quiet)
    assert history.latest(settings, "tandem-test") == history.LatestVerdict("quiet", "", "3", end, None)


def test_no_history_is_no_error(settings: Settings) -> None:
    assert history.read(settings, "never-watched") == ()
    assert history.latest(settings, "never-watched") is None


def test_a_history_that_cannot_be_written_is_one_line(settings: Settings, drifted: WindowVerdict) -> None:
    settings.root.mkdir(parents=True)
    (settings.root / "monitoring").write_text("in the way")
    with pytest.raises(StorageError, match="the verdict cannot be stored"):
        history.append(settings, drifted)
