"""The source `marketplace`: a simulated tech-hiring marketplace with known truth."""

from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.scenarios import SCENARIOS, Scenario
from matching.sources.marketplace.source import Marketplace
from matching.sources.marketplace.traffic import Traffic, TrafficRequest, traffic

SOURCE = Marketplace(MarketplaceConfig())

__all__ = [
    "SCENARIOS",
    "SOURCE",
    "Marketplace",
    "MarketplaceConfig",
    "Scenario",
    "Traffic",
    "TrafficRequest",
    "traffic",
]
