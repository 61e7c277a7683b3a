"""How well narratives are found: overall, by family, by narrative, and split by language, script, voice and target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eho.codebook import Codebook
from evaluation.bootstrap import Resampling
from evaluation.figures import Figure, Table, TableRow
from evaluation.labelled import LabelledRow
from evaluation.matching import LEVELS, Flags, Matching
from evaluation.metrics import average_precision, ratio, retrieval

Array = NDArray[np.float64]
_LEAST_FOR_GAP = 20  # labelled cases from which a group takes part in a comparison

_COLUMNS = {
    "shown_precision": "Shown: right among them",
    "shown_recall": "Shown: found",
    "shown_f1": "Shown: F1",
    "listed_precision": "Listed: right among them",
    "listed_recall": "Listed: found",
    "listed_f1": "Listed: F1",
}
_AP = {"average_precision": "Average precision"}
_LEVELS_EXPLAINED = (
    "Shown tags are those that readers see; listed ones include those that wait for review. Right among them is precision, "
    "found is recall, F1 their harmonic mean."
)
SPLITS: Mapping[str, tuple[str, Callable[[LabelledRow], str | None]]] = {
    "language": ("Language", lambda row: row.language),
    "script": ("Script", lambda row: row.lang),
    "variety": ("Variety", lambda row: row.variety and f"{row.language} {row.variety}"),
    "voice": ("Voice", lambda row: row.voice),
    "kind": ("Kind of document", lambda row: row.kind),
}


def narrative_tables(matching: Matching, sampling: Resampling, codebook: Codebook) -> list[Table]:
    """Return the tables of retrieval figures."""
    counted = _Counted(matching, sampling)
    tables = [_overall(counted), _families(counted, codebook), _narratives(counted, codebook)]
    for name, (title, of) in SPLITS.items():
        values = [of(one.row) for one in matching.judged]
        if name in ("variety", "voice", "kind") and len({value for value in values if value}) < 2:
            continue
        tables.append(_split(counted, name, title, values))
    return [*tables, _targets(counted, codebook)]


class _Counted:
    """Matching and resampling together, with average precisions computed once."""

    def __init__(self, matching: Matching, sampling: Resampling) -> None:
        self.matching = matching
        self.sampling = sampling
        self.row_weights = sampling.row_weights()
        self.label_precision = {
            column: self.average_precision(matching.gold[:, column], matching.scores[:, column])
            for column in range(len(matching.narratives))
            if matching.gold[:, column].any()
        }

    def average_precision(self, gold: Flags, scores: Array) -> Array:
        """Return the average precision of one column in every replicate."""
        return average_precision(gold, scores, self.row_weights)

    def figures(
        self,
        gold: Flags,
        predicted: Mapping[str, Flags],
        *,
        truth: Flags | None = None,
        finders: Mapping[str, Flags] | None = None,
    ) -> dict[str, Figure]:
        """Return precision, recall and F1 of each level over rows × columns.

        `truth` says what makes a tag right (`gold` by default), `finders` what finds a label (`predicted` by default).
        """
        truth = gold if truth is None else truth
        finders = predicted if finders is None else finders
        found: dict[str, Figure] = {}
        for level in LEVELS:
            tables = (predicted[level], predicted[level] & truth, gold, gold & finders[level])
            parts = np.stack([table.sum(axis=1) for table in tables], axis=1)
            scores = retrieval(*self.sampling.totals(parts).T)
            sizes = parts.sum(axis=0)
            found[f"{level}_precision"] = self.sampling.share(scores.precision, sizes[0])
            found[f"{level}_recall"] = self.sampling.share(scores.recall, sizes[2])
            found[f"{level}_f1"] = self.sampling.figure(scores.f1, sizes[2])
        return found

    def within(self, keep: Flags) -> dict[str, Figure]:
        """Return the figures over all narratives in some rows only."""
        predicted = {level: flags & keep[:, None] for level, flags in self.matching.predicted.items()}
        return self.figures(self.matching.gold & keep[:, None], predicted)

    def macro(self) -> dict[str, Figure]:
        """Return the unweighted means over the narratives that are labelled at all."""
        gold = self.matching.gold
        known = gold.any(axis=0)
        found: dict[str, Figure] = {}
        for level in LEVELS:
            predicted = self.matching.predicted[level]
            totals = [self.sampling.totals(part[:, known]) for part in (predicted, predicted & gold, gold, predicted & gold)]
            scores = retrieval(*totals)
            for name, values in (("precision", scores.precision), ("recall", scores.recall), ("f1", scores.f1)):
                defined = np.isfinite(values)
                mean = ratio(np.nan_to_num(values).sum(axis=1), defined.sum(axis=1))
                found[f"{level}_{name}"] = self.sampling.figure(mean, gold.sum())
        stacked = np.stack(list(self.label_precision.values()), axis=1)
        mean = ratio(np.nan_to_num(stacked).sum(axis=1), np.isfinite(stacked).sum(axis=1))
        found["average_precision"] = self.sampling.figure(mean, gold.sum())
        return found

    def any_of(self, columns: NDArray[np.intp]) -> dict[str, Figure]:
        """Return the figures of rows with any of some narratives."""
        gold: Flags = np.asarray(self.matching.gold[:, columns].any(axis=1))[:, None]
        predicted = {level: np.asarray(self.matching.predicted[level][:, columns].any(axis=1))[:, None] for level in LEVELS}
        found = self.figures(gold, predicted)
        if gold.any():
            highest = self.matching.scores[:, columns].max(axis=1)
            found["average_precision"] = self.sampling.figure(self.average_precision(gold[:, 0], highest), gold.sum())
        return found


def _overall(counted: _Counted) -> Table:
    matching = counted.matching
    every = np.arange(len(matching.narratives))
    rows = [
        TableRow("any", "Any narrative at all (passages)", counted.any_of(every), len(matching.judged)),
        TableRow("micro", "All narratives, every label counted alike", counted.figures(matching.gold, matching.predicted)),
        TableRow("macro", "All narratives, every narrative counted alike", counted.macro() if matching.gold.any() else {}),
    ]
    return Table("overall", "Narratives overall", _LEVELS_EXPLAINED, _COLUMNS | _AP, rows)


def _families(counted: _Counted, codebook: Codebook) -> Table:
    rows = [
        TableRow(family.id, family.labels["en"], counted.any_of(counted.matching.columns_of(family.id)))
        for family in codebook.families
    ]
    explained = "A family is found where any of its narratives is. " + _LEVELS_EXPLAINED
    return Table("family", "Families of narratives", explained, _COLUMNS | _AP, rows)


def _narratives(counted: _Counted, codebook: Codebook) -> Table:
    rows = []
    for column, narrative in enumerate(counted.matching.narratives):
        figures = counted.any_of(np.array([column], dtype=np.intp))
        rows.append(TableRow(narrative, codebook.narrative(narrative).labels["en"], figures))
    return Table("narrative", "Single narratives", _LEVELS_EXPLAINED, _COLUMNS | _AP, rows)


def _split(counted: _Counted, name: str, title: str, values: Sequence[str | None]) -> Table:
    rows = []
    for value in sorted({value for value in values if value}):
        keep = np.array([one == value for one in values])
        rows.append(TableRow(value, value, counted.within(keep), int(keep.sum())))
    return Table(name, title, "All narratives, every label counted alike, by " + title.lower() + ".", _COLUMNS, rows)


def _targets(counted: _Counted, codebook: Codebook) -> Table:
    rows = []
    for group in codebook.dimensions.target_groups:
        gold, predicted = counted.matching.of_target(group.id)
        figures = counted.figures(gold, predicted, truth=counted.matching.gold, finders=counted.matching.predicted)
        rows.append(TableRow(group.id, group.labels["en"], figures, int(gold.sum())))
    explained = (
        "Found: of the labels that name the group, how many narratives were found. Right: of the tags that name it, how many "
        "narratives stand in the passage."
    )
    return Table("target", "Target groups", explained, _COLUMNS, rows)


def gap_table(matching: Matching, sampling: Resampling) -> Table:
    """Return the largest difference between groups with enough cases: languages, scripts and target groups.

    The two groups are those furthest apart in the data as they are; the interval is that of their difference.
    """
    groups: dict[str, dict[str, tuple[Flags, dict[str, Flags]]]] = {"language": {}, "script": {}, "target": {}}
    for name in ("language", "script"):
        values = np.array([SPLITS[name][1](one.row) or "" for one in matching.judged])
        for value in np.unique(values):
            keep = (values == value)[:, None]
            groups[name][str(value)] = (matching.gold & keep, {at: flags & keep for at, flags in matching.predicted.items()})
    for group in sorted({target for one in matching.judged for item in one.row.annotations for target in item.target_groups}):
        groups["target"][group] = matching.of_target(group)
    rows = [
        row
        for name, members in groups.items()
        for metric in ("precision", "recall")
        if (row := _gap(name, metric, members, matching, sampling)) is not None
    ]
    return Table(
        id="gap",
        title="Differences between groups",
        explained=f"The largest difference between two groups with at least {_LEAST_FOR_GAP} cases each, listed tags.",
        columns={"gap": "Difference"},
        rows=rows,
        lower_is_better=frozenset({"gap"}),
    )


def _gap(
    name: str,
    metric: str,
    members: Mapping[str, tuple[Flags, dict[str, Flags]]],
    matching: Matching,
    sampling: Resampling,
) -> TableRow | None:
    values: dict[str, tuple[Array, int]] = {}
    for group, (gold, predicted) in members.items():
        listed = predicted["listed"]
        whole = listed if metric == "precision" else gold
        part = listed & matching.gold if metric == "precision" else gold & matching.predicted["listed"]
        if whole.sum() >= _LEAST_FOR_GAP:
            totals = sampling.totals(np.stack([part.sum(axis=1), whole.sum(axis=1)], axis=1))
            values[group] = (ratio(totals[:, 0], totals[:, 1]), int(whole.sum()))
    if len(values) < 2:
        return None
    best = max(values, key=lambda group: values[group][0][0])
    worst = min(values, key=lambda group: values[group][0][0])
    difference = values[best][0] - values[worst][0]
    label = f"{name}, {'right among the listed' if metric == 'precision' else 'found'}: {best} against {worst}"
    n = min(values[best][1], values[worst][1])
    return TableRow(f"{name}-{metric}", label, {"gap": sampling.figure(difference, n)})
