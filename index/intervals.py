"""The interval of a share, computed in one place for trends, pages and evaluation."""

from __future__ import annotations


def wilson(count: float, total: int) -> tuple[float, float]:
    """Return the 95 % interval of `count` of `total` (Wilson 1927); `total` must be positive."""
    from statsmodels.stats.proportion import proportion_confint  # a second to import: only where it is used

    low, high = proportion_confint(count, total, alpha=0.05, method="wilson")
    # exact ends where none or all were found: the formula leaves a rest of rounding there
    return 0.0 if count == 0 else float(low), 1.0 if count == total else float(high)
