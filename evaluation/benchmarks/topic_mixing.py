"""Do topics span both languages? SIB-200's parallel sentences, with and without centring, beside k-means on TF-IDF.

`python -m evaluation.benchmarks.topic_mixing [--encoder NAME|FOLDER] [--seeds N]`, with EHO_DATA set. A pair is one sentence in
Albanian and in Serbian; it is together where both fall into one topic. NMI is with SIB's seven subjects.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score

from eho.folding import fold_text
from index.intervals import wilson
from models.corpus import json_lines
from models.sentence.loading import load_sentence_encoder
from models.topics.grouping import OUTLIER, GroupingOptions, centred, group
from models.vectors import Floats

_SETS = (("sq", "sib200_als_Latn"), ("sr", "sib200_srp_Cyrl"))
_RESAMPLES = 200


def read_pairs(data: Path) -> tuple[list[str], list[str], list[str]]:
    """Return texts (all Albanian, then all Serbian in the same order), their languages and subjects."""
    paths = [data / "labeled" / f"{name}.jsonl.gz" for _, name in _SETS]
    sets = [{row["index_id"]: row for _, row in json_lines(path)} for path in paths]
    ids = sorted(set(sets[0]) & set(sets[1]))
    texts = [rows[id]["text"] for rows in sets for id in ids]
    languages = [language for language, _ in _SETS for _ in ids]
    return texts, languages, [sets[0][id]["category"] for id in ids] * 2


def report(name: str, topics: Sequence[int], subjects: Sequence[str]) -> str:
    """Return one line of the table."""
    half = len(topics) // 2
    found = np.array(topics)
    both = (found[:half] != OUTLIER) & (found[half:] != OUTLIER)
    together = int((both & (found[:half] == found[half:])).sum())
    low, high = wilson(together, half)
    of_both = together / max(int(both.sum()), 1)
    sizes = np.bincount(found[found >= 0]) if (found >= 0).any() else np.zeros(1)
    by_chance = float((sizes / len(found)) @ (sizes / len(found)))
    nmi, nmi_low, nmi_high = _nmi(found, np.array(subjects))
    parts = (
        f"{name:34} topics {len(sizes):3}",
        f"together {together / half:.2f} [{low:.2f}, {high:.2f}] of {half} (chance {by_chance:.2f})",
        f"{of_both:.2f} of {int(both.sum())} placed",
        f"outliers {np.mean(found == OUTLIER):.2f}",
        f"NMI {nmi:.2f} [{nmi_low:.2f}, {nmi_high:.2f}]",
    )
    return "  ".join(parts)


def _nmi(found: np.ndarray, subjects: np.ndarray) -> tuple[float, float, float]:
    """Return NMI over all sentences, outliers as one group, with the interval of resampled pairs."""
    half, generator = len(found) // 2, np.random.default_rng(7)
    values = []
    for _ in range(_RESAMPLES):
        rows = generator.integers(0, half, half)
        rows = np.concatenate([rows, rows + half])
        values.append(normalized_mutual_info_score(subjects[rows], found[rows]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(normalized_mutual_info_score(subjects, found)), float(low), float(high)


def compare(texts: Sequence[str], vectors: Floats, languages: Sequence[str], seeds: int) -> dict[str, list[int]]:
    """Group the same sentences in every way that is compared."""
    folded = [fold_text(text) for text in texts]
    found = {}
    for seed in range(13, 13 + seeds):
        for centre in (False, True):
            options = GroupingOptions(smallest=20, centre=centre, seed=seed)
            found[f"topics {'centred' if centre else 'as encoded'}, seed {seed}"] = group(
                folded, vectors, languages, options
            ).topics
    for number in (7, 20):
        kmeans = KMeans(number, n_init=5, random_state=13)
        tfidf = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(folded)
        found[f"k-means {number}, TF-IDF"] = kmeans.fit_predict(tfidf).tolist()
        found[f"k-means {number}, as encoded"] = kmeans.fit_predict(vectors).tolist()
        found[f"k-means {number}, centred"] = kmeans.fit_predict(centred(vectors, languages)).tolist()
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    data = os.environ.get("EHO_DATA")
    if not data:
        sys.exit("Set EHO_DATA to the folder of the public sets.")
    texts, languages, subjects = read_pairs(Path(data))
    encoder = load_sentence_encoder(asked.encoder)
    vectors = encoder.encode(texts)
    sys.stdout.write(f"encoder {encoder.name} {encoder.version}, {len(texts) // 2} sentences in both languages\n")
    for name, topics in compare(texts, vectors, languages, asked.seeds).items():
        sys.stdout.write(report(name, topics, subjects) + "\n")


if __name__ == "__main__":
    main()
