"""Cross-language retrieval and news similarity: the sentence encoder beside n-grams and a dictionary, on public sets.

None of these sets is trained on, save that sentences of everyday language like Tatoeba's are (others of them, not these).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.stats import rankdata
from sklearn.feature_extraction.text import TfidfVectorizer

from eho.errors import ModelError
from eho.folding import fold_text
from evaluation.bootstrap import Resampling
from evaluation.figures import Figure, SetResult, Table, TableRow
from evaluation.labelled import MissingSetError, digest_of
from evaluation.predictions import Say
from evaluation.variants import to_latin, typed_plainly
from models.corpus import json_lines
from models.encoder.sets import read_dictionary
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder

_MOST = 1000
_DOCUMENT = 8  # consecutive sentences that stand for a story: long enough to be read in pieces
_PREFIX = 5
_LEAST_QUALITY = 0.35
_FILES = (
    "labeled/sib200_als_Latn", "labeled/sib200_srp_Cyrl", "labeled/similarity_sr", "parallel/tatoeba_sq_en",
    "parallel/tatoeba_sr_en", "parallel/osce_sq_en", "parallel/books_sq_sr", "parallel/progit_sr_en",
)  # fmt: skip
Floats = NDArray[np.float32]
Similarity = Callable[[Sequence[str], Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """Queries and candidates; the answer to query `i` is candidate `i`, further candidates are wrong for all but themselves.

    `own`: the candidates after the answers are the queries themselves, in the same order; a query is not its own answer.
    """

    id: str
    title: str
    queries: Sequence[str]
    candidates: Sequence[str]
    own: bool = False


@dataclass(frozen=True, slots=True)
class GradedPairs:
    """Pairs of texts that people graded for similarity."""

    id: str
    title: str
    first: Sequence[str]
    second: Sequence[str]
    grades: Sequence[float]


def evaluate_retrieval(data: Path | None, encoder: SentenceEncoder | None = None, say: Say | None = None) -> SetResult:
    """Measure an encoder, the shipped one by default. Raises MissingSetError without data or encoder."""
    if data is None:
        raise MissingSetError("The public data sets are not here; set EHO_DATA to their folder.")
    tasks, graded, files, notes = read_retrieval(data)
    if not tasks:
        raise MissingSetError(f"There are no parallel sentences below {data}; {' '.join(notes)}")
    try:
        model = encoder or load_sentence_encoder()
    except ModelError as error:
        raise MissingSetError(f"There is no sentence encoder to measure: {error}") from error
    systems: dict[str, Similarity] = {"first": cosine_of(model), "ngrams": ngram_similarity}
    if (data / "lexica").is_dir():
        systems["dictionary"] = dictionary_similarity(_glosses(data))
    hits: dict[str, NDArray[np.bool_]] = {}
    rows = []
    for number, task in enumerate(tasks, 1):
        row, hits[task.id] = measure_retrieval(task, systems)
        rows.append(row)
        if say is not None:
            say("retrieval", number, len(tasks) + len(graded))
    tables = [_retrieval_table(rows), *_script_tables(hits), *_similarity_tables(graded, systems)]
    notes = [f"Sentence encoder {model.name} {model.version}, {model.width} numbers a text.", *notes]
    summary = [f"{row.label}: first answer right {row.figures['first'].value:.2f}." for row in rows[:2]]
    n = sum(len(task.queries) for task in tasks) + sum(len(one.grades) for one in graded)
    return SetResult(
        "retrieval", "Search across languages", digest_of(files), n, n, "sentence", tables, notes=notes, summary=summary
    )


def read_retrieval(data: Path) -> tuple[list[RetrievalTask], list[GradedPairs], list[Path], list[str]]:
    """Return the tasks, the graded pairs, the files they are of, and one line for each set that is not here."""
    paths = {name: data / f"{name}.jsonl.gz" for name in _FILES}
    rows = {name.split("/")[1]: [row for _, row in json_lines(path)] for name, path in paths.items() if path.is_file()}
    tasks: list[RetrievalTask] = []
    if {"sib200_als_Latn", "sib200_srp_Cyrl"} <= rows.keys():
        tasks += _sib(rows["sib200_als_Latn"], rows["sib200_srp_Cyrl"])
    for name, first, second, title in _PARALLEL:
        if name in rows:
            tasks += _parallel(name, first, second, title, rows[name])
    graded = _graded(rows.get("similarity_sr", []))
    missing = [f"{name} is not here." for name, path in paths.items() if not path.is_file()]
    return tasks, graded, [path for path in paths.values() if path.is_file()], missing


_PARALLEL = (
    ("tatoeba_sq_en", "sq", "en", "Tatoeba (LASER's pairs): everyday sentences, Albanian to English"),
    ("tatoeba_sr_en", "sr", "en", "Tatoeba (LASER's pairs): everyday sentences, Serbian to English"),
    ("osce_sq_en", "sq", "en", "OSCE reports, Albanian to English"),
    ("books_sq_sr", "sq", "sr", "Novel paragraphs, Albanian to Serbian"),
    ("progit_sr_en", "sr", "en", "Handbook of Git, Serbian to English"),
)


def measure_retrieval(task: RetrievalTask, systems: Mapping[str, Similarity]) -> tuple[TableRow, NDArray[np.bool_]]:
    """Return the task's figures for every system, and for the first system which queries found their answer first."""
    sampling = Resampling([str(at) for at in range(len(task.queries))])
    figures: dict[str, Figure] = {}
    hits: NDArray[np.bool_] | None = None
    for name, similarity in systems.items():
        ranks = _ranks(similarity(task.queries, task.candidates), own=task.own)
        figures[name] = _share(sampling, ranks == 0)
        if hits is None:
            hits = ranks == 0
            figures["in_ten"] = _share(sampling, ranks < 10)
    return TableRow(task.id, task.title, figures, len(task.queries)), np.asarray(hits)


def measure_similarity(pairs: GradedPairs, systems: Mapping[str, Similarity]) -> TableRow:
    """Return Spearman's rank correlation between grades and similarities for every system."""
    sampling = Resampling([str(at) for at in range(len(pairs.grades))], replicates=300)
    counts = sampling.row_weights().astype(np.int64)
    figures = {}
    for name, similarity in systems.items():
        values = np.array(_pairwise(similarity, pairs))
        grades = np.array(pairs.grades)
        replicates = [_spearman(np.repeat(values, times), np.repeat(grades, times)) for times in counts]
        figures[name] = sampling.figure(np.array(replicates), len(grades))
    return TableRow(pairs.id, pairs.title, figures, len(pairs.grades))


def cosine_of(encoder: SentenceEncoder) -> Similarity:
    """Return the similarity that an encoder sees; a text that several tasks share is encoded once."""
    known: dict[str, Floats] = {}

    def vectors(texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encoder.encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    return lambda queries, candidates: vectors(queries) @ vectors(candidates).T


def ngram_similarity(queries: Sequence[str], candidates: Sequence[str]) -> Floats:
    """Return the cosine of folded character 3–5-grams, weighted by how rare they are among these texts."""
    first, second = _ngrams(queries, candidates)
    return np.asarray((first @ second.T).todense(), np.float32)


def dictionary_similarity(glosses: Mapping[str, Sequence[str]]) -> Similarity:
    """Return the cosine of n-grams and of the English words that a dictionary gives for each word, half and half."""

    def similarity(queries: Sequence[str], candidates: Sequence[str]) -> Floats:
        words = TfidfVectorizer(analyzer=lambda text: _english_words(text, glosses), dtype=np.float32)
        words.fit([*queries, *candidates])
        parts = zip(_ngrams(queries, candidates), (words.transform(queries), words.transform(candidates)), strict=True)
        first, second = (csr_matrix(hstack(pair)) for pair in parts)
        return np.asarray((first @ second.T).todense(), np.float32) / np.float32(2)

    return similarity


def _ngrams(queries: Sequence[str], candidates: Sequence[str]) -> tuple[csr_matrix, csr_matrix]:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32)
    folded = [[fold_text(text) for text in side] for side in (queries, candidates)]
    vectorizer.fit([*folded[0], *folded[1]])
    return vectorizer.transform(folded[0]), vectorizer.transform(folded[1])


def _english_words(text: str, glosses: Mapping[str, Sequence[str]]) -> list[str]:
    found: list[str] = []
    for word in fold_text(text).split():
        plain = word.strip('.,;:!?"()«»„“”–-')
        found.extend(glosses.get(plain) or glosses.get(plain[:_PREFIX] + "*") or [plain])
    return found


def _glosses(data: Path) -> dict[str, list[str]]:
    """Return English words for folded words, and for the beginnings of longer ones, which stand for inflected forms."""
    found: dict[str, list[str]] = {}
    for form, english in read_dictionary(data):
        found.setdefault(form, []).extend(english)
        if len(form) >= _PREFIX:
            found.setdefault(form[:_PREFIX] + "*", []).extend(english)
    return {form: list(dict.fromkeys(english))[:4] for form, english in found.items()}


def _ranks(scores: Floats, *, own: bool) -> NDArray[np.int_]:
    """Return how many wrong candidates score at least as high as the answer."""
    count = len(scores)
    right = scores[np.arange(count), np.arange(count)].copy()
    wrong = scores.copy()
    wrong[np.arange(count), np.arange(count)] = -np.inf
    if own:
        wrong[np.arange(count), count + np.arange(count)] = -np.inf
    ranks: NDArray[np.int_] = (wrong >= right[:, None]).sum(1)
    return ranks


def _share(sampling: Resampling, hits: NDArray[np.bool_]) -> Figure:
    totals = sampling.totals(np.stack([hits, np.ones(len(hits))], axis=1))
    return sampling.share(totals[:, 0] / totals[:, 1], len(hits))


def _pairwise(similarity: Similarity, pairs: GradedPairs) -> list[float]:
    """Return the similarity of each pair; the matrix is made in parts, of which the diagonal is wanted."""
    values: list[float] = []
    for start in range(0, len(pairs.first), _MOST):
        part = slice(start, start + _MOST)
        values.extend(np.diagonal(similarity(pairs.first[part], pairs.second[part])).tolist())
    return values


def _spearman(values: NDArray[np.float64], grades: NDArray[np.float64]) -> float:
    """Return the rank correlation; not a number where all of one side are equal, as in some small replicates."""
    ranks = rankdata(values), rankdata(grades)
    if min(np.ptp(ranks[0]), np.ptp(ranks[1])) == 0:
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def _retrieval_table(rows: Sequence[TableRow]) -> Table:
    names = {"first": "First right", "in_ten": "Among ten", "ngrams": "n-grams, first", "dictionary": "Dictionary, first"}
    return Table(
        id="retrieval",
        title="The sentence that says the same, among all of the other language",
        explained="Share of queries whose translation comes first, or among the first ten. n-grams: folded characters; "
        "dictionary: these and the English words that dictionaries give.",
        columns={name: title for name, title in names.items() if name in rows[0].figures},
        rows=rows,
    )


def _script_tables(hits: Mapping[str, NDArray[np.bool_]]) -> list[Table]:
    """Return how much worse Serbian is found in other spellings than in Cyrillic, query by query."""
    if "sib_sq_sr" not in hits:
        return []
    rows = []
    for name, title in (("latin", "Latin letters"), ("plain", "Latin letters without diacritics")):
        lost = hits["sib_sq_sr"].astype(float) - hits[f"sib_sq_sr_{name}"]
        sampling = Resampling([str(at) for at in range(len(lost))])
        totals = sampling.totals(np.stack([lost, np.ones(len(lost))], axis=1))
        rows.append(TableRow(name, title, {"gap": sampling.figure(totals[:, 0] / totals[:, 1], len(lost))}, len(lost)))
    return [
        Table(
            id="script_gap",
            title="Serbian in other spellings than Cyrillic",
            explained="Share of first answers lost when the same Serbian sentences are written so (SIB-200, from Albanian).",
            columns={"gap": "Lost"},
            rows=rows,
            lower_is_better=frozenset({"gap"}),
        )
    ]


def _similarity_tables(graded: Sequence[GradedPairs], systems: Mapping[str, Similarity]) -> list[Table]:
    if not graded:
        return []
    names = {"first": "Encoder", "ngrams": "n-grams"}
    chosen = {name: systems[name] for name in names}
    return [
        Table(
            id="similarity",
            title="Similarity of Serbian news sentences",
            explained="Spearman's rank correlation with the grades that people gave.",
            columns=names,
            rows=[measure_similarity(one, chosen) for one in graded],
            plain=frozenset(names),
        )
    ]


def _sib(albanian: Sequence[Mapping[str, Any]], serbian: Sequence[Mapping[str, Any]]) -> list[RetrievalTask]:
    sides = [{row["index_id"]: row["text"] for row in rows} for rows in (albanian, serbian)]
    both = sorted(sides[0].keys() & sides[1].keys())
    sq, sr = ([side[at] for at in both] for side in sides)
    what = "SIB-200, news-like sentences"
    return [
        RetrievalTask("sib_sq_sr", f"{what}: Albanian to Serbian (Cyrillic)", sq, sr),
        RetrievalTask("sib_sr_sq", f"{what}: Serbian (Cyrillic) to Albanian", sr, sq),
        RetrievalTask("sib_sq_sr_latin", f"{what}: Albanian to Serbian in Latin letters", sq, [to_latin(text) for text in sr]),
        RetrievalTask("sib_sq_sr_plain", f"{what}: Albanian to Serbian, no diacritics", sq, [typed_plainly(t, "sr") for t in sr]),
        RetrievalTask("sib_sq_both", f"{what}: Albanian to Serbian, other Albanian ones among them", sq, [*sr, *sq], own=True),
        RetrievalTask("sib_sr_both", f"{what}: Serbian to Albanian, other Serbian ones among them", sr, [*sq, *sr], own=True),
    ]


def _parallel(name: str, first: str, second: str, title: str, rows: Sequence[Mapping[str, Any]]) -> list[RetrievalTask]:
    if any("split" in row for row in rows):
        rows = [row for row in rows if row["split"] == "laser_eval"]
    else:
        rows = [row for row in rows if (row.get("q") or 1) >= _LEAST_QUALITY and 40 < len(row[first]) < 600 and row[second]]
    sentences = {row[second]: row for row in reversed(rows)}  # equal answers count once: the first
    rows = [row for row in rows if sentences[row[second]] is row]
    some = rows[:_MOST]
    tasks = [RetrievalTask(name, title, [row[first] for row in some], [row[second] for row in some])]
    if name == "osce_sq_en":
        parts = [rows[at : at + _DOCUMENT] for at in range(0, len(rows) - _DOCUMENT + 1, _DOCUMENT)]
        texts = [[" ".join(row[side] for row in part) for part in parts] for side in (first, second)]
        tasks.append(RetrievalTask("osce_documents", f"{title}: {_DOCUMENT} sentences as one text", texts[0], texts[1]))
    return tasks


def _graded(rows: Sequence[Mapping[str, Any]]) -> list[GradedPairs]:
    kinds = dict.fromkeys(row["kind"] for row in rows)
    found = []
    for kind in kinds:
        mine = [row for row in rows if row["kind"] == kind]
        first, second = ([row[side] for row in mine] for side in ("a", "b"))
        grades = [row["score"] for row in mine]
        found.append(GradedPairs(kind.replace("-", "_"), f"Serbian news, {kind}", first, second, grades))
    return found
