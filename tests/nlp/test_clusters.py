"""Copies are found across scripts and varieties, survive a restart, and the earliest member is the original."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eho.document import Cluster, Document
from eho.errors import StoreError
from nlp.clusters import ClusterIndex

LATIN = (
    "Djeca su poslije škole čekala autobus na mjestu gdje je prije dvije nedjelje srušen most preko rijeke, a roditelji traže "
    "da se vrijeme dolaska uskladi sa redom vožnje i da opština obezbijedi rasvjetu na cijeloj dionici puta prema selu."
)
EKAVIAN_CYRILLIC = (
    "Деца су после школе чекала аутобус на месту где је пре две недеље срушен мост преко реке, а родитељи траже да се "
    "време доласка усклади са редом вожње и да општина обезбеди расвету на целој деоници пута према селу."
)
ALBANIAN = (
    "Nxënësit e shkollës së mesme të Rahovecit hapën dje ekspozitën e punimeve me dru, ku prindërit dhe fqinjët blenë "
    "rafte, stola e kuti për libra dhe i dhuruan paratë për bibliotekën e re të qytetit."
)


def _document(name: str, text: str, hour: int) -> Document:
    return Document(id=name, source="s", text=text, published_at=datetime(2026, 9, 1, hour, tzinfo=UTC))


def _state(changes: list[list[tuple[str, Cluster]]]) -> dict[str, Cluster]:
    return {document_id: cluster for change in changes for document_id, cluster in change}


def test_a_copy_in_the_other_script_and_variety_joins_and_the_earliest_is_the_original(tmp_path: Path) -> None:
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        state = _state(
            [
                clusters.add(_document("late", LATIN, 9)),
                clusters.add(_document("early", EKAVIAN_CYRILLIC, 7)),
                clusters.add(_document("other", ALBANIAN, 8)),
            ]
        )
    assert state["early"] == Cluster(id="early", role="original", similarity=1.0)
    assert state["late"].id == "early"
    assert state["late"].role == "copy"
    assert state["late"].similarity >= 0.7
    assert state["other"].role == "original"


def test_membership_survives_a_restart(tmp_path: Path) -> None:
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        clusters.add(_document("one", ALBANIAN, 7))
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        state = _state([clusters.add(_document("two", ALBANIAN.replace("dje", "sot"), 9))])
    assert state["two"].id == "one"


def test_a_new_version_leaves_its_old_cluster(tmp_path: Path) -> None:
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        changes = [
            clusters.add(_document("one", ALBANIAN, 7)),
            clusters.add(_document("two", ALBANIAN, 8)),
            clusters.add(_document("one", LATIN, 7)),
        ]
    state = _state(changes)
    assert state["one"] == Cluster(id="one", role="original", similarity=1.0)
    assert state["two"] == Cluster(id="two", role="original", similarity=1.0)


def test_short_notices_are_not_joined(tmp_path: Path) -> None:
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        state = _state(
            [clusters.add(_document("one", "Nema vesti danas.", 7)), clusters.add(_document("two", "Nema vesti danas.", 8))]
        )
    assert {cluster.id for cluster in state.values()} == {"one", "two"}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clusters.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"clusters\.sqlite"):
        ClusterIndex(path)
