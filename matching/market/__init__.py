"""How a ranking acts on a market where many compete for few: policies and congestion."""
