"""How equally both sides are treated: measures, balanced rankings, proxies, stability, and the audit."""
