"""How much time and memory the marketplace takes, per size; each size runs in a process of its own.

python tests/bench/marketplace.py            # the default size and 1x (20,000 x 4,000, a million impressions)
python tests/bench/marketplace.py 0.2 1 10   # chosen multiples of 1x
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

from matching.sources.marketplace import Marketplace, MarketplaceConfig

SIZES = ("0.12", "1")


def measure(scale: float) -> str:
    """Generate one size and return its row of the table."""
    config = MarketplaceConfig(
        n_candidates=round(20_000 * scale), n_jobs=round(4_000 * scale), n_impressions=round(1_000_000 * scale)
    )
    start = time.perf_counter()
    dataset = Marketplace(config).load(None, seed=7, progress=lambda _: None)
    seconds = time.perf_counter() - start
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{scale:>6g} {config.n_candidates:>11,} {config.n_jobs:>8,} {len(dataset.events):>12,} {seconds:>9.1f} "
        f"{peak_gib:>9.2f} {len(dataset.events) / seconds:>13,.0f}"
    )


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(measure(float(sys.argv[2])) + "\n")
        return
    columns = ("scale", "candidates", "jobs", "events", "seconds", "peak GiB", "events/s")
    header = " ".join(f"{name:>{width}}" for name, width in zip(columns, (6, 11, 8, 12, 9, 9, 13), strict=True))
    sys.stdout.write(header + "\n")
    sys.stdout.flush()
    for size in sys.argv[1:] or SIZES:
        subprocess.run([sys.executable, str(Path(__file__)), "--one", size], check=True)


if __name__ == "__main__":
    main()
