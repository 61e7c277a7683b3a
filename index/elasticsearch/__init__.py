"""The engine for millions of documents: Elasticsearch, on a server of its own."""

from index.elasticsearch.engine import ElasticsearchIndex

__all__ = ["ElasticsearchIndex"]
