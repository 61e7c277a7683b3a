"""Collects: from a source's YAML to Documents, with WARC capture, robots and coverage."""
