"""The quality gate: floors that a model must keep, the digest of the data they hold for, and no lowering in silence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eho.errors import InputError
from evaluation.figures import Evaluation, Figure, SetResult

MARGIN = 0.02  # floors lie this far under what was measured, so that another processor's rounding breaks none
LEAST_CASES = 20  # a figure on fewer cases moves too much to be a floor
_FLOORED = (
    ("overall", "any", ("listed_f1", "average_precision", "shown_precision")),
    ("overall", "micro", ("listed_f1", "shown_precision", "shown_recall")),
    ("overall", "macro", ("listed_f1", "average_precision")),
    ("family", "*", ("listed_f1", "average_precision")),
    ("language", "*", ("listed_f1",)),
    ("script", "*", ("listed_f1",)),
    ("stance", "all", ("f1", "accuracy")),
    ("sense", "all", ("accuracy",)),
    ("sense", "returns", ("f1", "accuracy")),
    ("severity", "passage", ("mae", "kappa")),
    ("evidence", "partial", ("f1",)),
    ("calibration", "candidates", ("ece",)),
    ("trap", "all", ("shown", "listed")),
    ("trap", "identity", ("shown", "listed")),
    ("functionality", "*", ("passed",)),
    ("pair", "*", ("passed",)),
    ("relation", "*", ("moved", "changed")),
    ("must_move", "*", ("unmoved",)),
    ("precision", "*", ("right_low",)),
    ("public", "*", ("macro_f1",)),
    ("retrieval", "*", ("first",)),
    ("masking", "*", ("gone", "lost")),
    ("script_gap", "*", ("gap",)),
)


class GateRefusedError(InputError):
    """The gate cannot judge: the data are others than those the floors hold for, or a floor would be lowered."""

    code = "gate_refused"


@dataclass(frozen=True, slots=True)
class Floor:
    """One bound: a lowest value, or a highest where the figure is an error."""

    value: float
    measured: float
    is_ceiling: bool = False

    def is_kept_by(self, value: float | None) -> bool:
        """Return whether a figure keeps the bound; one that is no longer measured does not."""
        if value is None:
            return False
        return value <= self.value if self.is_ceiling else value >= self.value


@dataclass(frozen=True, slots=True)
class SetFloors:
    """The floors on one set and the digest of the data that they hold for."""

    digest: str
    n: int
    floors: Mapping[str, Floor]


@dataclass(frozen=True, slots=True)
class Baseline:
    """All floors, by model and set, and the record of what was lowered."""

    models: Mapping[str, Mapping[str, SetFloors]] = field(default_factory=dict)
    lowered: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a file of floors; an empty one where there is none. Raises InputError where it cannot be read."""
        if not path.is_file():
            return cls()
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            return cls({name: _sets(sets) for name, sets in row["models"].items()}, tuple(row.get("lowered", ())))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"The floors in {path} cannot be read ({type(error).__name__}: {error}); restore the file."
            ) from error

    def to_json(self) -> str:
        """Write the floors as JSON, sorted, so that a change shows line by line."""
        models = {
            model: {
                name: {
                    "digest": one.digest,
                    "n": one.n,
                    "floors": {key: _floor_row(floor) for key, floor in sorted(one.floors.items())},
                }
                for name, one in sorted(sets.items())
            }
            for model, sets in sorted(self.models.items())
        }
        return json.dumps({"models": models, "lowered": list(self.lowered)}, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Checked:
    """One bound with what was measured."""

    set: str
    key: str
    floor: Floor
    measured: float | None

    @property
    def is_kept(self) -> bool:
        """Return whether the bound holds."""
        return self.floor.is_kept_by(self.measured)

    def __str__(self) -> str:
        sign = "at most" if self.floor.is_ceiling else "at least"
        value = "not measured" if self.measured is None else f"{self.measured:.4f}"
        return f"{'kept  ' if self.is_kept else 'BROKEN'} {self.set} {self.key}: {value}, {sign} {self.floor.value:.4f}"


def check(evaluation: Evaluation, baseline: Baseline) -> list[Checked]:
    """Compare a run with its floors. Raises GateRefusedError where there are none, or for other data."""
    sets = baseline.models.get(evaluation.model, {})
    if not sets:
        raise GateRefusedError(f"There are no floors for model {evaluation.model!r}; set them with eho evaluate gate --record.")
    found: list[Checked] = []
    for result in evaluation.results:
        if result.skipped is not None:
            continue
        known = sets.get(result.name)
        if known is None:
            raise GateRefusedError(f"There are no floors for the set {result.name!r}; set them with eho evaluate gate --record.")
        if known.digest != result.digest:
            raise GateRefusedError(
                f"The set {result.name!r} is not the one that its floors hold for: digest {result.digest[:12]}, "
                f"recorded {known.digest[:12]}. Restore its files, or accept the new ones with eho evaluate gate --record."
            )
        found += [Checked(result.name, key, floor, measured(result, key)) for key, floor in sorted(known.floors.items())]
    return found


def record(
    evaluation: Evaluation, baseline: Baseline, *, lower: bool = False, reason: str | None = None
) -> tuple[Baseline, list[str]]:
    """Return floors raised to just under what was measured, and one line for each change.

    A floor that was not kept is lowered only with `lower` and a reason, which is written down.
    Raises GateRefusedError otherwise.
    """
    if lower and not (reason or "").strip():
        raise GateRefusedError("Floors are lowered only with a reason; add --reason TEXT.")
    models = {name: dict(sets) for name, sets in baseline.models.items()}
    sets = models.setdefault(evaluation.model, {})
    lines: list[str] = []
    lowered: list[Mapping[str, Any]] = []
    for result in (result for result in evaluation.results if result.skipped is None):
        known = sets.get(result.name)
        floors: dict[str, Floor] = {}
        for key, new in measured_floors(result):
            old = None if known is None else known.floors.get(key)
            floors[key] = _next(old, new)
            if old is not None and not old.is_kept_by(new.measured):
                lowered.append(_lowering(evaluation, result, key, old, new, reason))
            elif old is None or floors[key] != old:
                lines.append(f"{result.name} {key}: {floors[key].value:.4f}")
        gone = {} if known is None else {key: floor for key, floor in known.floors.items() if key not in floors}
        lowered += [_lowering(evaluation, result, key, floor, None, reason) for key, floor in sorted(gone.items())]
        sets[result.name] = SetFloors(result.digest, result.n, floors)
    if lowered and not lower:
        first = lowered[0]
        raise GateRefusedError(
            f"Recording would lower {len(lowered)} floor{'' if len(lowered) == 1 else 's'}, the first {first['set']} "
            f"{first['floor']} from {first['from']} to {first['to']}; mend the model, or give --lower --reason TEXT."
        )
    lines += [f"lowered: {one['set']} {one['floor']}: {one['from']} to {one['to']}" for one in lowered]
    return Baseline(models, (*baseline.lowered, *lowered)), lines


def measured_floors(result: SetResult) -> Iterator[tuple[str, Floor]]:
    """Yield every figure of a result that is to be a floor, with its bound."""
    for table in result.tables:
        for table_id, row_key, columns in _FLOORED:
            for row in table.rows if table.id == table_id else ():
                if row_key not in ("*", row.key):
                    continue
                for name in columns:
                    figure = row.figures.get(name)
                    if figure is not None and figure.value is not None and figure.n >= LEAST_CASES:
                        yield f"{table.id}/{row.key}/{name}", _bound(figure, name in table.lower_is_better)


def measured(result: SetResult, key: str) -> float | None:
    """Return the value of a figure by the key of its floor; None where it is not measured."""
    figure = result.figure(key)
    return None if figure is None else figure.value


def _bound(figure: Figure, is_ceiling: bool) -> Floor:
    value = 0.0 if figure.value is None else figure.value
    bound = value + MARGIN if is_ceiling else max(0.0, value - MARGIN)
    return Floor(round(bound, 4), round(value, 4), is_ceiling)


def _next(old: Floor | None, new: Floor) -> Floor:
    """Return the stricter bound where the old one was kept, else the new one."""
    if old is None or not old.is_kept_by(new.measured):
        return new
    is_stricter = new.value < old.value if new.is_ceiling else new.value > old.value
    return new if is_stricter else old


def _lowering(
    evaluation: Evaluation, result: SetResult, key: str, old: Floor, new: Floor | None, reason: str | None
) -> Mapping[str, Any]:
    return {
        "at": evaluation.made_at,
        "model": f"{evaluation.model} {evaluation.version}",
        "set": result.name,
        "floor": key,
        "from": old.value,
        "to": None if new is None else new.value,
        "reason": reason,
    }


def _sets(row: Mapping[str, Any]) -> dict[str, SetFloors]:
    return {
        name: SetFloors(
            digest=one["digest"],
            n=int(one["n"]),
            floors={
                key: Floor(float(bound.get("ceiling", bound.get("floor"))), float(bound["measured"]), "ceiling" in bound)
                for key, bound in one["floors"].items()
            },
        )
        for name, one in row.items()
    }


def _floor_row(floor: Floor) -> dict[str, float]:
    return {"ceiling" if floor.is_ceiling else "floor": floor.value, "measured": floor.measured}
