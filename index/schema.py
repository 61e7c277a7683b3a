"""Tables of the document store: current documents with their tags, what they superseded, addresses, outcomes and runs."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION = 3

metadata = MetaData()

# One row per fact about the store itself: "schema", "sequence", and "history": the first number as of which it can be read again.
store_info = Table(
    "store_info",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)

# `seq` is the number of the last change of the row, whether of text, tags or cluster: readers ask for what came after a number.
documents = Table(
    "documents",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("source", String(200), nullable=False, index=True),
    Column("body", Text, nullable=False),  # the document as JSON, without its cluster
    Column("tags", Text),
    Column("model", String(200)),
    Column("model_version", String(200)),
    Column("codebook", String(200)),
    Column("cluster_id", String(200), index=True),
    Column("cluster_role", String(10)),
    Column("cluster_similarity", Float),
    # Since which number text, tags and cluster are as they are; with the superseded rows this tells the state as of any number.
    Column("text_seq", Integer, nullable=False, server_default="0"),
    Column("tags_seq", Integer, nullable=False, server_default="0"),
    Column("cluster_seq", Integer, nullable=False, server_default="0"),
)

# Superseded texts, tags and clusters stay, so that an answer of a given sequence number can be told again: each was in force
# from `from_seq` to before `until_seq`.
superseded_documents = Table(
    "superseded_documents",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("until_seq", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("from_seq", Integer, nullable=False, server_default="0"),
)

superseded_tags = Table(
    "superseded_tags",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("until_seq", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("tags", Text, nullable=False),
    Column("from_seq", Integer, nullable=False, server_default="0"),
)

superseded_clusters = Table(
    "superseded_clusters",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("until_seq", Integer, primary_key=True),
    Column("cluster_id", String(200), nullable=False),
    Column("cluster_role", String(10)),
    Column("cluster_similarity", Float),
    Column("from_seq", Integer, nullable=False, server_default="0"),
)

# Documents that were erased or have expired: nothing of them but the id, without which no index could drop them.
removed_documents = Table(
    "removed_documents",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("removed_seq", Integer, primary_key=True),
    Column("from_seq", Integer, nullable=False),
    Column("reason", String(20), nullable=False),
)

# Every snapshot id that was ever given out, and under which model and codebook.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("context", String(64), nullable=False),
    Column("documents", Integer, nullable=False),  # then
    Column("first_at", String(40), nullable=False),
    Column("created_at", String(40)),  # when a person asked to keep it
    Column("note", Text),
)

snapshot_contexts = Table(
    "snapshot_contexts",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", Text, nullable=False),  # model, codebook and the user's own narratives, as JSON
)

# Every address under which a document was asked for or reached.
addresses = Table(
    "addresses",
    metadata,
    Column("url", Text, primary_key=True),
    Column("document_id", String(200), nullable=False),
)

# One row per source and address: a second run replaces a failure, never adds to the count.
outcomes = Table(
    "outcomes",
    metadata,
    Column("source", String(200), primary_key=True),  # "" where there is none
    Column("key", Text, primary_key=True),
    Column("outcome", String(40), nullable=False),
    Column("day", String(10), nullable=False),  # in Europe/Belgrade
    Column("record", Text, nullable=False),
    Column("first_day", String(10), nullable=False, server_default=""),  # on which the address was first dealt with
    Index("outcomes_by_day", "source", "outcome", "day"),
    Index("outcomes_by_first_day", "first_day", "source", "outcome"),
)

# What coverage counts by day, without reading every document: one row per current document.
document_facts = Table(
    "document_facts",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("source", String(200), nullable=False),
    Column("stored_on", String(10), nullable=False),  # days in Europe/Belgrade
    Column("published_on", String(10)),
    Column("published_at", String(40)),
    Column("characters", Integer, nullable=False),
    Column("lang", String(40)),
    Index("document_facts_stored", "stored_on", "source"),
    Index("document_facts_published", "published_on", "source"),
)

# One row per source and run that came to its end: what the run did, as JSON.
crawl_runs = Table(
    "crawl_runs",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("started_at", String(40), primary_key=True),
    Column("ended_at", String(40), nullable=False),
    Column("day", String(10), nullable=False),  # of its end, in Europe/Belgrade
    Column("body", Text, nullable=False),
    Index("crawl_runs_by_day", "day", "source"),
)
