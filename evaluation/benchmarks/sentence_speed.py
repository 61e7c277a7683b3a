"""Sentences a second of sentence encoders beside all-MiniLM-L6-v2 (float32, PyTorch) and n-grams, in the same run.

    python -m evaluation.benchmarks.sentence_speed [--encoder NAME|FOLDER]… [--sentences 512] [--threads 2]

The sentences are those of the training split's passages in both languages. The peer reads the same text as published; its
English subwords cut Albanian and Serbian into more pieces than we have words, which is what it would do in use.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import HashingVectorizer

from eho.folding import fold_text
from models.corpus import read_corpus, spread
from models.sentence.loading import DEFAULT, load_sentence_encoder

_CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "train"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ROUNDS = 5


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", action="append", help="name or folder; repeat to compare; the shipped one by default")
    parser.add_argument("--sentences", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch; ours take what their folder says")
    chosen = parser.parse_args()
    sentences = _sentences(chosen.sentences)
    runs: dict[str, Callable[[], Any]] = {"all-MiniLM-L6-v2": _peer(sentences, chosen.threads), "n-grams": _ngrams(sentences)}
    for name in chosen.encoder or [DEFAULT]:
        runs[name] = _ours(name, sentences)
    for run in runs.values():
        run()  # caches of words and of ONNX Runtime are filled, as in any process that has lived a minute
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(_ROUNDS):  # one round of each after the other, so that another job on the machine slows all alike
        for name, run in runs.items():
            rates[name].append(_rate(len(sentences), run))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    report = {
        "sentences": len(sentences),
        "words_a_sentence": round(sum(len(one.split()) for one in sentences) / len(sentences), 1),
        "sentences_a_second": {name: round(rate, 1) for name, rate in medians.items()},
        "lowest_and_highest": {name: [round(min(found), 1), round(max(found), 1)] for name, found in rates.items()},
        "times_the_peer": {name: round(rate / medians["all-MiniLM-L6-v2"], 1) for name, rate in medians.items()},
    }
    sys.stdout.write(json.dumps(report) + "\n")


def _sentences(most: int) -> list[str]:
    found = [one for row in read_corpus(_CORPUS) for one in _SENTENCE.split(row.text) if len(one) > 20]
    return spread(found, most)


def _rate(count: int, run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return count / (time.perf_counter() - started)


def _ours(name: str, sentences: Sequence[str]) -> Callable[[], Any]:
    encoder = load_sentence_encoder(name)
    return lambda: encoder.encode(sentences)


def _ngrams(sentences: Sequence[str]) -> Callable[[], Any]:
    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=2**18)
    return lambda: vectorizer.transform([fold_text(one) for one in sentences])


def _peer(sentences: Sequence[str], threads: int) -> Callable[[], Any]:
    import torch
    from sentence_transformers import SentenceTransformer

    from models.encoder.teacher import teacher_folder

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(teacher_folder()), device="cpu")
    return lambda: model.encode(list(sentences), batch_size=32, normalize_embeddings=True, show_progress_bar=False)


if __name__ == "__main__":
    main()
