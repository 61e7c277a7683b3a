"""The index at 10,000, 100,000 and a million documents, beside SQLite FTS5 and Elasticsearch in the same run.

    python -m evaluation.benchmarks.index_scale [--eho-data PATH] [--documents N]… [--elasticsearch URL] [--out FILE]

Documents are real sentences shuffled (evaluation.benchmarks.index_text). Every engine and size runs in a process of its own, one
after the other; the time of making documents is taken off. Measured: documents indexed a second, bytes on disk, peak memory,
p50, p95 and p99 of a fixed mix of 200 queries (first page of 20 with the total; snippets in ours), a weekly trend with its
denominators beside Tantivy's own aggregation of the same query, and until 1,000 changed documents are found. Compare engines
within one run only: the machine has other work, which slows all alike.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import tantivy

from eho.annotation import AnnotatedDocument
from eho.settings import IndexSettings
from evaluation.benchmarks.index_engines import Asked, Eho, Engine, Fts5, Timed
from evaluation.benchmarks.index_text import make, sentences
from index.elasticsearch import ElasticsearchIndex
from index.embedded import EmbeddedIndex
from index.embedded.compiler import Compiler
from index.embedded.fields import schema
from index.embedded.folder import IndexFolder
from index.query import parse
from index.tokens import folded_words

SIZES = (10_000, 100_000)
QUERIES = {"word": 60, "and": 50, "or": 30, "phrase": 30, "prefix": 20, "filtered": 10}
_TRENDS = 20
_ROUNDS = 3
_CHANGED = 1_000


def main() -> None:
    """Run every engine at every size and print one JSON object."""
    arguments = _arguments()
    if arguments.engine:
        sys.stdout.write(json.dumps(measure(arguments)) + "\n")
        return
    names = ["embedded", "fts5", "fts5-bare", *(["elasticsearch"] if arguments.elasticsearch else [])]
    runs = [_in_process(arguments, name, size) for size in arguments.documents or SIZES for name in names]
    report = {"text": str(arguments.eho_data or "bundled corpus"), "queries": QUERIES, "runs": runs}
    text = json.dumps(report, indent=1)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n" + table(runs))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure one engine at one size; runs in a process of its own."""
    [size], found = arguments.documents, sentences(arguments.eho_data)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name) / "index"
        engine = _open(arguments, folder)
        documents = Timed(make(found, 0, size))
        started, worked = time.perf_counter(), time.process_time()
        engine.build(documents)
        build_s = time.perf_counter() - started - documents.made_s
        work_s = time.process_time() - worked - documents.made_work_s
        row: dict[str, Any] = {
            "engine": arguments.engine,
            "documents": size,
            "documents_per_s": size / build_s,
            "documents_per_processor_s": size / work_s,
            "bytes": engine.size_bytes() if isinstance(engine, Eho) else _size_of(Path(name)),
            "peak_memory_mb": _peak_mb(),
        }
        mix = questions(found, size)
        row["queries_ms"] = _asked(engine.ask, mix)
        trend = [one for one in mix if one.kind in ("word", "and", "or")][:_TRENDS]
        row["weekly_ms"] = _percentiles([_timed(partial(engine.weekly, one)) for _ in range(_ROUNDS) for one in trend])
        if arguments.engine == "embedded":
            bare = _bare_aggregation(folder)
            row["bare_aggregation_ms"] = _percentiles([_timed(partial(bare, one)) for _ in range(_ROUNDS) for one in trend])
        row["update_visible_s"] = _update(engine, found, size)
        engine.close()
        return row


def questions(found: dict[str, list[str]], size: int) -> list[Asked]:
    """Return the fixed mix: words, pairs, phrases and beginnings as they stand in the documents, frequent and rare ones."""
    draw = random.Random(20261121)  # noqa: S311 - the same questions in every run
    texts = [folded_words(item.document.text) for item in islice(make(found, 0, size), 2_000)]
    frequent = Counter(word for text in texts for word in set(text) if len(word) > 2 and word.isascii())
    words = sorted(frequent)
    mix: list[Asked] = []
    for kind, number in QUERIES.items():
        while sum(one.kind == kind for one in mix) < number:
            text = draw.choice(texts)
            at = draw.randrange(len(text) - 1)
            first, second = text[at], text[at + 1]
            if first in frequent and second in frequent:
                mix.append(_question(kind, first, second, draw.choice(words), draw.randrange(24)))
    return mix


def _question(kind: str, first: str, second: str, any_word: str, outlet: int) -> Asked:
    if kind == "and":
        return Asked(kind, f"{first} {second}", f'"{first}" AND "{second}"')
    if kind == "or":
        return Asked(kind, f"{first} OR {any_word}", f'"{first}" OR "{any_word}"')
    if kind == "phrase":
        return Asked(kind, f'"{first} {second}"', f'"{first} {second}"')
    if kind == "prefix":
        return Asked(kind, f"{first[:4]}*" if len(first) >= 4 else first, f'"{first[:4]}"*' if len(first) >= 4 else f'"{first}"')
    return Asked(kind, first, f'"{first}"', source=f"outlet-{outlet}" if kind == "filtered" else None)


def table(runs: Sequence[dict[str, Any]]) -> str:
    """Return the ratios as Markdown: ours to each peer of the same size, above 1 where ours is faster or smaller."""
    lines = [
        "| documents | beside | index rate | … by processor time | disk | query p50 | p95 | p99 | weekly p95 | update |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for ours in (run for run in runs if run["engine"] == "embedded"):
        for peer in (run for run in runs if run["documents"] == ours["documents"] and run is not ours):
            cells = [
                ours["documents_per_s"] / peer["documents_per_s"],
                ours["documents_per_processor_s"] / peer["documents_per_processor_s"],
                peer["bytes"] / ours["bytes"],
                *(peer["queries_ms"]["all"][name] / ours["queries_ms"]["all"][name] for name in ("p50", "p95", "p99")),
                peer["weekly_ms"]["p95"] / ours["weekly_ms"]["p95"],
                peer["update_visible_s"] / ours["update_visible_s"],
            ]
            lines.append(f"| {ours['documents']:,} | {peer['engine']} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _open(arguments: argparse.Namespace, folder: Path) -> Engine:
    if arguments.engine == "embedded":
        return Eho(EmbeddedIndex(folder))
    if arguments.engine == "elasticsearch":
        return Eho(_elasticsearch(arguments.elasticsearch, folder))
    return Fts5(folder.with_suffix(".sqlite"), bare=arguments.engine == "fts5-bare")


def _elasticsearch(url: str, folder: Path) -> ElasticsearchIndex:
    settings = IndexSettings(engine="elasticsearch", url=url, name="eho-benchmark", timeout_s=120)
    return ElasticsearchIndex(settings, spool=folder / "spool")


def _asked(ask: Callable[[Asked], int], mix: Sequence[Asked]) -> dict[str, dict[str, float]]:
    for one in mix:
        ask(one)  # files are read once, as in any process that has lived a minute
    times = [(one.kind, _timed(partial(ask, one))) for _ in range(_ROUNDS) for one in mix]
    kinds = {kind: _percentiles([spent for of, spent in times if of == kind]) for kind in QUERIES}
    return {"all": _percentiles([spent for _, spent in times]), **kinds}


def _bare_aggregation(folder: Path) -> Callable[[Asked], int]:
    """Return Tantivy's own count by week, of the matches and of all documents, without anything of ours around it."""
    index = tantivy.Index(schema(), path=str(IndexFolder(folder, lock_wait_s=0).current()))
    searcher = index.searcher()
    compiler = Compiler([], include_needs_review=False)
    request = {"weeks": {"terms": {"field": "week", "size": 65_000}}}

    def count(asked: Asked) -> int:
        searcher.aggregate(tantivy.Query.all_query(), request)
        answer = searcher.aggregate(compiler.compile(parse(asked.eho, stems=False).root), request)
        return sum(bucket["doc_count"] for bucket in answer["weeks"]["buckets"])

    return count


def _update(engine: Engine, found: dict[str, list[str]], size: int) -> float:
    """Return the seconds until a word that only the changed documents hold is found in all of them."""
    marker = Asked("word", "benchmarkmarker", '"benchmarkmarker"')
    changed = [_marked(item, marker.eho) for item in make(found, 0, min(size, _CHANGED), version=1)]
    started = time.perf_counter()
    engine.update(changed)
    while (seen := engine.ask(marker)) < len(changed):
        time.sleep(0.01)
    spent = time.perf_counter() - started
    if seen != len(changed):
        raise SystemExit(f"{seen} documents found after {len(changed)} were changed.")
    return spent


def _marked(item: AnnotatedDocument, marker: str) -> AnnotatedDocument:
    document = item.document.model_copy(update={"text": f"{item.document.text} {marker}"})
    return item.model_copy(update={"document": document})


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _peak_mb() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_process(arguments: argparse.Namespace, engine: str, size: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "evaluation.benchmarks.index_scale", "--engine", engine, "--documents", str(size)]
    for name in ("eho_data", "elasticsearch", "folder"):
        if (value := getattr(arguments, name)) is not None:
            command += [f"--{name.replace('_', '-')}", str(value)]
    sys.stderr.write(f"{engine}, {size:,} documents …\n")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{engine} at {size:,} documents ended with status {done.returncode}; see above.")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eho-data", type=Path, help="folder of the public data sets; the bundled corpus without it")
    parser.add_argument("--documents", type=int, action="append", help="repeat for more; 10000 and 100000 by default")
    parser.add_argument("--elasticsearch", metavar="URL", help="also measure a running server")
    parser.add_argument("--folder", type=Path, help="where the indexes are made and deleted; the system's by default")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
