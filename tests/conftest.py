from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluation.elasticsearch_server import Server
from tests.elasticsearch_node import running_server


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[Server]:
    """A real server, started when the first test asks for it."""
    with running_server() as server:
        yield server
