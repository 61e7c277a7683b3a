"""Visits of the invented platforms: what arrives, what stays out, what goes again, and how rate limits and kills are borne."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from eho.errors import CrawlError, StoreError
from eho.outcome import Outcome
from eho.source import Platform, Source
from evaluation.miniweb.social import SocialWeb, social_sources
from evaluation.miniweb.social_apis import YOUTUBE_KEY
from tests.crawlers.social.conftest import KEYS, PostMemorySink, Visits

# platform, beginning of the text, language, kind, what stands beside it
ARRIVES: dict[str, tuple[str, str, str | None, str, dict[str, Any]]] = {
    "bluesky-sq": ("bluesky", "Komuna hapi sot zyrën", "sq", "post", {"tags": ["kthimi"]}),
    "bluesky-sr-Latn": ("bluesky", "Udruženje građana otvorilo je savetovalište", "sr", "post", {"tags": ["povratnici"]}),
    "bluesky-sr-Cyrl": ("bluesky", "Општина Бор Поље расписује", "sr", "post", {}),
    "bluesky-mention": (
        "bluesky",
        "Ura mbi lumë do të mbyllet për një javë, tregoi ⟦handle⟧. Hollësitë",
        "sq",
        "post",
        {"links": ["https://zeri-i-lumit.test/lajme/ura"], "media": ["link"]},
    ),
    "mastodon-sq": ("mastodon", "Psikologia e qendrës: fëmijët", "sq", "post", {"tags": ["kthimi"]}),
    "mastodon-sr-Latn": ("mastodon", "Ministar je rekao", "sr", "post", {"tags": ["kthimi"], "is_sensitive": True}),
    "mastodon-sr-Cyrl": ("mastodon", "Моји ђаци питају", "sr", "post", {"tags": ["kthimi"]}),
    "mastodon-reply": ("mastodon", "⟦handle⟧ a ko će to da plati?", "sr", "post", {"tags": ["kthimi"], "is_reply": True}),
    "mastodon-edited": ("mastodon", "Sot në treg folëm", "sq", "post", {"tags": ["kthimi"], "is_edited": True}),
    "youtube-sq": ("youtube", "Faleminderit për këtë", None, "comment", {}),
    "youtube-sr-Latn": ("youtube", "Zašto nigde nema brojki?", None, "comment", {}),
    "youtube-sr-Cyrl": ("youtube", "Бројке је објавило", None, "comment", {"is_reply": True}),
    "reddit-sq": ("reddit", "Te ne hapën klasa", None, "comment", {"is_reply": True}),
    "reddit-sr-Latn": ("reddit", "Kod nas su dali stanove", None, "post", {}),
    "reddit-sr-Cyrl": ("reddit", "Од октобра је отворена", None, "post", {}),
}


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visits]:
    with SocialWeb() as web:
        done = Visits(web, tmp_path_factory.mktemp("visited"), PostMemorySink())
        done.go()
        yield done


@pytest.mark.parametrize(("platform", "start", "lang", "kind", "beside"), ARRIVES.values(), ids=ARRIVES)
def test_posts_arrive(visited: Visits, platform: str, start: str, lang: str | None, kind: str, beside: dict[str, Any]) -> None:
    document = visited.document(start)
    assert (document.lang, document.kind, document.source) == (lang, kind, f"{platform}-lugina")
    assert document.extra == {"platform": platform, **beside}
    entry = next(one for one in visited.web.state.of(platform) if one.at == document.published_at)
    assert start.replace("⟦handle⟧", "").strip()[:20] in re.sub(r"\{.*?\} ?", "", entry.text)
    assert document.published_at_from == "platform" and document.url is None and document.authors is None


def test_a_warning_is_the_lead_and_a_reply_knows_its_parent(visited: Visits) -> None:
    assert visited.document("Ministar je rekao").lead == "politika, Sirija"
    parents = {"Бројке": "Zašto nigde", "Te ne hapën": "Kod nas su"}
    for reply, parent in parents.items():
        assert visited.document(reply).parent_id == visited.document(parent).id
    assert visited.document("Kod nas su").title == "Kako vaša opština pomaže povratnicima?"


def test_nothing_says_who_wrote_or_where_it_stands(visited: Visits) -> None:
    visits = visited
    kept = json.dumps([one.to_mapping() for one in visits.sink.documents.values()], ensure_ascii=False)
    kept += json.dumps([one.model_dump(mode="json") for one in visits.sink.records], ensure_ascii=False)
    sealed = b"".join(path.read_bytes() for path in visits.folder.rglob("*") if path.is_file() and path.suffix != ".key")
    state = visits.web.state
    persons = [name for name in state.accounts if name not in ("zeri-i-lumit", "glas-luke", "opstina-bor-polje")]
    secrets = [*persons, *(one.did for one in state.accounts.values())]
    secrets += [one.number for one in state.entries.values()] + [
        "bsky.app",
        "/statuses/",
        "at://",
        "followers",
        "like",
        *map(str, KEYS.values()),
    ]
    for secret in secrets:
        assert secret not in kept and secret.encode() not in sealed, secret
    assert "@" not in kept


OPTED_OUT = {
    "mastodon nobot": ("mastodon", "Shënim privat"),
    "mastodon noindex": ("mastodon", "Varg i pambaruar"),
    "mastodon not indexable": ("mastodon", "Samo za šetače"),
    "mastodon locked": ("mastodon", "Закључана белешка"),
    "mastodon unlisted": ("mastodon", "Këtë e lexojnë"),
    "bluesky nobot": ("bluesky", "Mendime të mia"),
    "bluesky visitors": ("bluesky", "O povratnicima pišem"),
}


@pytest.mark.parametrize(("platform", "start"), OPTED_OUT.values(), ids=OPTED_OUT)
def test_wishes_are_respected_and_counted(visits: Visits, platform: str, start: str) -> None:
    sources = social_sources([platform])
    if platform == "bluesky":
        sources = [_bluesky(tags=["kthimi"])]
    visits.go(sources=sources)
    assert visits.texts and not [text for text in visits.texts if text.startswith(start)]
    wished = [
        one
        for one in visits.web.state.of(platform)
        if one.visibility != "public" or visits.web.state.accounts[one.account].opted_out
    ]
    assert visits.counted(Outcome.OPTED_OUT) == len(wished)


def test_authors_who_did_not_allow_search_may_be_asked_for_by_setting(visits: Visits) -> None:
    visits.go("mastodon", mastodon_indexable_only=False)
    assert visits.document("Samo za šetače")


def _bluesky(**followed: Any) -> Source:
    platform = Platform(name="bluesky", instance="http://bluesky.test", **followed)
    return Source(id="bluesky-kthimi", name="Kthimi", kind="post", platform=platform, invented=True)


def test_searches_take_the_users_own_login(visits: Visits) -> None:
    visits.go(sources=[_bluesky(tags=["kthimi"], queries=["savetovalište"])])
    assert visits.document("Mësuesja e vajzës") and visits.document("Udruženje građana")
    assert all(KEYS["bluesky_app_password"] not in one.path for one in visits.web.log)


NEEDS = {
    "bluesky": ([_bluesky(queries=["kthimi"])], "social.bluesky_identifier"),
    "youtube": (social_sources(["youtube"]), "social.youtube_key"),
    "reddit": (social_sources(["reddit"]), "social.reddit_client_id"),
}


@pytest.mark.parametrize(("sources", "setting"), NEEDS.values(), ids=NEEDS)
def test_a_missing_key_is_named_and_nothing_is_asked(visits: Visits, sources: list[Source], setting: str) -> None:
    summary = visits.go(sources=sources, keys={})
    assert not summary.has_failures and not visits.web.log
    assert {(one.outcome, setting in (one.reason or "")) for one in visits.sink.records} == {(Outcome.SKIPPED, True)}


def test_a_wrong_key_fails_without_being_told(visits: Visits) -> None:
    wrong = {"youtube_key": "AIza-wrong", "reddit_client_id": "app", "reddit_client_secret": "wrong-secret"}
    summary = visits.go("youtube", "reddit", keys=wrong)
    assert [one.outcome for one in summary.failures] == [Outcome.HTTP_ERROR] * 3
    told = " ".join(f"{one.reason} {one.url}" for one in summary.failures) + " ".join(one.path for one in visits.web.log)
    assert "API key not valid" in told and "wrong" not in told


# -- deletions, edits, wishes of later --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "id", "start"),
    [
        ("bluesky", "b1", "Komuna hapi"),
        ("mastodon", "m5", "Моји ђаци"),
        ("youtube", "y2", "Zašto nigde"),
        ("reddit", "r3", "Од октобра"),
    ],
    ids=["bluesky-sq", "mastodon-sr-Cyrl", "youtube-sr-Latn", "reddit-sr-Cyrl"],
)
@pytest.mark.parametrize("batches", [True, False], ids=["several", "one-by-one"])
def test_a_deleted_post_goes_at_the_next_visit_and_an_edited_one_is_renewed(
    visits: Visits, platform: str, id: str, start: str, batches: bool
) -> None:
    visits.web.state.batches = batches
    visits.go(platform)
    document, before = visits.document(start), len(visits.sink.documents)
    visits.web.state.edit(id, f"{visits.web.state.entries[id].text} Dopuna.")
    visits.go(platform)
    assert visits.counted(Outcome.NEW_VERSION) == 1 and visits.document(start).id == document.id
    assert visits.document(start).text.endswith("Dopuna.")
    visits.web.state.delete(id)
    visits.go(platform)
    assert visits.counted(Outcome.ERASED) == 1 and len(visits.sink.documents) == before - 1
    with visits.references() as references:
        assert references.get(document.id) is None and references.count() == before - 1
    visits.go(platform)
    assert visits.counted(Outcome.ERASED) == 0


@pytest.mark.parametrize(
    ("platform", "account", "how"), [("mastodon", "jedan-citalac", "noindex"), ("bluesky", "glas-luke", "visitors")]
)
def test_who_asks_later_is_erased(visits: Visits, platform: str, account: str, how: str) -> None:
    visits.go(platform)
    own = sum(
        one.account == account and bool(one.text) and not one.repost_of and not one.reply_to
        for one in visits.web.state.of(platform)
    )
    own += platform == "mastodon"  # its reply is on the hashtag too
    visits.web.state.opt_out(account, how)
    visits.go(platform)
    assert visits.counted(Outcome.ERASED) == own > 0
    assert all((one.reason or "").startswith("its author") for one in visits.sink.records if one.outcome is Outcome.ERASED)


def test_posts_are_looked_up_only_when_it_is_time(visits: Visits) -> None:
    visits.go("mastodon")
    visits.web.state.delete("m5")
    visits.go("mastodon", check_hours=24)
    assert visits.counted(Outcome.ERASED) == 0 and "/api/v1/statuses" not in visits.web.asked()


def test_an_error_page_is_no_deletion(visits: Visits) -> None:
    visits.go()
    before = len(visits.sink.documents)
    for host in ("bluesky.test", "mastodon.test", "youtube.test", "reddit.test"):
        visits.web.broken[host] = (404, "text/html", b"<h1>Not found</h1>")
    summary = visits.go()
    assert len(visits.sink.documents) == before and summary.has_failures
    assert visits.counted(Outcome.ERASED) == 0


# -- pages, cursors, limits -------------------------------------------------------------------------------------


def _fill(visits: Visits, platform: str, count: int, **values: Any) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(count):
        at = now - timedelta(minutes=30 * number + 7)
        visits.web.state.add(
            f"x{number:03}", platform, "glas-luke", at=at, text=f"Vest broj {number} iz doline.", lang="sr", **values
        )


FILLED: dict[str, dict[str, Any]] = {
    "bluesky": {},
    "mastodon": {"tags": ["kthimi"]},
    "youtube": {"video": "video-lugina"},
    "reddit": {"community": "dolina", "title": "Vest"},
}


@pytest.mark.parametrize("platform", FILLED)
def test_every_page_is_read_once_and_later_only_what_is_new(visits: Visits, platform: str) -> None:
    _fill(visits, platform, 40, **FILLED[platform])
    visits.go(platform)
    assert len([text for text in visits.texts if text.startswith("Vest broj")]) == 40
    first, before = len(visits.web.log), len(visits.sink.documents)
    visits.web.state.add("new", platform, "glas-luke", text="Najnovija vest, upravo stigla.", lang="sr", **FILLED[platform])
    visits.web.log.clear()
    visits.go(platform, check_hours=24)
    assert visits.document("Najnovija vest") and len(visits.sink.documents) == before + 1
    assert len(visits.web.log) < first / 2


@pytest.mark.parametrize("platform", FILLED)
def test_a_short_limit_is_waited_for(visits: Visits, platform: str) -> None:
    _fill(visits, platform, 12, **FILLED[platform])
    host = f"{platform}.test"
    visits.web.limit(host, left=3, reset_in_s=1.0)
    visits.go(platform)
    assert len([text for text in visits.texts if text.startswith("Vest broj")]) == 12
    refused = sum(one.status == 429 for one in visits.web.log)
    assert refused <= (1 if platform == "youtube" else 0)  # YouTube says nothing until it is too late


@pytest.mark.parametrize("platform", FILLED)
def test_a_long_limit_ends_the_visit_and_the_next_goes_on_from_there(visits: Visits, platform: str) -> None:
    _fill(visits, platform, 24, **FILLED[platform])
    host = f"{platform}.test"
    visits.web.limit(host, left=5, reset_in_s=3600)
    summary = visits.go(platform)
    assert not summary.has_failures and visits.counted(Outcome.RATE_LIMITED) >= 1
    read, asked = len(visits.texts), len(visits.web.log)
    assert 0 < read < 24
    visits.go(platform, check_hours=24)
    assert len(visits.web.log) == asked + visits.web.asked()["/robots.txt"] - 1 or len(visits.web.log) == asked
    visits.web.lift_limits()
    with visits.references() as references:
        references.set_mark("limit", host, value=None)
    visits.web.log.clear()
    visits.go(platform, check_hours=24)
    assert len([text for text in visits.texts if text.startswith("Vest broj")]) == 24
    assert visits.counted(Outcome.STORED) == len(visits.texts) - read


def test_the_quota_of_a_key_ends_the_visit(visits: Visits) -> None:
    visits.web.state.quota_left = 1
    summary = visits.go("youtube")
    assert not summary.has_failures and visits.counted(Outcome.RATE_LIMITED) == 1


def test_pages_in_all_are_bounded(visits: Visits) -> None:
    _fill(visits, "mastodon", 40, tags=["kthimi"])
    assert visits.go("mastodon", max_requests=3).pages == 3
    stored = len(visits.texts)
    assert stored > 0 and visits.counted(Outcome.RATE_LIMITED) >= 1
    visits.go("mastodon", max_pages=2, check_hours=24)
    assert stored < len(visits.texts) < 40
    visits.go("mastodon", check_hours=24)
    assert len([text for text in visits.texts if text.startswith("Vest broj")]) == 40


def test_a_first_visit_goes_back_as_far_as_asked(visits: Visits) -> None:
    visits.go("bluesky")
    assert not [text for text in visits.texts if text.startswith("Kujtim nga dimri")]
    visits.go("bluesky", since=date(2020, 1, 1))
    assert visits.document("Kujtim nga dimri")


@pytest.mark.parametrize("at", [1, 2, 5, 9, 14])
def test_a_cut_visit_loses_nothing_and_stores_nothing_twice(visits: Visits, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(visits, "mastodon", 12, tags=["kthimi"])
    put, seen = visits.sink.put, []

    def failing(document: Any) -> Outcome:
        seen.append(document.id)
        if len(seen) == at:
            raise StoreError("the disk is full")
        return put(document)

    visits.sink.put = failing  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="disk is full"):
        visits.go("mastodon")
    visits.sink.put = put  # type: ignore[method-assign]
    visits.go("mastodon", check_hours=24)
    assert len(visits.texts) == len(set(visits.texts)) == 12 + 7


# -- what goes wrong --------------------------------------------------------------------------------------------

BROKEN = {
    "html": (200, "text/html", b"<html>Maintenance</html>", Outcome.BAD_FEED),
    "empty": (200, "application/json", b"", Outcome.BAD_FEED),
    "list": (200, "application/json", b"[[1, 2], null]", Outcome.BAD_FEED),
    "null": (200, "application/json", b'{"items": null, "feed": 7, "data": "x"}', Outcome.BAD_FEED),
    "nested": (200, "application/json", b"[" * 100_000, Outcome.BAD_FEED),
    "server": (500, "application/json", b'{"error": "Internal"}', Outcome.HTTP_ERROR),
    "login": (401, "application/json", b'{"error": "This API requires an authenticated user"}', Outcome.DISALLOWED),
}


@pytest.mark.parametrize(("status", "content_type", "body", "outcome"), BROKEN.values(), ids=BROKEN)
def test_a_broken_server_is_an_outcome_and_the_others_are_read(
    visits: Visits, status: int, content_type: str, body: bytes, outcome: Outcome
) -> None:
    visits.web.broken["mastodon.test"] = (status, content_type, body)
    visits.go("mastodon", "bluesky")
    ends = {one.outcome for one in visits.sink.records if one.source == "mastodon-lugina"}
    allowed = {outcome} | ({Outcome.EXTRACTION_ERROR} if body.startswith(b"[[1") else set())
    assert ends and ends <= allowed
    assert visits.document("Komuna hapi")


def test_robots_txt_is_obeyed_where_no_key_is_given(visits: Visits) -> None:
    visits.web.robots = "User-agent: *\nDisallow: /api/\n"
    visits.go("mastodon", "youtube")
    assert {one.outcome for one in visits.sink.records if one.source == "mastodon-lugina"} == {Outcome.DISALLOWED}
    assert set(visits.web.asked("mastodon.test")) == {"/robots.txt"} and visits.document("Faleminderit")


def test_servers_outside_are_not_asked(visits: Visits) -> None:
    platform = Platform(name="mastodon", instance="https://mastodon.example", tags=["kthimi"])
    outside = Source(id="outside", name="Outside", kind="post", platform=platform)
    with pytest.raises(CrawlError, match="outside this machine"):
        visits.go(sources=[*social_sources(), outside])
    assert not visits.web.log


def test_the_same_post_under_two_sources_is_one_document(visits: Visits) -> None:
    first = social_sources(["mastodon"])[0]
    second = first.model_copy(update={"id": "mastodon-tjeter"})
    visits.go(sources=[first])
    before = len(visits.texts)
    visits.go(sources=[second])
    assert len(visits.texts) == before == visits.counted(Outcome.REDIRECTED)


def test_the_key_of_youtube_stands_in_no_address(visits: Visits) -> None:
    visits.go("youtube")
    assert visits.web.log and all(YOUTUBE_KEY not in one.path for one in visits.web.log)
