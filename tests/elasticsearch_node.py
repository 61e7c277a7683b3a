"""The search server of the tests: one for each session, with an index of its own for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from eho.settings import IndexSettings
from evaluation import elasticsearch_server
from evaluation.elasticsearch_server import Server
from index.elasticsearch import ElasticsearchIndex

ON_ONE_WORKER = pytest.mark.xdist_group("elasticsearch")


def require_server() -> None:
    """Skip where no server can be started here; where tests run for everybody (CI), fail."""
    why = elasticsearch_server.missing()
    if why is not None and os.environ.get("CI"):
        pytest.fail(f"These tests need Elasticsearch: {why}.")
    if why is not None:
        pytest.skip(f"needs Elasticsearch: {why}")


@contextmanager
def running_server() -> Iterator[Server]:
    """Run a node for the tests of one session."""
    require_server()
    with Server() as server:
        yield server


def settings_for(url: str, **values: Any) -> IndexSettings:
    """Return settings of an index that nobody else uses."""
    return IndexSettings.model_validate({"engine": "elasticsearch", "url": url, "name": f"t{uuid.uuid4().hex[:12]}", **values})


@contextmanager
def temporary_index(settings: IndexSettings, folder: Path, **options: Any) -> Iterator[ElasticsearchIndex]:
    """Open an index that is deleted afterwards."""
    with ElasticsearchIndex(settings, spool=folder / "spool", **options) as index:
        yield index
    with Elasticsearch(str(settings.url)) as client:
        delete_all(client, settings.name)


def delete_all(client: Elasticsearch, name: str) -> None:
    """Delete every version of an index and its template."""
    found = list(client.indices.get(index=f"{name}-v*", filter_path="*.aliases").body)
    if found:
        client.indices.delete(index=found)
    client.options(ignore_status=404).indices.delete_index_template(name=f"{name}-versions")
