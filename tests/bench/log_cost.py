"""Measure what the prediction log costs: latency of the endpoint with and without it, one pair and 1,000 pairs.

Both run the same application under uvicorn in a process of their own, side by side on one machine; blocks of requests
alternate between them, so that whatever else the machine does hits both.

Run with `python tests/bench/log_cost.py BUNDLE`.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from home.settings import Settings
from serving.answers.loading import load_model
from serving.api.app import create_app
from serving.contract import examples
from store.writer import LogWriter
from tandem import telemetry
from tandem.options import settings_from
from tandem.releases import champion, fetched


class NoLog:
    """Take answers and forget them: the peer that the log is measured against."""

    failures = written = waiting = 0

    def append(self, answer: Any) -> None:
        """Forget an answer."""

    def close(self) -> bool:
        """Nothing was kept."""
        return True


def serve(bundle: Path, home: Path, descriptor: int, *, with_log: bool) -> None:
    """Run the application on an open socket."""
    import uvicorn

    app = create_app(bundle)
    served = load_model(Settings(home=home, database_url=None), bundle)
    if not with_log:
        assert isinstance(served.log, LogWriter)
        served.log.close()
        served = replace(served, log=NoLog())  # type: ignore[arg-type]
    app.state.served = served
    config = uvicorn.Config(app, log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def start(bundle: Path, home: Path, *, with_log: bool) -> tuple[subprocess.Popen[bytes], httpx.Client]:
    """Start one of the two and wait until it answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    descriptor = listener.fileno()
    command = [sys.executable, __file__, str(bundle), "--serve", str(home), "--descriptor", str(descriptor)]
    process = subprocess.Popen([*command, *(["--with-log"] if with_log else [])], pass_fds=[descriptor])
    client = httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=120)
    client.get("/v1/model").raise_for_status()
    listener.close()
    return process, client


def body(pairs: int, number: int) -> dict[str, Any]:
    """A request with resumes of about 3,000 characters that no request before has sent."""
    resume = " ".join([f"Built payment APIs in Python and PostgreSQL for team {number}."] * 50)
    return {
        "pairs": [
            {
                "candidate": examples.ADA | {"candidate_id": f"c{number}-{place}", "resume": f"{place} {resume}"},
                "job": examples.BACKEND,
            }
            for place in range(pairs)
        ]
    }


def measure(clients: dict[str, httpx.Client], pairs: int, blocks: int, size: int) -> dict[str, list[float]]:
    """Milliseconds per request, in alternating blocks: writing an answer must slow only its own service."""
    taken: dict[str, list[float]] = {name: [] for name in clients}
    for block in range(blocks):
        order = list(clients.items())
        for name, client in order if block % 2 else reversed(order):
            for number in range(size):
                sent = body(pairs, block * size + number)
                before = time.perf_counter()
                client.post("/v1/match", json=sent).raise_for_status()
                taken[name].append((time.perf_counter() - before) * 1000)
            time.sleep(0.5)  # what is still being written must not slow the other service
    return {name: values[size:] for name, values in taken.items()}


def compare(bundle: Path, blocks: int) -> None:
    """Print the table for one bundle."""
    with tempfile.TemporaryDirectory() as folder:
        running = {name: start(bundle, Path(folder, name), with_log=name == "log on") for name in ("log off", "log on")}
        try:
            clients = {name: client for name, (_, client) in running.items()}
            print(f"{'pairs':>6} {'quantile':>9} {'log off':>9} {'log on':>9} {'ratio':>7}")  # noqa: T201
            for pairs, size in ((1, 50), (1_000, 3)):
                taken = measure(clients, pairs, blocks, size)
                for label, share in (("median", 0.5), ("95 %", 0.95)):
                    off, on = (float(np.quantile(taken[name], share)) for name in ("log off", "log on"))
                    print(f"{pairs:>6} {label:>9} {off:>9.2f} {on:>9.2f} {on / off:>7.3f}")  # noqa: T201
        finally:
            for process, client in running.values():
                client.close()
                process.terminate()
                process.wait()


def main() -> None:
    """Compare on the given bundle, or on the champion."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, nargs="?", help="folder of a bundle; by default, the champion's")
    parser.add_argument("--source", help="whose champion")
    parser.add_argument("--blocks", type=int, default=20, help="blocks of 50 requests of one pair and of 3 of 1,000")
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--descriptor", type=int)
    parser.add_argument("--with-log", action="store_true")
    given = parser.parse_args()
    if given.serve:
        serve(given.bundle, given.serve, given.descriptor, with_log=given.with_log)
        return
    print(f"what the prediction log costs: {os.cpu_count()} cores, milliseconds per request")  # noqa: T201
    if given.bundle:
        compare(given.bundle, given.blocks)
        return
    telemetry.switch_off()
    settings = settings_from(source=given.source)
    with fetched(settings, champion(settings)) as release:
        compare(release.bundle, given.blocks)


if __name__ == "__main__":
    main()
