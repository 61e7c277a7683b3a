"""Whether both engines give the same answers: generated queries of every kind over the same documents.

    python -m evaluation.benchmarks.engine_parity --elasticsearch URL [--eho-data PATH] [--documents N] [--queries N] [--out FILE]

Compared for each query: the number of hits, the hits with their snippets in order of time, page by page, the facets, the same
with copies collapsed, and for every tenth the weekly trend with all its numbers. Only scores may differ, and with them the
order by relevance: the share of first pages with the same first hit, and with the same hits, is reported and not required.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from eho.annotation import AnnotatedDocument
from eho.document import Cluster
from eho.errors import InputError
from eho.settings import IndexSettings
from evaluation.benchmarks.index_text import NARRATIVES, make, sentences
from index.answers import SearchOptions
from index.elasticsearch import ElasticsearchIndex
from index.embedded import EmbeddedIndex
from index.protocol import Index
from index.query import parse
from index.tokens import folded_words
from index.trends import TrendOptions

KINDS = (
    "word", "and", "or", "not", "phrase", "near", "near_of_three", "prefix", "suffix", "inner", "fuzzy_1", "fuzzy_2", "exact",
    "phrase_pattern", "near_pattern", "source", "lang", "date", "narrative", "bound", "negated", "severity", "title", "mixed",
)  # fmt: skip

_PAGE = 50
_PAGES = 3
_TREND_EVERY = 10
_READ = 2_000  # documents whose words are asked for


@dataclass(slots=True)
class Parity:
    """What was compared, and every difference with its query."""

    documents: int
    queries: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    refused: int = 0  # by both
    hits: int = 0
    trends: int = 0
    same_first: int = 0
    same_page: int = 0
    ranked: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)

    def to_mapping(self) -> dict[str, Any]:
        """Return the JSON object."""
        names = ("documents", "queries", "refused", "hits", "trends", "ranked", "same_first", "same_page", "differences")
        return {**{name: getattr(self, name) for name in names}, "kinds": dict(self.kinds)}


def compare(first: Index, second: Index, documents: Sequence[AnnotatedDocument], queries: int, *, seed: int = 20261121) -> Parity:
    """Ask both engines the same questions."""
    parity = Parity(first.status().documents)
    for number, (kind, text) in enumerate(islice(_queries(documents, seed), queries)):
        parity.queries += 1
        parity.kinds[kind] += 1
        for name, ask in _questions(text, with_trend=number % _TREND_EVERY == 0, parity=parity):
            ours, theirs = _said(ask, first), _said(ask, second)
            if ours != theirs:
                parity.differences.append({"query": text, "kind": kind, "part": name, "first": ours, "second": theirs})
        _compare_ranks(parse(text), first, second, parity)
    return parity


def _questions(text: str, *, with_trend: bool, parity: Parity) -> Iterator[tuple[str, Callable[[Index], Any]]]:
    query = parse(text)

    def by_date(index: Index) -> Any:
        found, cursor = [], None
        for _ in range(_PAGES):
            answer = index.search(query, SearchOptions(sort="date", limit=_PAGE, cursor=cursor))
            found += [[hit.id, hit.cluster_size, [snippet.to_mapping() for snippet in hit.snippets]] for hit in answer.hits]
            if (cursor := answer.next) is None:
                break
        parity.hits += len(found)
        return answer.total, dict(answer.facets), found, cursor

    def collapsed(index: Index) -> Any:
        answer = index.search(query, SearchOptions(sort="date", limit=10, collapse=True, include_needs_review=True))
        return answer.total, dict(answer.facets), [hit.id for hit in answer.hits], answer.next

    def trend(index: Index) -> Any:
        parity.trends += 1
        return index.trends(query, TrendOptions(by="week", split="language", copies="include")).to_mapping()

    yield "by date", by_date
    yield "collapsed", collapsed
    if with_trend:
        yield "trend", trend


def _said(ask: Callable[[Index], Any], index: Index) -> Any:
    try:
        return ask(index)
    except InputError as error:
        return str(error)


def _compare_ranks(query: Any, first: Index, second: Index, parity: Parity) -> None:
    try:
        ours, theirs = (index.search(query, SearchOptions(limit=20, facets=False)).hits for index in (first, second))
    except InputError:
        parity.refused += 1
        return
    if ours and any(hit.score for hit in ours):
        parity.ranked += 1
        parity.same_first += [hit.id for hit in ours[:1]] == [hit.id for hit in theirs[:1]]
        parity.same_page += {hit.id for hit in ours} == {hit.id for hit in theirs}


def with_clusters(documents: Sequence[AnnotatedDocument]) -> Iterator[AnnotatedDocument]:
    """Yield the documents, every eighth as a copy of the one before it; some are undated."""
    before = ""
    for number, one in enumerate(documents):
        document = one.document
        changes: dict[str, Any] = {}
        if number % 8 == 1:
            changes["cluster"] = Cluster(id=before, role="copy", similarity=0.9)
        if number % 29 == 0:
            changes["published_at"] = None
        before = document.id
        yield one.model_copy(update={"document": document.model_copy(update=changes)}) if changes else one


def _queries(documents: Sequence[AnnotatedDocument], seed: int) -> Iterator[tuple[str, str]]:
    draw = random.Random(seed)  # noqa: S311 - the same questions in every run
    texts = [(one.document, folded_words(one.document.text)) for one in documents[:_READ]]
    while True:
        for kind in KINDS:
            document, words = draw.choice(texts)
            if len(words) > 20 and (text := _query(kind, document.text, words, draw)):
                yield kind, text


def _query(kind: str, text: str, words: Sequence[str], draw: random.Random) -> str | None:
    at = draw.randrange(len(words) - 12)
    first, second, third, far = words[at], words[at + 1], words[at + 2], words[at + draw.randrange(3, 11)]
    long = max(words[at : at + 10], key=len)
    narrative, slop = draw.choice(NARRATIVES), draw.randrange(1, 8)
    word = draw.choice(text.split()).strip(".,;:!?()[]\"'«»„“”-–…")
    month = f"20{draw.randrange(24, 27)}-{draw.randrange(1, 13):02}"
    outlet = draw.randrange(24)
    if len(long) < 6 or not word.isalpha():
        return None
    simple = {
        "word": long,
        "and": f"{first} {far}",
        "or": f"{long} OR {second}",
        "not": f"{first} NOT {second}",
        "phrase": f'"{first} {second} {third}"',
        "near": f'"{far} {first}"~{slop}',
        "near_of_three": f'"{far} {third} {first}"~{slop}',
        "prefix": f"{long[:4]}*",
        "suffix": f"*{long[-5:]}",
        "inner": f"{long[:3]}*{long[-2:]}",
        "fuzzy_1": f"{long[:2]}{long[3:]}~1",
        "fuzzy_2": f"{long[:1]}{long[2:-1]}~2" if len(long) > 6 else f"{words[at][:3]}~2" if len(first) >= 3 else long,
        "exact": f'"{word}"!',
        "phrase_pattern": f'"{first} {second[:2]}*"' if len(second) > 2 else None,
        "near_pattern": f'"{long[:3]}* {long[:4]}*"~{slop}',
        "source": f"source:outlet-{outlet} {first}",
        "lang": f"lang:sq {second} OR lang:sr {first}",
        "date": f"date:{month} {first}",
        "narrative": f"narrative:{narrative}",
        "bound": f"narrative:{narrative} stance:{draw.choice(['endorse', 'counter', 'unclear'])} speaker:politician",
        "negated": f"narrative:{narrative} NOT stance:endorse",
        "severity": f"(severity:<1 speaker:j*) OR (narrative:* reviewed:machine {first})",
        "title": f"title:{long} OR text:{second}",
        "mixed": f'({first} OR "{second} {third}") NOT (source:outlet-{outlet} OR {far}*) date:>=2024-06'
        if len(far) > 1
        else f"({first} OR {second}) lang:sq",
    }
    return simple[kind]


def main() -> None:
    """Build both indexes, compare them and print one JSON object; the status is 1 where they differ."""
    arguments = _arguments()
    found = sentences(arguments.eho_data)
    documents = list(with_clusters(list(make(found, 0, arguments.documents))))
    settings = IndexSettings(engine="elasticsearch", url=arguments.elasticsearch, name="eho-parity")
    with tempfile.TemporaryDirectory() as name, EmbeddedIndex(Path(name) / "index") as ours:
        theirs = ElasticsearchIndex(settings, spool=Path(name) / "spool")
        for index in (ours, theirs):
            index.rebuild(documents, sequence=1)
        parity = compare(ours, theirs, documents, arguments.queries).to_mapping()
        theirs.close()
    text = json.dumps(parity, ensure_ascii=False, indent=1)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    if parity["differences"]:
        raise SystemExit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elasticsearch", metavar="URL", required=True, help="address of a running server")
    parser.add_argument("--eho-data", type=Path, help="folder of the public data sets; the bundled corpus without it")
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
