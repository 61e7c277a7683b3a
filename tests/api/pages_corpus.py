"""A data folder made of the invented articles with the labels that their authors gave them: real store, index and service."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from api.home_files import make_home, write_source
from api.http import create_app
from api.service import Service
from eho.annotation import Annotation, Language, ModelVersion, Sense, SenseTag, Span, Speaker, Tags
from eho.codebook import Codebook
from eho.document import Capture, Cluster, Document, Provenance, document_id
from eho.home import Home
from eho.outcome import Outcome, OutcomeRecord
from evaluation.miniweb.content import Article, load_articles, load_outlets
from index.store import Store

HOUSE_STYLE = re.compile(r"\b(?:KiM|Kosmet\w*|КиМ|Космет\w*)\b")


def make_gold_home(path: Path) -> Home:
    """Write the folder: sources, documents, gold tags, clusters, outcomes and the index."""
    home = Home(path)
    make_home(home)
    for outlet in load_outlets().values():
        write_source(home.sources, outlet.to_source())
    model = ModelVersion(name="gold", version="1", codebook=Codebook.load().tag)
    articles = [article for article in load_articles() if article.outlet in load_outlets()]
    documents = {article.id: _document(article) for article in articles}
    with Store.open(f"sqlite:///{home.store}") as store:
        store.put_all(documents.values())
        store.put_all_tags((documents[article.id].id, _tags(article, documents[article.id], model)) for article in articles)
        store.put_clusters(_clusters(articles, documents))
        for record in _records(articles, documents):
            store.record(record)
    with Service.open(home) as service:
        service.index_build()
    return home


def _document(article: Article) -> Document:
    outlet = load_outlets()[article.outlet]
    url, text = article.url(outlet), article.text
    return Document(
        id=document_id(canonical_url=url),
        url=url,
        canonical_url=url,
        source=article.outlet,
        lang=_code(article),
        title=article.title,
        lead=article.lead,
        text=text,
        authors=[article.author] if article.author else None,
        published_at=article.published_at,
        published_at_precision="minute",
        published_at_from="json-ld",
        fetched_at=article.published_at.astimezone(UTC) + timedelta(hours=5),
        provenance=Provenance(
            requested_url=url, final_url=url, capture=Capture(file="captures/demo.warc.gz", offset=4711), extractor="gold 1"
        ),
    )


def _code(article: Article) -> str:
    if article.lang == "sq":
        return "sq"
    return "sr-Cyrl" if re.search("[а-шА-Ш]", article.text) else "sr-Latn"


def _tags(article: Article, document: Document, model: ModelVersion) -> Tags:
    sense = article.gold.get("returnee_sense")
    return Tags(
        language=Language(code=_code(article), variety=article.variety, confidence=0.99),
        returnee_sense=SenseTag(value=Sense(sense), confidence=0.9) if sense else None,
        annotations=tuple(_annotations(article.gold.get("annotations", ()), document)),
        register_markers=tuple(Span(start=found.start(), end=found.end()) for found in HOUSE_STYLE.finditer(document.text)),
        model=model,
    )


def _annotations(labels: Any, document: Document) -> Iterator[Annotation]:
    """The third and later labels of a document wait for review, so that pages have some of both."""
    for number, label in enumerate(labels):
        start = (getattr(document, label["field"]) or "").find(label["evidence"])
        if start < 0:
            continue  # evidence that crosses a paragraph or was edited out of a copy
        yield Annotation(
            narrative=label["narrative"],
            stance=label["stance"],
            score=0.35 if number > 1 else 0.93 - 0.2 * number,
            calibrated=True,
            spans=(Span(start=start, end=start + len(label["evidence"]), field=label["field"]),),
            in_headline=label["field"] == "title",
            target_groups=tuple(label["target_groups"]),
            severity=label["severity"],
            needs_review=number > 1,
            speaker=Speaker(type=label["speaker"], attribution="explicit"),
        )


def _clusters(articles: list[Article], documents: dict[str, Document]) -> Iterator[tuple[str, Cluster]]:
    copies: dict[str, list[str]] = defaultdict(list)
    for article in articles:
        if article.copy_of:
            copies[article.copy_of].append(article.id)
    for original, others in copies.items():
        cluster = documents[original].id
        yield cluster, Cluster(id=cluster, role="original", similarity=1.0)
        for other in others:
            yield documents[other].id, Cluster(id=cluster, role="copy", similarity=0.86)


def _records(articles: list[Article], documents: dict[str, Document]) -> Iterator[OutcomeRecord]:
    for article in articles:
        document = documents[article.id]
        yield OutcomeRecord(
            outcome=Outcome.STORED, url=document.url, source=article.outlet, document_id=document.id, at=document.fetched_at
        )
    for source, outcome in (
        ("rrufeja", Outcome.HTTP_ERROR),
        ("vala-e-re", Outcome.DISALLOWED),
        ("alarm-novine", Outcome.PAYWALLED),
    ):
        yield OutcomeRecord(outcome=outcome, url=f"http://{source}.test/x", source=source, at=articles[-1].published_at)


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve the whole application on a free port of this machine; yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
