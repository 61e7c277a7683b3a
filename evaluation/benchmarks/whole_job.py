"""The whole job on real articles: `python -m evaluation.benchmarks.whole_job --eho-data PATH`.

A server in a process of its own presents the public news sets as outlets; `eho run` crawls, tags and indexes them in a
fresh data folder. Then every article is looked up in the store: there once, with the corpus's text and date. Masked
contact details are masked in the expectation too, and said. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eho.annotation import AnnotatedDocument
from evaluation.miniweb import MiniWeb
from index.store import Store
from nlp.masking import mask_text

FILES = ("text/news_sq.jsonl.gz", "text/news_sr.jsonl.gz")


@contextmanager
def served(corpus: list[Path], sources: Path) -> Iterator[str]:
    """Run the corpus server in a process of its own; yield its proxy address."""
    command = [sys.executable, "-m", "evaluation.miniweb", "--no-hostile", "--sources", str(sources)]
    for path in corpus:
        command += ["--corpus", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        first_line = process.stdout.readline() if process.stdout else ""
        yield first_line.split()[-1]
    finally:
        process.terminate()
        process.wait()


def run_eho(home: Path, proxy: str) -> dict[str, Any]:
    """Run `eho run --json` in a fresh data folder without politeness towards this machine; return its summary."""
    environment = {
        **os.environ,
        "EHO_HOME": str(home),
        "EHO_CRAWL__PROXY": proxy,
        "EHO_CRAWL__DELAY_S": "0",
        "EHO_CRAWL__AUTOTHROTTLE": "false",
        "EHO_CRAWL__CONCURRENCY_PER_HOST": "16",
    }
    program = Path(sys.executable).with_name("eho.exe" if os.name == "nt" else "eho")
    done = subprocess.run([program, "run", "--json"], env=environment, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if not done.stdout:
        raise SystemExit(f"eho run ended with status {done.returncode} and said nothing; see above.")
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def visible(text: str) -> str:
    """Return a text without invisible characters and with one kind of blank: what extraction may tidy up."""
    kept = (char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) not in ("Cf", "Cc"))
    return " ".join("".join(kept).split())


def repeats(expected: str, got: str) -> bool:
    """True where all that is missing at the end stands earlier in the text: trafilatura drops a paragraph met twice."""
    return expected.startswith(got) and expected[len(got) :].strip() in got


def difference(article: str, expected: str, got: str) -> dict[str, str]:
    """Return both texts around the first place where they differ."""
    at = next(
        (at for at, (one, other) in enumerate(zip(expected, got, strict=False)) if one != other), min(len(expected), len(got))
    )
    part = slice(max(0, at - 40), at + 60)
    return {"id": article, "expected": expected[part], "got": got[part]}


def compare(expected: MiniWeb, documents: dict[str, AnnotatedDocument]) -> dict[str, Any]:
    """Compare every article of the corpus with the stored document of its address."""
    found: Counter[str] = Counter()
    examples: list[dict[str, str]] = []
    for article in expected.articles:
        item = documents.get(expected.url_of(article.id))
        if item is None:
            found["missing"] += 1
            continue
        wanted, text = expected.expected_text(article.id), " ".join(item.document.text.split())
        masked = " ".join(mask_text(wanted).split())
        same = text in (wanted, masked)
        found["text_right_exactly"] += same
        found["masked"] += masked != wanted
        same = same or visible(text) in (visible(wanted), visible(masked))
        found["text_right"] += same
        found["only_a_repetition_left_out"] += not same and repeats(visible(masked), visible(text))
        found["date_right"] += item.document.published_at == expected.expected_date(article.id)
        if not same and len(examples) < 10:
            examples.append(difference(article.id, masked, text))
    return {"articles": len(expected.articles), **found, "differing_examples": examples}


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eho-data", type=Path, required=True, help="folder of the public data sets")
    arguments = parser.parse_args()
    corpus = [arguments.eho_data / name for name in FILES]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (home / "sources").mkdir(parents=True)
        with served(corpus, home / "sources") as proxy:
            summary = run_eho(home, proxy)
        with Store.open(f"sqlite:///{home / 'eho.sqlite'}") as store:
            documents = list(store.documents())
        by_url = {str(item.document.canonical_url): item for item in documents}
        copies = sum(item.document.cluster is not None and item.document.cluster.role == "copy" for item in documents)
        report = compare(MiniWeb(corpus=corpus, hostile=False), by_url)
        report |= {"documents": len(documents), "addresses_twice": len(documents) - len(by_url), "copies_in_clusters": copies}
        report |= {name: summary[name] for name in ("crawl", "tag", "index")}
        report["crawl"].pop("sources", None)
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
