"""Gold data, metrics with intervals, benchmarks and the invented outlets."""
