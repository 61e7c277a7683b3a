"""Corrections that an outlet makes after publishing: visible as a diff by sentence on the command line and over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.http_story_schemas import VersionsAnswer
from api.versions import changed_sentences, versions_of
from crawlers.blocks import BlockFolder, OutletBlocks
from eho.document import Document, Provenance
from eho.home import Home
from index.store import Store

TEXTS = {
    "sq": ("Komuna ndau 100 mijë euro. Punimet nisin nesër.", "Komuna ndau 10 mijë euro. Punimet nisin nesër.", "Komuna ndau 10 mijë euro."),
    "sr-Latn": ("Opština je izdvojila 100.000 evra. Radovi počinju sutra.", "Opština je izdvojila 10.000 evra. Radovi počinju sutra.", "Opština je izdvojila 10.000 evra."),
    "sr-Cyrl": ("Општина је издвојила 100.000 евра. Радови почињу сутра.", "Општина је издвојила 10.000 евра. Радови почињу сутра.", "Општина је издвојила 10.000 евра."),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "added"), TEXTS.values(), ids=TEXTS)
def test_a_corrected_figure_is_one_changed_sentence(before: str, after: str, added: str) -> None:
    [change] = changed_sentences(before, after)
    assert (change["added"], change["at"]) == ([added], 0)
    assert len(change["removed"]) == 1 and change["removed"][0] in before


def test_an_equal_text_has_no_changes_and_a_cut_one_names_its_place() -> None:
    before = TEXTS["sq"][0]
    assert changed_sentences(before, before) == []
    [change] = changed_sentences(before, before.partition(" Punimet")[0])
    assert (change["removed"], change["added"], change["at"]) == (["Punimet nisin nesër."], [], 26)


def test_a_change_of_the_rules_is_told_apart() -> None:
    first = Document(id="a", source="lajmi", text=TEXTS["sq"][0], provenance=Provenance(extractor="x 1"))
    second = first.model_copy(update={"text": TEXTS["sq"][1], "provenance": Provenance(extractor="x 2")})
    rows = versions_of([first, second])["versions"]
    assert [row["extractor_changed"] for row in rows] == [False, True]
    assert rows[0]["changes"] == [] and rows[1]["changes"][0]["field"] == "text"


@pytest.fixture
def corrected(eho, tmp_path: Path) -> tuple[Path, str]:
    """A data folder with one document in two versions, and a source with learned blocks."""
    home = tmp_path / "home"
    assert eho("init", home=home).status == 0
    first = Document(
        id="d1", source="koha.net", title="Rrugët", text=TEXTS["sq"][0], fetched_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    second = first.model_copy(update={"text": TEXTS["sq"][1], "fetched_at": datetime(2026, 11, 21, tzinfo=UTC)})
    with Store.open(f"sqlite:///{home / 'eho.sqlite'}") as store:
        store.put(first)
        store.put(second)
    return home, "d1"


def test_show_versions_and_diff(eho, corrected: tuple[Path, str]) -> None:
    home, document_id = corrected
    answer = eho("show", document_id, "--versions", "--json", home=home).json
    VersionsAnswer.model_validate(answer)
    assert [row["fetched_at"] for row in answer["versions"]] == ["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]
    shown = eho("show", document_id, "--diff", home=home).out
    assert "- Komuna ndau 100 mijë euro." in shown and "+ Komuna ndau 10 mijë euro." in shown
    assert "Punimet" not in shown
    unknown = eho("show", "nope", "--versions", home=home)
    assert unknown.status == 2 and "'nope'" in unknown.err


def test_learned_blocks_are_listed_and_forgotten(eho, corrected: tuple[Path, str]) -> None:
    home, _ = corrected
    seen = OutletBlocks()
    for number in range(3):
        lines = [
            f"Fjalia e parë e ditës me numër {number}.",
            f"Fjalia e dytë e ditës me numër {number}.",
            "Bashkohu me lexuesit tanë sot",
        ]
        seen.observe(str(number), lines)
    BlockFolder(Home(home).blocks).learn("koha.net", seen, datetime(2026, 11, 21, tzinfo=UTC))
    [row] = eho("sources", "blocks", "koha.net", "--json", home=home).lines
    assert (row["excerpt"], row["pages"]) == ("Bashkohu me lexuesit tanë sot", 3)
    assert eho("sources", "blocks", "koha.net", "--forget", row["fingerprint"], "--json", home=home).lines == []
    assert eho("sources", "blocks", "koha.net", "--forget", "beef", home=home).status == 2
    assert eho("sources", "blocks", "nobody", home=home).status == 2
