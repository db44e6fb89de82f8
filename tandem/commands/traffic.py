"""A client of the service: continues the marketplace after its log over HTTP, and reports the outcomes."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matching.errors import EngineError, InputError
from tandem.console import bar, out
from tandem.options import MarketSeed, Port, Source, settings_from

if TYPE_CHECKING:
    import httpx

    from home.settings import Settings
    from matching.sources.marketplace.traffic import TrafficRequest

FEEDBACK_SIZE = 1_000
TIMEOUT_SECONDS = 30.0


def traffic(
    *,
    source: Source = None,
    port: Port = None,
    seed: MarketSeed = None,
    scenario: Annotated[str, typer.Option(help="Named drift of the marketplace; none for a quiet window.")] = "none",
    pairs: Annotated[int, typer.Option(min=1, max=1_000_000, help="Pairs to request.")] = 2_000,
    window: Annotated[int | None, typer.Option(min=0, help="Which window of time; the next one by default.")] = None,
) -> None:
    """Send one window of marketplace traffic and its outcomes to the running service."""
    show(send_window(settings_from(source=source, port=port, seed=seed), scenario=scenario, pairs=pairs, window=window))


@dataclass
class Sent:
    """What was sent in one window and what came back.

    Attributes:
        scenario: name of the drift.
        window: number of the window, from 0.
        started_at: when the first request was sent, UTC.
        pairs: pairs that were scored.
        refusals: why requests were refused, with how often.
        seconds: how long each answer took.
        outcomes: outcomes by kind.
    """

    scenario: str
    window: int
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pairs: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)


def send_window(settings: "Settings", *, scenario: str = "none", pairs: int = 2_000, window: int | None = None) -> Sent:
    """Send one window to the running service, then report the outcomes.

    Args:
        settings: which service; the seed must be the one the model was trained with.
        scenario: name of a drift of the marketplace.
        pairs: candidate-job pairs to request.
        window: which window of time after the log; the one after the last sent where None.

    Raises:
        InputError: the source is not the marketplace, or the scenario is unknown.
        EngineError: no service answers, or it failed.
    """
    if settings.source != "marketplace":
        raise InputError(f"traffic is simulated for the marketplace only, not for {settings.source}")
    from matching.sources.marketplace import SOURCE, scenarios
    from matching.sources.marketplace.traffic import traffic as simulated

    scenarios.named(scenario)
    with _client(settings) as http:
        _require_service(http)
        number = _next_window(settings) if window is None else window
        with out.status(f"simulating window {number} ..."):
            made = simulated(SOURCE.config, seed=settings.seed, scenario=scenario, n_pairs=pairs, window=number)
        sent = _send(http, made.requests, Sent(scenario, number))
    _remember_window(settings, number)
    return sent


def show(sent: Sent) -> None:
    """Print what was sent, how fast it was answered, and what came of it."""
    out.print(f"window {sent.window}, scenario {sent.scenario}: {sent.pairs:,} pairs in {len(sent.seconds):,} requests")
    if sent.seconds:
        import numpy as np

        median, slow = (1000 * float(np.quantile(sent.seconds, share)) for share in (0.5, 0.99))
        out.print(f"answered in {median:.1f} ms (median), {slow:.1f} ms (99 %)")
    for reason, count in sent.refusals.most_common(3):
        out.print(f"refused {count:,} times: {reason}", markup=False)
    out.print("outcomes: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(sent.outcomes.items())))


def _client(settings: "Settings") -> "httpx.Client":
    import httpx

    from serving.release import deployment, health

    deployed = deployment.status(settings)
    is_named = "port" in settings.model_fields_set
    address = deployed.address if deployed.address and not is_named else health.url(settings.host, settings.port)
    return httpx.Client(base_url=address, timeout=TIMEOUT_SECONDS, trust_env=False)


def _require_service(http: "httpx.Client") -> None:
    import httpx

    try:
        http.get("/readyz").raise_for_status()
    except httpx.HTTPError as error:
        raise EngineError(
            f"no service answers at {http.base_url}: run `make deploy` first, or name its --port"
        ) from error


def _send(http: "httpx.Client", requests: "list[TrafficRequest]", sent: Sent) -> Sent:
    outcomes: list[dict[str, str]] = []
    with bar("sending", len(requests)) as update:
        for done, request in enumerate(requests, start=1):
            outcomes += _request(http, request, sent)
            update(done)
    with bar("outcomes", len(outcomes)) as update:
        for start in range(0, len(outcomes), FEEDBACK_SIZE):
            batch = outcomes[start : start + FEEDBACK_SIZE]
            answer = _post(http, "/v1/feedback", batch)
            if answer.is_client_error:
                raise EngineError(f"the service refused the outcomes: {_reason(answer)}")
            sent.outcomes.update(outcome["outcome"] for outcome in batch)
            update(start + len(batch))
    return sent


def _request(http: "httpx.Client", request: "TrafficRequest", sent: Sent) -> list[dict[str, str]]:
    """Request scores for one job's candidates; return the outcomes to report."""
    pairs = [{"candidate": candidate, "job": request.job} for candidate in request.candidates]
    began = time.perf_counter()
    answer = _post(http, "/v1/match", {"pairs": pairs})
    sent.seconds.append(time.perf_counter() - began)
    if answer.is_client_error:
        sent.refusals[_reason(answer)] += 1
        return []
    predictions = answer.json()["predictions"]
    sent.pairs += len(predictions)
    return [
        {"prediction_id": prediction["prediction_id"], "outcome": outcome}
        for prediction, outreach, accept in zip(predictions, request.outreach, request.accept, strict=True)
        for outcome in _outcomes(outreach, accept)
    ]


def _outcomes(outreach: bool, accept: bool | None) -> Iterator[str]:
    yield "outreach" if outreach else "no_outreach"
    if outreach and accept is not None:
        yield "accept" if accept else "decline"


def _post(http: "httpx.Client", path: str, body: Any) -> "httpx.Response":
    import httpx

    try:
        answer = http.post(path, json=body)
    except httpx.HTTPError as error:
        raise EngineError(f"the service stopped answering at {http.base_url}: check `make status`") from error
    if answer.is_server_error:
        request_id = answer.headers.get("X-Request-ID", "unknown")
        raise EngineError(f"the service failed with {answer.status_code} at {path}: its log names {request_id}")
    return answer


def _reason(answer: "httpx.Response") -> str:
    """Field and limit of the first thing the service refused; it never quotes the value."""
    error = answer.json()["error"]
    if not error["details"]:
        return str(error["message"])
    first = error["details"][0]
    limit = "" if first["limit"] is None else f", limit {first['limit']}"
    place = re.sub(r"\[\d+\]", "[]", first["field"])
    return f"{place}: {first['problem']}{limit}"


def _window_file(settings: "Settings") -> Path:
    return settings.root / "run" / "traffic.json"


def _next_window(settings: "Settings") -> int:
    try:
        return int(json.loads(_window_file(settings).read_text())["last_window"]) + 1
    except (FileNotFoundError, ValueError, KeyError):
        return 0


def _remember_window(settings: "Settings", number: int) -> None:
    file = _window_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"last_window": number}))
