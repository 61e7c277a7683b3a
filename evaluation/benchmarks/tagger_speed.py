"""Passages a second of a shipped tagger beside XLM-R base (its architecture, random weights, float32), in the same run.

    python -m evaluation.benchmarks.tagger_speed [--model tagger] [--passages 512]

XLM-R gets as many tokens as the passage has words and marks; its own subwords would be about half more, so the ratio is
cautious. The passages are those of the training split.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.corpus import read_corpus, spread
from models.encoder.words import split_words
from models.passages import PassageInput
from models.registry import load_model, shipped_folder

_CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "train"
_BATCH = 32
_ROUNDS = 3


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tagger")
    parser.add_argument("--passages", type=int, default=512)
    parser.add_argument("--peer-passages", type=int, default=64, help="XLM-R is slow; it gets fewer")
    chosen = parser.parse_args()
    rows = spread(read_corpus(_CORPUS), chosen.passages)
    passages = [PassageInput(row.text, row.title or "") for row in rows]
    lengths = [len(split_words(row.text, most=160).forms) + 2 for row in rows]
    model = load_model(chosen.model)
    model.predict(passages[:_BATCH])
    ours = [_rate(len(passages), lambda: model.predict(passages)) for _ in range(_ROUNDS)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    few = spread(lengths, chosen.peer_passages)
    peer = [_rate(len(few), run) for run in [_xlmr(few)] * _ROUNDS]
    sys.stdout.write(
        json.dumps(
            {
                "model": chosen.model,
                "passages": len(passages),
                "words_a_passage": round(float(np.mean(lengths)) - 2, 1),
                "passages_a_second": [round(one, 1) for one in ours],
                "xlmr_base_passages_a_second": [round(one, 2) for one in peer],
                "ratio": round(float(np.median(ours) / np.median(peer)), 1),
                "memory_mb_before_the_peer": round(memory),
                "shipped_mb": round(sum(path.stat().st_size for path in shipped_folder().rglob("*") if path.is_file()) / 1e6, 1),
            }
        )
        + "\n"
    )


def _rate(count: int, run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return count / (time.perf_counter() - started)


def _xlmr(lengths: Sequence[int]) -> Callable[[], None]:
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaModel

    config = XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1)
    model = XLMRobertaModel(config).eval()
    order = sorted(lengths)

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, len(order), _BATCH):
                some = order[start : start + _BATCH]
                ids = torch.randint(4, 250_000, (len(some), max(some)))
                mask = (torch.arange(max(some)) < torch.tensor(some).unsqueeze(1)).long()
                model(input_ids=ids, attention_mask=mask)

    return run


if __name__ == "__main__":
    main()
