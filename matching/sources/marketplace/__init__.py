"""The source `marketplace`: a simulated tech-hiring marketplace whose truth is known."""

from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.source import Marketplace

SOURCE = Marketplace(MarketplaceConfig())

__all__ = ["SOURCE", "Marketplace", "MarketplaceConfig"]
