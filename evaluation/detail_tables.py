"""What else is said of a passage: stance, sense of return, severity, evidence; and false alarms on the known traps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eho.codebook import Codebook
from evaluation.bootstrap import Resampling
from evaluation.figures import Figure, Table, TableRow
from evaluation.labelled import Span
from evaluation.matching import LEVELS, Matching
from evaluation.metrics import accuracy, class_scores, macro_f1, mean_absolute_error, quadratic_kappa, ratio, retrieval

Array = NDArray[np.float64]
NOBODY = "none"
_SEVERITIES = 7
_LEAST_FOR_TRAP = 5
_IDENTITY_TRAPS = frozenset({"neutral_identity", "positive_identity", "slur_homonym", "endonym"})


def detail_tables(matching: Matching, sampling: Resampling, codebook: Codebook) -> list[Table]:
    """Return the tables of stance, sense, severity, evidence and traps."""
    stances = [stance.id for stance in codebook.dimensions.stances]
    senses = [sense.id for sense in codebook.dimensions.returnee_senses]
    return [
        _stance_table(matching, sampling, stances),
        _sense_table(matching, sampling, [NOBODY, *senses]),
        _severity_table(matching, sampling),
        _evidence_table(matching, sampling),
        _trap_table(matching, sampling),
    ]


def _confusion(size: tuple[int, int], cases: Sequence[tuple[int, int, int]], matching: Matching, sampling: Resampling) -> Array:
    """Count (row, true, predicted) in every replicate: replicates × true × predicted."""
    counts = np.zeros((len(matching.judged), *size))
    for row, true, predicted in cases:
        counts[row, true, predicted] += 1
    return sampling.totals(counts)


def _class_rows(classes: Sequence[str], confusion: Array, sampling: Resampling) -> list[TableRow]:
    scores = class_scores(confusion)
    shown, gold = confusion[0].sum(axis=0), confusion[0].sum(axis=1)
    return [
        TableRow(
            name,
            name,
            {
                "precision": sampling.share(scores.precision[:, at], shown[at]),
                "recall": sampling.share(scores.recall[:, at], gold[at]),
                "f1": sampling.figure(scores.f1[:, at], gold[at]),
            },
        )
        for at, name in enumerate(classes)
    ]


def _stance_table(matching: Matching, sampling: Resampling, stances: Sequence[str]) -> Table:
    cases = []
    for row, tag, gold in matching.right_tags():
        labelled = [annotation.stance for annotation in gold]
        true = tag.stance if tag.stance in labelled else labelled[0]
        cases.append((row, stances.index(true), stances.index(tag.stance)))
    confusion = _confusion((len(stances), len(stances)), cases, matching, sampling)
    whole = TableRow(
        "all",
        "All stances (F1: mean over stances)",
        {
            "f1": sampling.figure(macro_f1(confusion), len(cases)),
            "accuracy": sampling.share(accuracy(confusion), len(cases)),
        },
    )
    return Table(
        id="stance",
        title="Stance, given the right narrative",
        explained="Only tags whose narrative is right; listed tags.",
        columns={"precision": "Right among them", "recall": "Found", "f1": "F1", "accuracy": "Accuracy"},
        rows=[whole, *_class_rows(stances, confusion, sampling)],
    )


def _sense_table(matching: Matching, sampling: Resampling, senses: Sequence[str]) -> Table:
    cases = [
        (row, senses.index(one.row.sense or NOBODY), senses.index(one.prediction.sense or NOBODY))
        for row, one in enumerate(matching.judged)
    ]
    about = [case for case in cases if case[1] != senses.index(NOBODY)]
    rows = []
    for key, label, chosen in (
        ("all", "All passages", cases),
        ("returns", "Passages in which somebody returns", about),
    ):
        confusion = _confusion((len(senses), len(senses)), chosen, matching, sampling)
        figures = {
            "f1": sampling.figure(macro_f1(confusion), len(chosen)),
            "accuracy": sampling.share(accuracy(confusion), len(chosen)),
        }
        rows.append(TableRow(key, label, figures))
    confusion = _confusion((len(senses), len(senses)), cases, matching, sampling)
    return Table(
        id="sense",
        title="Who it is that returns",
        explained="The sense of “returnee”; none where nobody returns. The first two rows give the mean F1 over senses.",
        columns={"precision": "Right among them", "recall": "Found", "f1": "F1", "accuracy": "Accuracy"},
        rows=[*rows, *_class_rows(senses, confusion, sampling)],
    )


def _severity_table(matching: Matching, sampling: Resampling) -> Table:
    whole = [(row, one.row.severity, one.prediction.severity) for row, one in enumerate(matching.judged)]
    tags = [(row, max(item.severity for item in gold), tag.severity) for row, tag, gold in matching.right_tags()]
    rows = []
    for key, label, cases in (
        ("passage", "Severity of the passage (shown tags)", whole),
        ("tag", "Severity of tags with the right narrative", tags),
    ):
        confusion = _confusion((_SEVERITIES, _SEVERITIES), cases, matching, sampling)
        figures = {
            "mae": sampling.figure(mean_absolute_error(confusion), len(cases)),
            "kappa": sampling.figure(quadratic_kappa(confusion), len(cases)),
        }
        rows.append(TableRow(key, label, figures))
    return Table(
        id="severity",
        title="Severity, 0 to 6",
        explained="Mean error in steps of the scale, and agreement beyond chance (quadratic kappa; 1 is perfect, 0 is chance).",
        columns={"mae": "Mean error", "kappa": "Agreement"},
        rows=rows,
        lower_is_better=frozenset({"mae"}),
        plain=frozenset({"mae", "kappa"}),
    )


def _evidence_table(matching: Matching, sampling: Resampling) -> Table:
    counts = np.zeros((len(matching.judged), 7))
    for row, tag, gold in matching.right_tags():
        wanted = [span for annotation in gold for span in annotation.spans]
        if wanted:
            given = list(tag.spans)
            exact = len(set(given) & set(wanted))
            counts[row] += [*_covered(given, wanted), exact, len(given), len(wanted), 1]
    totals = sampling.totals(counts)
    n = int(counts[:, 6].sum())
    partial = retrieval(totals[:, 1], totals[:, 0], totals[:, 2], totals[:, 0])
    exact_scores = retrieval(totals[:, 4], totals[:, 3], totals[:, 5], totals[:, 3])
    rows = [
        TableRow(key, label, {name: sampling.figure(getattr(scores, name), n) for name in ("precision", "recall", "f1")})
        for key, label, scores in (
            ("partial", "Partial (characters in common)", partial),
            ("exact", "Exact (same first and last character)", exact_scores),
        )
    ]
    return Table(
        id="evidence",
        title="Evidence, given the right narrative",
        explained="How much of the marked words is evidence, and how much of the evidence is marked.",
        columns={"precision": "Right among the marked", "recall": "Marked of the evidence", "f1": "F1"},
        rows=rows,
    )


def _covered(given: Sequence[Span], wanted: Sequence[Span]) -> tuple[int, int, int]:
    """Return the number of characters in both, given, and wanted."""
    one = {at for start, end in given for at in range(start, end)}
    other = {at for start, end in wanted for at in range(start, end)}
    return len(one & other), len(one), len(other)


def _trap_table(matching: Matching, sampling: Resampling) -> Table:
    """Count tags on passages that carry nothing, by what makes them look as if they did."""
    bare: NDArray[np.bool_] = np.logical_not(matching.gold.any(axis=1))
    traps = [one.row.trap for one in matching.judged]
    counts = Counter(trap for trap, empty in zip(traps, bare, strict=True) if trap and empty)
    common = [trap for trap, count in counts.most_common() if count >= _LEAST_FOR_TRAP]
    chosen: Mapping[str, NDArray[np.bool_]] = {
        "every passage without a label": bare,
        "neutral mention of an identity": np.array([trap in _IDENTITY_TRAPS for trap in traps]) & bare,
        **{trap: np.array([one == trap for one in traps]) & bare for trap in common},
        "rarer traps": np.array([one is not None and one not in common for one in traps]) & bare,
    }
    keys = {"every passage without a label": "all", "neutral mention of an identity": "identity", "rarer traps": "rare"}
    rows = []
    for name, keep in ((name, keep) for name, keep in chosen.items() if keep.any()):
        figures: dict[str, Figure] = {}
        for level in LEVELS:
            wrong = matching.predicted[level].any(axis=1) & keep
            totals = sampling.totals(np.stack([wrong, keep], axis=1))
            figures[level] = sampling.share(ratio(totals[:, 0], totals[:, 1]), keep.sum())
        rows.append(TableRow(keys.get(name, name), name.replace("_", " "), figures, int(keep.sum())))
    return Table(
        id="trap",
        title="False alarms on passages that carry nothing",
        explained="Share of such passages that got a tag all the same, by the trap they set.",
        columns={"shown": "With a shown tag", "listed": "With a listed tag"},
        rows=rows,
        lower_is_better=frozenset({"shown", "listed"}),
    )
