"""Public labelled sets: the shipped model's recipe trained on each, cross-validated, beside published figures.

They say how far the recipe carries, not how well narratives are found: offence is not narrative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from eho.folding import fold_text
from evaluation.bootstrap import Resampling
from evaluation.figures import SetResult, Table, TableRow
from evaluation.labelled import MissingSetError, digest_of
from evaluation.metrics import accuracy, macro_f1
from evaluation.predictions import Say, Tagger
from models.corpus import json_lines
from models.linear import Features, new_vectorizers
from models.public_text import hate_codes

_CHARACTERS, _WORDS = 30_000, 10_000  # as the shipped baseline
_FOLDS = 5
_SEED = 20261121
_ETHNIC = frozenset({"1b", "1c", "2"})  # ethnic, nationality, religion


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One text of a public set; `group` never straddles a fold, `part` is train or test where the set is split."""

    text: str
    label: str
    group: str
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task with what others reached on it."""

    id: str
    title: str
    rows: Sequence[LabelledText]
    published: str


def evaluate_public(root: Path, data: Path | None, tagger: Tagger, say: Say | None = None) -> SetResult:
    """Train and measure the recipe on every public set that is here. Raises MissingSetError where EHO_DATA is not set."""
    if data is None:
        raise MissingSetError("The public data sets are not here; set EHO_DATA to their folder.")
    tasks, files, notes = read_tasks(data)
    if not tasks:
        raise MissingSetError(f"There is no public set below {data / 'labeled'}; {' '.join(notes)}")
    rows = []
    for number, task in enumerate(tasks, 1):
        rows.append(measure_task(task))
        if say is not None:
            say("public", number, len(tasks))
    table = Table(
        id="public",
        title="Public sets, the baseline's recipe",
        explained="N-grams with logistic regression, trained on the set itself; macro-F1 is the mean over labels.",
        columns={"macro_f1": "Macro-F1", "accuracy": "Accuracy"},
        rows=rows,
    )
    published = [f"{task.title}: {task.published}" for task in tasks]
    summary = [f"{row.label}: macro-F1 {row.figures['macro_f1'].value:.2f}." for row in rows]
    n = sum(len(task.rows) for task in tasks)
    notes = [*published, *notes, "SET NER dev is left out: entities are not tagged yet (they come with the entity model)."]
    return SetResult("public", "Public sets", digest_of(files), n, n, "text", [table], notes=notes, summary=summary)


def read_tasks(data: Path) -> tuple[list[Task], list[Path], list[str]]:
    """Return the tasks, the files they are of, and one line for each set that is not here."""
    tasks: list[Task] = []
    files: list[Path] = []
    notes: list[str] = []
    for name, read in (
        ("offense_sq", _offence),
        ("hate_sr", _hate),
        ("sib200_als_Latn", _topics),
        ("sib200_srp_Cyrl", _topics),
    ):
        path = data / "labeled" / f"{name}.jsonl.gz"
        if path.is_file():
            tasks += read(name, [row for _, row in json_lines(path)])
            files.append(path)
        else:
            notes.append(f"{name} is not here.")
    return tasks, files, notes


def measure_task(task: Task) -> TableRow:
    """Cross-validate the recipe (or use the set's own split) and return macro-F1 and accuracy."""
    labels = sorted({row.label for row in task.rows})
    truth = np.array([labels.index(row.label) for row in task.rows])
    predicted = np.full(len(truth), -1)
    for train, test in _splits(task, truth):
        predicted[test] = _fit_and_predict(
            [task.rows[at].text for at in train], truth[train], [task.rows[at].text for at in test]
        )
    tested: list[int] = np.flatnonzero(predicted >= 0).tolist()
    confusion = np.zeros((len(tested), len(labels), len(labels)))
    confusion[np.arange(len(tested)), truth[tested], predicted[tested]] = 1
    sampling = Resampling([task.rows[at].group for at in tested])
    totals = sampling.totals(confusion)
    figures = {
        "macro_f1": sampling.figure(macro_f1(totals), len(tested)),
        "accuracy": sampling.share(accuracy(totals), len(tested)),
    }
    return TableRow(task.id, task.title, figures, len(tested))


def _splits(task: Task, truth: NDArray[np.int_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    parts = np.array([row.part or "" for row in task.rows])
    if (parts == "test").any():
        return [(np.flatnonzero(parts != "test"), np.flatnonzero(parts == "test"))]
    groups = np.array([row.group for row in task.rows])
    smallest = int(np.bincount(truth).min())
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED) if smallest >= _FOLDS else GroupKFold(_FOLDS)
    return list(folds.split(np.zeros(len(truth)), truth, groups))


def _fit_and_predict(train: Sequence[str], labels: NDArray[np.int_], test: Sequence[str]) -> NDArray[np.int_]:
    characters, words = new_vectorizers(_CHARACTERS, _WORDS)
    folded = [fold_text(text) for text in train]
    characters.fit(folded)
    words.fit(folded)
    features = Features(characters, words)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    model.fit(csr_matrix(features.transform(train)), labels)
    found: NDArray[np.int_] = model.predict(features.transform(test))
    return found


def _distinct(rows: Sequence[LabelledText]) -> list[LabelledText]:
    """Keep the first of equal texts, in whatever spelling."""
    first: dict[str, LabelledText] = {}
    for row in rows:
        first.setdefault(fold_text(row.text).strip(), row)
    return list(first.values())


def _offence(name: str, rows: Sequence[dict[str, Any]]) -> list[Task]:
    texts = [LabelledText(row["text"], str(row["label"]), row["id"]) for row in rows]
    published = "published F1 0.77 (SHAJ, BERT, offensive or not); n-gram regression on the same rows 0.773."
    return [Task(name, "SHAJ: offensive comments, Albanian", _distinct(texts), published)]


def _hate(name: str, rows: Sequence[dict[str, Any]]) -> list[Task]:
    def texts(of: frozenset[str] | None) -> list[LabelledText]:
        found = []
        for row in rows:
            codes = hate_codes(row)
            positive = bool(codes & of) if of else codes != {"0"}
            found.append(LabelledText(row["text"], str(int(positive)), str(row["text_id"])))
        return _distinct(found)

    return [
        Task(
            name,
            "hate_sr: offence or hate against none, Serbian",
            texts(None),
            "published F1 0.649 (BERTić, 5-fold); n-gram regression, grouped 0.652.",
        ),
        Task(
            f"{name}_ethnic",
            "hate_sr: ethnic, national, religious against the rest",
            texts(_ETHNIC),
            "n-gram regression, grouped 0.692.",
        ),
    ]


def _topics(name: str, rows: Sequence[dict[str, Any]]) -> list[Task]:
    part = {"train": "train", "dev": "train", "test": "test"}
    texts = [LabelledText(row["text"], row["category"], str(row["index_id"]), part[row["split"]]) for row in rows]
    language = "Albanian" if "als" in name else "Serbian, Cyrillic"
    return [Task(name, f"SIB-200: topics, {language} (own test part)", texts, "no figure for this language is at hand.")]
