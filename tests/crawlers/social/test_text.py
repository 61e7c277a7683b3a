"""Text of posts: markup, byte offsets, handles and profile links in both languages and scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.social.text import asks_for_no_bots, clean, plain_text, shared_links, without_facet_mentions, without_handles

HANDLES = {
    "sq": ("Pyetni @ana.bujku për librin.", "Pyetni ⟦handle⟧ për librin."),
    "sr-Latn": ("Hvala @pera_p, vidimo se!", "Hvala ⟦handle⟧, vidimo se!"),
    "sr-Cyrl": ("Пише @ана_читалац: лепо је.", "Пише ⟦handle⟧: лепо је."),
    "server": ("cc @ana@mastodon.test.", "cc ⟦handle⟧."),
    "domain": ("@zeri.bsky.social tregoi", "⟦handle⟧ tregoi"),
    "reddit": ("pitajte u/nekog_korisnika ili /u/drugog", "pitajte ⟦handle⟧ ili ⟦handle⟧"),
    "facebook": ("Shih https://www.facebook.com/ana.bujku.5?ref=x sot", "Shih ⟦handle⟧ sot"),
    "bare": ("t.me/kanal_lugina i instagram.com/ana_b/", "⟦handle⟧ i ⟦handle⟧"),
    "x": ("izvor: https://x.com/neko/status/123, juče", "izvor: ⟦handle⟧ juče"),
    "mastodon link": ("https://mastodon.test/@ana/1099 dhe https://inst.test/users/ana", "⟦handle⟧ dhe ⟦handle⟧"),
    "youtube handle": ("youtube.com/@kanal lepo", "⟦handle⟧ lepo"),
    "video stays": ("https://www.youtube.com/watch?v=abc", "https://www.youtube.com/watch?v=abc"),
    "outlet stays": ("https://zeri.test/lajme/1 u 8 sati", "https://zeri.test/lajme/1 u 8 sati"),
    "mail is left to masking": ("pisite na redakcija@glas.test odmah", "pisite na redakcija@glas.test odmah"),
    "no handle": ("çmimi @ 5 euro; matrix.com/x; nextx.com/y", "çmimi @ 5 euro; matrix.com/x; nextx.com/y"),
}


@pytest.mark.parametrize(("text", "expected"), HANDLES.values(), ids=HANDLES)
def test_handles_and_profile_links_are_replaced(text: str, expected: str) -> None:
    assert without_handles(text) == expected


@given(st.text(alphabet=st.sampled_from("a@u/.x-_ \n\rčЂë:htps⟦⟧#cofeb\u0301\u200b0"), max_size=60))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


def test_markup_becomes_text() -> None:
    markup = (
        '<p>Përshëndetje<br />nga <span class="h-card"><a href="https://m.test/@ana" class="u-url mention">@<span>ana</span></a></span></p>'
        '<p>Више на <a href="https://zeri.test/a?b=1"><span class="invisible">https://</span><span class="ellipsis">zeri.test/a</span>'
        '<span class="invisible">?b=1</span></a> <a href="https://m.test/tags/x" class="mention hashtag">#<span>x</span></a></p>'
        "<ul><li>jedan</li><li>dva &amp; tri</li></ul>"
    )
    assert clean(plain_text(markup)) == "Përshëndetje\nnga ⟦handle⟧\n\nВише на https://zeri.test/a?b=1 #x\n\njedan\ndva & tri"


@pytest.mark.parametrize("markup", ["", "<p></p>", "<" * 5000, "<p>" * 20_000 + "x", "\x00", "<!-- -->"])
def test_broken_markup_is_no_error(markup: str) -> None:
    assert isinstance(clean(plain_text(markup)), str)


def test_facets_count_bytes() -> None:
    text = "Чита @ана.test и @ana.test"
    start = len("Чита ".encode())
    facets = [
        {
            "index": {"byteStart": start, "byteEnd": start + len("@ана.test".encode())},
            "features": [{"$type": "app.bsky.richtext.facet#mention"}],
        },
        {"index": {"byteStart": 3, "byteEnd": 10_000}, "features": [{"$type": "app.bsky.richtext.facet#mention"}]},
        {"index": {"byteStart": 0, "byteEnd": 8}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}]},
    ]
    assert without_facet_mentions(text, facets) == "Чита ⟦handle⟧ и @ana.test"


def test_shared_pages_are_canonical_and_no_accounts() -> None:
    links = [
        "https://zeri.test/a?utm_source=x",
        "https://zeri.test/a",
        "https://bsky.app/profile/a",
        "mailto:a@b.test",
        None,
        "http://",
    ]
    assert shared_links(links) == ("https://zeri.test/a",)


@pytest.mark.parametrize(
    ("says", "asked"), [("Libra. #nobot", True), ("#NoBots", True), ("#noindex", True), ("#nobody", False), ("no bot", False)]
)
def test_wishes_in_a_description(says: str, asked: bool) -> None:
    assert asks_for_no_bots(says) is asked
