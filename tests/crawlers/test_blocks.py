"""Blocks that repeat on an outlet's pages: learned late, removed only afterwards, bounded, undone on request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import blocks
from crawlers.blocks import BlockFolder, OutletBlocks, fingerprint
from crawlers.extraction import extract
from crawlers.outlets import Outlet, Outlets
from eho.document import Document
from eho.errors import InputError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
SHARE = {
    "sq": "Kthehu te faqja e parë e rubrikës së qytetit",
    "sr-Latn": "Vrati se na naslovnu stranu rubrike grad",
    "sr-Cyrl": "Врати се на насловну страну рубрике град",
}
FACTS = [
    "Komuna ndau dje njëqind mijë euro për rrugët e fshatrave.",
    "Opština je juče izdvojila sto hiljada evra za seoske puteve.",
    "Мештани годинама чекају да ђачки аутобус пролази и зими.",
    "Banorët presin prej vitesh që autobusi të kalojë edhe dimrit.",
    "Radovi na mostu počinju na proleće, kažu u direkciji za puteve.",
]


def pages(share: str, count: int = 3) -> list[list[str]]:
    return [
        [f"{FACTS[number % len(FACTS)]} Dita {number}.", f"{FACTS[(number + 1) % len(FACTS)]} Ora {number}.", share]
        for number in range(count)
    ]


def learned(share: str, count: int = 3) -> OutletBlocks:
    outlet = OutletBlocks()
    for number, lines in enumerate(pages(share, count)):
        outlet.observe(f"document-{number}", lines)
    outlet.learn(NOON)
    return outlet


@pytest.mark.parametrize("share", SHARE.values(), ids=SHARE)
def test_a_line_of_three_different_pages_is_removed_from_the_next(share: str) -> None:
    kept, removed = learned(share).remove([*FACTS[:2], share], LATER)
    assert kept == FACTS[:2]
    assert removed == [fingerprint(share)]


def test_nothing_is_removed_from_pages_fetched_before_it_was_known() -> None:
    lines = [*FACTS[:2], SHARE["sq"]]
    assert learned(SHARE["sq"]).remove(lines, NOON - timedelta(seconds=1)) == (lines, [])


def test_two_pages_teach_nothing() -> None:
    assert learned(SHARE["sq"], count=2).blocks == {}


def test_one_document_at_three_addresses_teaches_nothing() -> None:
    outlet = OutletBlocks()
    for number in range(5):
        outlet.observe(f"document-{number}", [*FACTS[:3], SHARE["sq"]])
    assert outlet.learn(NOON) == []


def test_background_told_again_in_few_of_many_pages_stays() -> None:
    outlet = OutletBlocks()
    background = "Podsetimo, povratnici iz sela već godinama čekaju na obnovu kuća."
    for number, lines in enumerate(pages("", count=40)):
        outlet.observe(f"document-{number}", [*lines[:2], background] if number % 8 == 0 else lines[:2])
    assert fingerprint(background) not in {block.fingerprint for block in outlet.learn(NOON)}


def test_a_page_of_repeated_lines_alone_keeps_them() -> None:
    lines = [SHARE["sq"], "Shkurt."]
    assert learned(SHARE["sq"]).remove(lines, LATER) == (lines, [])


@given(st.lists(st.lists(st.sampled_from([*FACTS, *SHARE.values()]), max_size=6), max_size=60))
def test_what_is_kept_is_bounded_and_the_same_every_time(seen: list[list[str]]) -> None:
    outlets = [OutletBlocks(), OutletBlocks()]
    for outlet in outlets:
        for number, lines in enumerate(seen):
            outlet.observe(str(number), lines)
        outlet.learn(NOON)
    assert outlets[0].to_mapping() == outlets[1].to_mapping()
    assert len(outlets[0].pages) <= blocks.WINDOW and len(outlets[0].blocks) <= blocks.MOST_BLOCKS
    assert OutletBlocks.from_mapping(outlets[0].to_mapping()).to_mapping() == outlets[0].to_mapping()


def test_an_outlet_is_learned_over_several_runs_and_forgets_on_request(tmp_path: Path) -> None:
    for number, lines in enumerate(pages(SHARE["sq"])):
        outlets = Outlets(learned=tmp_path)
        outlets.of("lajmi").blocks.observe(f"document-{number}", lines)
        fresh = outlets.learn(NOON + timedelta(minutes=number))
    [block] = fresh["lajmi"]
    assert (block.pages, block.window, block.excerpt) == (3, 3, SHARE["sq"])
    folder = BlockFolder(tmp_path)
    assert folder.load("lajmi").version == 1
    folder.refuse("lajmi", block.fingerprint)
    again = Outlets(learned=tmp_path)
    again.of("lajmi").blocks.observe("document-9", pages(SHARE["sq"], 9)[8])
    assert again.learn(LATER) == {}
    with pytest.raises(InputError, match="no block 'beef'"):
        folder.refuse("lajmi", "beef")


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 9}', '{"format": 1}'])
def test_a_broken_file_is_one_clear_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "lajmi.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"lajmi\.json .*delete it"):
        BlockFolder(tmp_path).load("lajmi")


def test_removed_blocks_are_named_on_the_document() -> None:
    body = "".join(f"<p>{line}</p>" for line in (*FACTS, SHARE["sq"]))
    html = f"<html><body><article><h1>Rrugët</h1>{body}</article></body></html>".encode()
    outlet = Outlet(blocks=learned(SHARE["sq"]))
    document = extract(html, url="http://sever.test/a", source="lajmi", fetched_at=LATER, outlet=outlet)
    assert isinstance(document, Document)
    assert SHARE["sq"] not in document.text and document.extra["blocks_removed"] == [fingerprint(SHARE["sq"])]
    before = extract(html, url="http://sever.test/a", source="lajmi", fetched_at=NOON - timedelta(days=1), outlet=outlet)
    assert isinstance(before, Document) and SHARE["sq"] in before.text
