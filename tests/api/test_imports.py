"""Supplied files: exports of platforms in their own form, spreadsheets in any encoding, and what is wrong with a file in one line."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from api.imports import ImportOptions, read_documents
from eho.document import Document
from eho.errors import InputError
from eho.home import Home
from eho.outcome import Outcome, OutcomeRecord

SQ = "Mësuesit i mirëpritën nxënësit që u kthyen nga kampi."
SR = "Učiteljice su lepo primile đake koji su se vratili iz kampa."
CYR = "Учитељице су лепо примиле ђаке који су се вратили из кампа."
TEXTS = {"sq": SQ, "sr-Latn": SR, "sr-Cyrl": CYR}


class Folder:
    """A data folder, and imports into it."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)

    def read(self, data: bytes | str | Any, platform: str, **options: Any) -> list[Document | OutcomeRecord]:
        if not isinstance(data, bytes | str):
            data = json.dumps(data, ensure_ascii=False)
        raw = data.encode() if isinstance(data, str) else data
        chosen = ImportOptions.from_arguments(options.get("source"), options.get("maps"))
        return list(read_documents(io.BytesIO(raw), platform, name="file", options=chosen, home=self.home))


@pytest.fixture
def home(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def documents(items: list[Document | OutcomeRecord]) -> list[Document]:
    return [item for item in items if isinstance(item, Document)]


def outcomes(items: list[Document | OutcomeRecord]) -> list[tuple[Outcome, str]]:
    return [(item.outcome, item.reason or "") for item in items if isinstance(item, OutcomeRecord)]


# -- Telegram -----------------------------------------------------------------------------------------------------


def telegram(*messages: dict[str, Any], kind: str = "public_channel") -> dict[str, Any]:
    rows = [{"type": "message", "date": "2026-10-01T10:00:00", "from": "Zëri", "from_id": "channel9", **row} for row in messages]
    return {"name": "Zëri i Lumit", "type": kind, "id": 9, "messages": rows}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_telegram_messages(home: Folder, text: str) -> None:
    parts = [
        text[:10],
        {"type": "bold", "text": text[10:]},
        " ",
        {"type": "mention", "text": "@ana_b"},
        " ",
        {"type": "hashtag", "text": "#kthimi"},
    ]
    parts += [" ", {"type": "text_link", "text": "këtu", "href": "https://zeri.test/a?utm_source=tg"}]
    items = home.read(
        telegram(
            {"id": 1, "type": "service", "action": "pin_message"},
            {"id": 2, "date_unixtime": "1790848800", "text": parts, "photo": "(File not included)"},
            {"id": 3, "text": text, "reply_to_message_id": 2, "edited": "2026-10-01T11:00:00", "forwarded_from": "Ana B."},
            {"id": 4, "text": "", "media_type": "video_file"},
            {"id": 5, "text": "x", "date": "nesër"},
            {"id": 6, "text": 7},
        ),
        "telegram",
    )
    first, second = documents(items)
    assert first.text == f"{text} ⟦handle⟧ #kthimi këtu" and first.source == "telegram-zeri-i-lumit"
    assert first.extra == {
        "platform": "telegram",
        "tags": ["kthimi"],
        "links": ["https://zeri.test/a"],
        "media": ["image"],
        "source_name": "Telegram Zëri i Lumit",
    }
    assert first.published_at is not None and first.published_at.isoformat() == "2026-10-01T10:00:00+00:00"
    assert second.published_at is not None and second.published_at.isoformat() == "2026-10-01T08:00:00+00:00"  # Belgrade's
    assert second.parent_id == first.id and second.extra["is_quote"] and second.extra["is_edited"]
    assert "Ana" not in json.dumps([one.to_mapping() for one in (first, second)], ensure_ascii=False)
    found = outcomes(items)
    assert [one for one, _ in found] == [Outcome.SKIPPED, Outcome.SKIPPED, Outcome.BAD_INPUT, Outcome.BAD_INPUT]
    assert "file, item 5: message 5: its date" in found[2][1] and "item 6" in found[3][1]


def test_importing_again_gives_the_same_documents_and_edits_are_versions(home: Folder) -> None:
    export = telegram({"id": 1, "text": SQ}, {"id": 2, "text": SR})
    first = documents(home.read(export, "telegram"))
    export["messages"][1]["text"] = f"{SR} Dopuna."
    again = documents(home.read(export, "telegram"))
    assert [one.id for one in first] == [one.id for one in again] and again[1].text.endswith("Dopuna.")
    assert first[0].id != documents(Folder(home.home.path / "other").read(export, "telegram"))[0].id


REFUSED = {
    "private group": ("telegram", telegram({"id": 1, "text": "x"}, kind="private_group"), "only public channels"),
    "personal chat": ("telegram", telegram({"id": 1, "text": "x"}, kind="personal_chat"), "only public channels"),
    "supergroup": ("telegram", telegram({"id": 1, "text": "x"}, kind="public_supergroup"), "only public channels"),
    "all chats": ("telegram", {"about": "…", "chats": {"about": "…", "list": [{"name": "A", "messages": []}]}}, "all chats"),
    "another JSON": ("telegram", {"a": 1}, "type is missing"),
    "list": ("telegram", [1], "is a list"),
    "html": ("telegram", "<!DOCTYPE html><html><head><title>Exported Data</title>", "Telegram's HTML export"),
    "web page": ("facebook", "<html><body>x", "a web page"),
    "zip": ("x", b"PK\x03\x04rest", "a ZIP archive"),
    "xlsx as csv": ("csv", b"PK\x03\x04rest", "save it as CSV UTF-8"),
    "own archive": ("x", "window.YTD.tweets.part0 = [ {", "one's own account"),
    "cut": ("x", '{"data": [{"id": "1", "text": "a', "no whole JSON file"),
    "binary": ("tiktok", bytes(range(128, 256)), "no whole JSON file"),
    "empty": ("tiktok", b"", "is empty"),
    "columns": ("facebook", "a,b\n1,2\n", "has no column text"),
    "nested": ("x", "[" * 100_000, "no whole JSON file"),
}


@pytest.mark.parametrize(("platform", "data", "said"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_file_is_one_clear_line(home: Folder, platform: str, data: Any, said: str) -> None:
    with pytest.raises(InputError) as raised:
        home.read(data, platform)
    assert said in str(raised.value) and "\n" not in str(raised.value) and len(str(raised.value)) < 400


# -- X, TikTok, Meta ----------------------------------------------------------------------------------------------


def post(id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "text": text, "created_at": "2026-10-01T10:00:00.000Z", "author_id": "77", "lang": "sr", **more}


X_ROWS = [
    post(
        "1",
        f"{SR} https://t.co/x",
        entities={"urls": [{"url": "https://t.co/x", "expanded_url": "https://glas.test/a"}], "hashtags": [{"tag": "povratak"}]},
    ),
    post("2", f"@neko {CYR}", referenced_tweets=[{"type": "replied_to", "id": "1"}], public_metrics={"like_count": 4}),
    post("3", "RT @neko: …", referenced_tweets=[{"type": "retweeted", "id": "1"}]),
    post("4", "Stara verzija.", edit_history_tweet_ids=["4", "5"]),
    post("5", "Nova verzija.", edit_history_tweet_ids=["4", "5"], note_tweet={"text": f"Nova, dugačka verzija. {SQ}"}),
    {"id": "6", "text": "bez vremena"},
    {"text": "bez broja"},
]
X_FORMS: dict[str, Any] = {
    "answer": {"data": X_ROWS, "includes": {"users": [{"id": "77", "username": "neko"}]}, "meta": {"result_count": 7}},
    "list": X_ROWS,
    "lines": "\n".join(json.dumps(row) for row in X_ROWS) + "\n",
    "lines of answers": "\n".join(json.dumps({"data": [row], "meta": {}}) for row in X_ROWS),
    "one a line": "\n".join(json.dumps({"data": row}) for row in X_ROWS),
    "with BOM": "\ufeff" + json.dumps({"data": X_ROWS}),
}


@pytest.mark.parametrize("data", X_FORMS.values(), ids=X_FORMS)
def test_x_in_every_form(home: Folder, data: Any) -> None:
    items = home.read(data, "x")
    first, reply, edited = documents(items)
    assert first.text == f"{SR} https://glas.test/a" and first.extra == {
        "platform": "x",
        "tags": ["povratak"],
        "links": ["https://glas.test/a"],
    }
    assert reply.text == f"⟦handle⟧ {CYR}" and reply.parent_id == first.id and reply.extra == {"platform": "x", "is_reply": True}
    assert edited.text == f"Nova, dugačka verzija. {SQ}" and edited.source == "x"
    assert Counter(one for one, _ in outcomes(items)) == {Outcome.SKIPPED: 2, Outcome.BAD_INPUT: 2}
    assert "neko" not in json.dumps([one.to_mapping() for one in documents(items)])


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_tiktok_videos_and_comments(home: Folder, text: str) -> None:
    video = {
        "id": 71,
        "video_description": text,
        "create_time": 1790848800,
        "username": "neko",
        "hashtag_names": ["kthimi"],
        "voice_to_text": "E folur.",
    }
    (document,) = documents(
        home.read({"data": {"videos": [video], "cursor": 100, "has_more": False}, "error": {"code": "ok"}}, "tiktok")
    )
    assert document.text == f"{text}\n\nE folur." and document.extra["media"] == ["video"] and document.kind == "post"
    comments = [
        {"id": 1, "text": text, "create_time": 1790848900, "video_id": 71, "parent_comment_id": 71, "like_count": 3},
        {"id": 2, "text": "Po.", "create_time": 1790848990, "video_id": 71, "parent_comment_id": 1},
        {"id": 3, "text": "", "create_time": 1790848990, "video_id": 71},
        {"id": 4, "text": "pa kohë", "video_id": 71},
    ]
    items = home.read({"data": {"comments": comments}}, "tiktok", source="TikTok Lugina")
    first, second = documents(items)
    assert (first.kind, first.parent_id, second.parent_id) == ("comment", document.id, first.id)
    assert first.source == "tiktok-lugina" and [one for one, _ in outcomes(items)] == [Outcome.SKIPPED, Outcome.BAD_INPUT]


META_CSV = (
    "id,text,creation_time,modified_time,lang,post_owner.name,statistics.like_count,link_attachment.link,content_type,hashtags\n"
    f'10,"{SQ} @neko",2026-10-01T10:00:00+0000,2026-10-02T10:00:00+0000,sq,Ana B.,5,https://zeri.test/a,links,"[""kthimi""]"\n'
    f"11,{CYR},2026-10-01T10:00:00+0000,,sr,Pera,9,,photos,\n12,,2026-10-01T10:00:00+0000,,,,,,photos,\n13,{SR},juče,,,,,,,\n"
)
META_JSON = {
    "data": [
        {"id": "10", "text": f"{SQ} @neko", "creation_time": "2026-10-01T10:00:00Z", "modified_time": "2026-10-02T10:00:00Z", "lang": "sq",
         "post_owner": {"name": "Ana B."}, "link_attachment": {"link": "https://zeri.test/a"}, "content_type": "links", "hashtags": ["kthimi"]},
        {"id": "11", "text": CYR, "creation_time": "2026-10-01T10:00:00Z", "lang": "sr", "content_type": "photos"},
        {"id": "12", "text": None, "creation_time": "2026-10-01T10:00:00Z"},
        {"id": "13", "text": SR, "creation_time": "juče"},
    ]
}  # fmt: skip


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
@pytest.mark.parametrize("data", [META_CSV, META_JSON], ids=["csv", "json"])
def test_meta_content_library(home: Folder, data: Any, platform: str) -> None:
    items = home.read(data, platform)
    first, second = documents(items)
    assert first.text == f"{SQ} ⟦handle⟧" and second.text == CYR and (first.lang, first.source) == ("sq", platform)
    expected = {"platform": platform, "is_edited": True, "tags": ["kthimi"], "links": ["https://zeri.test/a"], "media": ["link"]}
    assert first.extra == expected and second.extra == {"platform": platform, "media": ["image"]}
    assert [one for one, _ in outcomes(items)] == [Outcome.SKIPPED, Outcome.BAD_INPUT]
    assert ("line 5" if data is META_CSV else "item 4") in outcomes(items)[1][1]


def test_crowdtangle(home: Folder) -> None:
    data = f"Page Name,User Name,Post Created,Type,Likes,URL,Message,Link\nGlas,glas,2023-03-04 10:22:33 CET,Link,7,https://www.facebook.com/1/posts/2,{SR},https://glas.test/b\n"
    data += f"Glas,glas,2023-03-04 10:22:33 XYZ,Link,7,https://www.facebook.com/1/posts/3,{SR},\n"
    items = home.read(data, "facebook")
    (document,) = documents(items)
    assert document.published_at is not None and document.published_at.isoformat() == "2023-03-04T09:22:33+00:00"
    assert document.url is None and document.extra["links"] == ["https://glas.test/b"]
    assert "unknown time zone" in outcomes(items)[0][1]


# -- spreadsheets -------------------------------------------------------------------------------------------------

ENCODINGS = {
    "utf-8": ("utf-8", SQ),
    "utf-8 with mark": ("utf-8-sig", CYR),
    "utf-16": ("utf-16", SR),
    "windows-1250": ("cp1250", f"{SR} Čekić, žuto, šuma, đon, ćup."),
    "windows-1251": ("cp1251", f"{CYR} Жута шума, ђон, ћуп."),
    "windows-1252": ("cp1252", f"{SQ} Çështje të ngutshme për fëmijët."),
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize(("encoding", "text"), ENCODINGS.values(), ids=ENCODINGS)
def test_a_spreadsheet_in_any_encoding_with_columns_of_its_own(home: Folder, encoding: str, text: str, delimiter: str) -> None:
    table = [
        ["Poruka", "Datum, vreme", "Broj"],
        [text, "3. 9. 2026 14:30", "1"],
        [text.upper(), "2026-09-04", "2"],
        [text, "32.1.2026", "3"],
    ]
    data = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in table).encode(encoding)
    items = home.read(data, "csv", source="Izvor", maps=["text=Poruka", "published_at=Datum, vreme"])
    first, second = documents(items)
    assert (first.text, second.text, first.source) == (text, text.upper(), "izvor")
    assert first.published_at is not None and first.published_at.isoformat() == "2026-09-03T12:30:00+00:00"
    assert (first.published_at_precision, second.published_at_precision) == ("minute", "day")
    assert outcomes(items) == [(Outcome.BAD_INPUT, outcomes(items)[0][1])] and "line 4" in outcomes(items)[0][1]


def test_an_encoding_that_changes_or_cannot_be_told_is_one_line(home: Folder) -> None:
    head = "text,source,published_at\nçështje,a,2026-01-01\n"
    with pytest.raises(InputError, match="more than one encoding"):
        home.read(head.encode() + b"a,b,2026-01-01\n" * 100_000 + b"\xff", "csv")
    with pytest.raises(InputError, match="cannot be told"):
        home.read(head.encode("cp775", "replace") + bytes(range(128, 160)) * 9, "csv")


@pytest.mark.parametrize("maps", [["text"], ["tekst=Poruka"], ["text="]])
def test_a_wrong_map_is_named(maps: list[str]) -> None:
    with pytest.raises(InputError, match="FIELD=COLUMN"):
        ImportOptions.from_arguments(None, maps)


def test_a_map_to_no_column_is_named(home: Folder) -> None:
    with pytest.raises(InputError, match="no column 'Poruka'"):
        home.read("a,b\n1,2\n", "csv", maps=["text=Poruka"])


def test_source_stands_in_for_rows_without_one(home: Folder) -> None:
    rows = [{"text": SQ, "published_at": "2026-10-01"}, {"text": SR, "published_at": "2026-10-01", "source": "glas"}]
    read = documents(home.read("\n".join(map(json.dumps, rows)), "jsonl", source="zeri"))
    assert [one.source for one in read] == ["zeri", "glas"]


# -- size, damage, the command ------------------------------------------------------------------------------------


class Endless(io.RawIOBase):
    """A channel's export with as many messages as asked for, never held whole."""

    def __init__(self, messages: int) -> None:
        head = json.dumps({"name": "K", "type": "public_channel", "id": 1})[:-1] + ', "messages": ['
        self._parts = iter([head.encode(), *([b""] if not messages else [])])
        self._left, self._number, self._rest = messages, 0, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None and self._left == 0:
                return 0
            if part is None:
                self._number, self._left = self._number + 1, self._left - 1
                row = {
                    "id": self._number,
                    "type": "message",
                    "date": "2026-10-01T10:00:00",
                    "text": f"{SR} {self._number}",
                    "pad": "x" * 8000,
                }
                part = json.dumps(row).encode() + (b"," if self._left else b"]}")
            self._rest = part
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def test_a_large_file_is_a_stream(tmp_path: Path) -> None:
    tracemalloc.start()
    stream = io.BufferedReader(Endless(1_500))  # 12 MB
    count = sum(1 for one in read_documents(stream, "telegram", name="file", home=Home(tmp_path)) if isinstance(one, Document))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 1_500 and peak < 8_000_000


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_end_in_one_line_or_in_outcomes(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    files = {
        "telegram": json.dumps(
            telegram({"id": 1, "text": SQ}, {"id": 2, "text": [SR, {"type": "link", "text": "https://a.test"}]})
        ),
        "x": json.dumps({"data": X_ROWS}),
        "facebook": META_CSV,
    }
    for platform, text in files.items():
        for _ in range(60):
            data = bytearray(text.encode())
            for _ in range(draw.randint(1, 6)):
                at = draw.randrange(len(data))
                data[at : at + draw.randint(0, 9)] = draw.choice(
                    [b"", b"\x00", b"\xff", b"null", b'"', b"[", b"{", b"1e999", b"\\ud800"]
                )
            try:
                Folder(tmp_path).read(bytes(data), platform)
            except InputError as error:
                assert "\n" not in str(error)


def test_the_command_imports_masks_and_finds(eho, tmp_path: Path) -> None:
    path, home = tmp_path / "result.json", tmp_path / "home"
    path.write_text(
        json.dumps(telegram({"id": 1, "text": f"{SR} Zovite 063 123 4567."}, {"id": 2, "text": ""})), encoding="utf-8"
    )
    ran = eho("import", path, "--platform", "telegram", "--json", home=home)
    assert (ran.status, ran.json["counts"]) == (0, {"stored": 1, "skipped": 1})
    (hit,) = eho("search", "učiteljice", "--json", home=home).json["hits"]
    assert hit["kind"] == "post" and hit["url"] is None
    shown = eho("show", hit["id"], "--json", home=home).json
    assert "⟦phone⟧" in shown["text"] and "063" not in shown["text"]
    sources = {source["id"]: source for source in eho("sources", "list", "--json", home=home).lines}
    assert (
        sources["telegram-zeri-i-lumit"]["name"] == "Telegram Zëri i Lumit" and sources["telegram-zeri-i-lumit"]["kind"] == "post"
    )
    wrong = eho("import", path, "--platform", "viber", home=home)
    assert wrong.status == 2 and "telegram, facebook, instagram, tiktok, x, csv, jsonl" in wrong.err
