"""Copies are found across scripts and varieties, survive a restart, and the earliest member is the original."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random

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


def test_groups_do_not_depend_on_the_order_of_coming(tmp_path: Path) -> None:
    halves = [" ".join(LATIN.split()[:20]), " ".join(LATIN.split()[14:])]
    rows = [
        *(_document(f"latin-{at}", LATIN, 3 + at) for at in range(2)),
        _document("cyrillic", EKAVIAN_CYRILLIC, 9),
        *(_document(f"half-{at}", text, 5 - 3 * at) for at, text in enumerate(halves)),
        *(_document(f"sq-{at}", ALBANIAN.replace("dje", word), 6 - at) for at, word in enumerate(("dje", "sot", "pardje"))),
    ]
    found = []
    for seed in range(12):
        shuffled = Random(seed).sample(rows, len(rows))
        with ClusterIndex(tmp_path / f"{seed}.sqlite") as clusters:
            for row in [*shuffled[:3], _document("latin-0", ALBANIAN, 1), *shuffled]:  # a version that is later replaced, too
                clusters.add(row)
            clusters.add(_document("latin-0", LATIN, 3))
            clusters.add(_document("gone", LATIN, 1))
            clusters.remove(["gone", "never-there"])
            found.append({row.id: clusters.membership(row.id) for row in rows})
    assert all(one == found[0] for one in found)
    assert found[0]["cyrillic"].id != found[0]["sq-0"].id
    assert len({found[0][f"sq-{at}"].id for at in range(3)}) == 1


def test_what_the_store_was_not_told_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "clusters.sqlite"
    with ClusterIndex(path) as clusters:
        clusters.add(_document("late", LATIN, 9))
        clusters.saved(["late"])
        clusters.add(_document("early", EKAVIAN_CYRILLIC, 7))  # and killed before the store knew
    with ClusterIndex(path) as clusters:
        assert {id: cluster.id for id, cluster in clusters.unsaved()} == {"late": "early", "early": "early"}
        clusters.saved(["late", "early"])
        assert clusters.unsaved() == []


def test_a_removed_original_gives_way_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "clusters.sqlite"
    with ClusterIndex(path) as clusters:
        clusters.add_all([_document("early", LATIN, 7), _document("late", EKAVIAN_CYRILLIC, 9), _document("last", LATIN, 10)])
        state = dict(clusters.remove(["early"]))
        assert state["late"] == Cluster(id="late", role="original", similarity=1.0)
        assert state["last"].id == "late"
        clusters.remove(["late", "last"])
    with sqlite3.connect(path) as connection:
        tables = ("text", "band", "link", "member")
        left = [connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608
    assert left == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        pytest.param(" ".join(ALBANIAN.split()[:17]), True, id="cut-in-half"),
        pytest.param(f"{ALBANIAN} Ekspozita qëndron e hapur deri të dielën, ndërsa hyrja është falas për të gjithë vizitorët e qytetit.", True, id="extended"),
        pytest.param(ALBANIAN.replace("Rahovecit", "Prizrenit").replace("dru", "qeramikë").replace("prindërit", "vizitorët").replace("rafte", "vazo").replace("stola", "pjata").replace("libra", "lule"), False, id="other-event"),
    ],
)  # fmt: skip
def test_parts_are_copies_and_other_events_are_not(tmp_path: Path, text: str, joins: bool) -> None:
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        clusters.add_all([_document("one", ALBANIAN, 7), _document("two", text, 8)])
        assert (clusters.membership("two").id == "one") is joins


TEMPLATE = (
    "Srednji kurs evra danas iznosi {} dinara, dolar se menja za {}, švajcarski franak za {}, a britanska funta za {} dinara, "
    "objavila je banka na svojoj stranici, uz napomenu da kurs važi do sutra u osam časova."
)


def test_a_template_filled_again_is_another_text(tmp_path: Path) -> None:
    monday, tuesday = (
        TEMPLATE.format("117,21", "99,80", "125,33", "134,02"),
        TEMPLATE.format("117,08", "100,41", "124,90", "133,77"),
    )
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        clusters.add_all([_document("one", monday, 7), _document("two", tuesday, 8), _document("copy", monday.upper(), 9)])
        assert [clusters.membership(id).id for id in ("one", "two", "copy")] == ["one", "two", "one"]


def test_a_day_without_an_hour_precedes_nothing_of_that_day(tmp_path: Path) -> None:
    day = _document("day", LATIN, 0).model_copy(update={"published_at_precision": "day"})
    fetched = _document("fetched", LATIN, 12).model_copy(update={"fetched_at": datetime(2026, 9, 1, 5, tzinfo=UTC)})
    with ClusterIndex(tmp_path / "clusters.sqlite") as clusters:
        clusters.add_all([day, _document("hour", LATIN, 10), fetched])
        assert clusters.membership("day").id == "fetched"  # fetched at five, whatever hour its page claims
        clusters.remove(["fetched"])
        assert clusters.membership("day").id == "hour"


def test_a_file_of_the_former_layout_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "clusters.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE member (document_id TEXT PRIMARY KEY, cluster_id TEXT, published_at TEXT, signature BLOB)"
        )
        connection.execute("CREATE TABLE band (number INTEGER, hash BLOB, document_id TEXT)")
    with ClusterIndex(path) as clusters:
        assert clusters.state("filled") == 0
        clusters.add(_document("one", ALBANIAN, 7))
        clusters.note("filled", 1)
    with ClusterIndex(path) as clusters:
        assert clusters.state("filled") == 1 and list(clusters.document_ids()) == ["one"]


_ADDING = """
import sys; from pathlib import Path
from eho.document import Document; from nlp.clusters import ClusterIndex
with ClusterIndex(Path(sys.argv[1])) as clusters:
    for at in range(100_000):
        clusters.add(Document(id=f"d{at}", source="s", text=f"{sys.argv[2]} Vest broj {at % 7} dopunjena je u redakciji."))
        print(at, flush=True)
"""


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    path, added = tmp_path / "clusters.sqlite", -1
    for round_ in range(3):
        command = [sys.executable, "-c", _ADDING, str(path), LATIN]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in islice(process.stdout, 40 + 25 * round_):
                added = max(added, int(line))
            process.kill()
    with ClusterIndex(path) as clusters:
        members = list(clusters.document_ids())
        assert {f"d{at}" for at in range(added + 1)} <= set(members)
        assert {clusters.membership(one).id for one in members} == {"d0"}
        assert dict(clusters.unsaved()).keys() == set(members)
