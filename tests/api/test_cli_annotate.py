"""`eho annotate`: from the queue to labels, by command and by the offline form in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from eho.codebook import Codebook
from tests.evaluation.corpus_rows import EVIDENCE, TEXTS, annotation, plain, row, write

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    hostile = "Bora </script><script>alert(1)</script> i zuri autobusët në qafë."
    return write(tmp_path / "b01.jsonl", [row("sq"), row("sr-Cyrl", 2), plain(hostile, 3)])


def test_from_queue_to_export(eho, corpus: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    added = eho("annotate", "add", "--corpus", corpus, home=home)
    assert (added.status, added.out) == (0, "3 passages were queued; 3 in all.\n")
    shown = eho("annotate", "next", "--annotator", "A1", home=home)
    assert shown.out == f"b01-001 (sq)\n  {TEXTS['sq']}\n"
    given = tmp_path / "label.json"
    given.write_text(
        json.dumps({"returnee_sense": "conflict_zone", "annotations": [annotation(EVIDENCE["sq"])], "severity": 2}),
        encoding="utf-8",
    )
    labelled = eho("annotate", "label", "b01-001", "--annotator", "A1", "--from", given, "--note", "e qartë", home=home)
    assert labelled.out == "b01-001: returnee_security_threat (endorse); severity 2; conflict_zone\n"
    nothing = eho("annotate", "label", "b01-003", "--annotator", "A1", "--none", home=home)
    assert nothing.out == "b01-003: no narrative; severity 0; nobody returns\n"
    assert [line["id"] for line in eho("annotate", "next", "--annotator", "A1", "--most", "9", "--json", home=home).lines] == [
        "b01-002"
    ]
    exported = eho("annotate", "export", home=home).lines
    assert [(one["id"], one["annotator"], one["note"]) for one in exported] == [
        ("b01-001", "A1", "e qartë"),
        ("b01-003", "A1", None),
    ]
    eho("annotate", "export", "--out", tmp_path / "out", home=home)
    assert len((tmp_path / "out" / "A1.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_show_is_blind_unless_asked(eho, corpus: Path, tmp_path: Path) -> None:
    eho("annotate", "add", "--corpus", corpus, home=tmp_path)
    assert "returnee_security_threat" not in eho("annotate", "show", "b01-001", home=tmp_path).out
    assert "said: returnee_security_threat (endorse)" in eho("annotate", "show", "b01-001", "--with-said", home=tmp_path).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("add",), "Nothing to queue", id="nothing to add"),
        pytest.param(("show", "b99-001"), "No passage 'b99-001' is queued", id="unknown passage"),
        pytest.param(("label", "b01-001", "--annotator", "A1"), "Give the label with --from FILE, or --none", id="no label"),
        pytest.param(
            ("label", "b01-001", "--annotator", "A1", "--none", "--sense", "war"), "returnee_sense 'war'", id="unknown sense"
        ),
        pytest.param(("form", "--out", "form.pdf"), "give a file that ends in .html", id="no html"),
        pytest.param(("form", "--out", "form.html", "--words", "de"), "--words is 'de'", id="unknown language"),
        pytest.param(("form", "--out", "form.html", "--lang", "en"), "No passage waits", id="nothing waits"),
        pytest.param(("import", "none.json"), "none.json cannot be read", id="no file"),
    ],
)
def test_bad_input_is_one_line(eho, corpus: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    eho("annotate", "add", "--corpus", corpus, home=tmp_path / "home")
    ran = eho("annotate", *arguments, home=tmp_path / "home")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err


def test_a_bad_label_in_a_saved_form_is_named_and_the_others_are_kept(eho, corpus: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    eho("annotate", "add", "--corpus", corpus, home=home)
    good = {"id": "b01-003", "returnee_sense": None, "annotations": [], "severity": 0}
    saved = {"format": "eho-labels-1", "codebook": "1.0+x", "annotator": "B2", "labels": [good | {"severity": 8}, good]}
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(saved), encoding="utf-8")
    ran = eho("annotate", "import", path, home=home)
    assert ran.status == 1 and "The label of 'b01-003' has severity 8" in ran.err
    assert [one["codebook"] for one in eho("annotate", "export", home=home).lines] == ["1.0+x"]


@pytest.mark.parametrize("words", ["en", "sq", "sr-Latn"])
def test_form_is_one_file_that_loads_nothing_and_names_no_label(eho, corpus: Path, tmp_path: Path, words: str) -> None:
    eho("annotate", "add", "--corpus", corpus, home=tmp_path)
    form = tmp_path / "form.html"
    assert eho("annotate", "form", "--out", form, "--words", words, home=tmp_path).status == 0
    page = form.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["']|https?://|@import|url\(""", page)
    assert "default-src 'none'" in page and page.count("<script") == page.count("</script>") == 2
    items = json.loads(page.split('id="data">')[1].split("</script>")[0])["items"]
    assert [set(item) for item in items] == [{"id", "lang", "title", "text", "sha256"}] * 3


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; apt-get install -y chromium")
def test_a_label_made_in_the_form_comes_back(eho, corpus: Path, tmp_path: Path) -> None:
    eho("annotate", "add", "--corpus", corpus, home=tmp_path)
    form, saved = tmp_path / "form.html", tmp_path / "saved.json"
    eho("annotate", "form", "--out", form, home=tmp_path)
    families = next(term for term in Codebook.load().dimensions.target_groups if term.id == "returnee_families")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--headless=new"])
        context = browser.new_context(accept_downloads=True)
        context.set_offline(True)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(form.as_uri())
        page.get_by_label("Your sign").fill("A1")
        page.get_by_label("Who returns?").select_option("conflict_zone")
        page.get_by_label("Severity of the passage's own voice").select_option("2")
        page.get_by_role("button", name="Add a narrative").click()
        page.get_by_role("button", name="Done, next").click()
        expect(page.get_by_role("alert")).to_contain_text("Every narrative needs")
        page.get_by_label("Narrative", exact=True).select_option("returnee_security_threat")
        page.get_by_label("Stance").select_option("endorse")
        page.get_by_label(families.labels["en"]).check()
        page.get_by_label("Severity of this narrative").select_option("2")
        page.evaluate(
            """quote => { const node = document.getElementById("text").firstChild, at = node.data.indexOf(quote);
            const range = document.createRange(); range.setStart(node, at); range.setEnd(node, at + quote.length);
            getSelection().removeAllRanges(); getSelection().addRange(range); }""",
            EVIDENCE["sq"],
        )
        page.get_by_role("button", name="Select words in the passage").click()
        page.get_by_role("button", name="Done, next").click()
        expect(page.locator("#text")).to_have_text(TEXTS["sr-Cyrl"])
        page.get_by_role("button", name="Done, next").click()
        expect(page.locator("#count")).to_have_text("2 done")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the file").click()
        download.value.save_as(saved)
        page.reload()
        expect(page.locator("#count")).to_have_text("2 done")
        context.close()
        browser.close()
    assert said == []
    assert eho("annotate", "import", saved, home=tmp_path).out == f"{saved}: 2 labels of A1.\n"
    first, second = eho("annotate", "export", home=tmp_path).lines
    assert (first["id"], first["severity"], second["annotations"]) == ("b01-001", 2, [])
    made = first["annotations"][0]
    assert (made["narrative"], made["stance"], made["evidence"]) == ("returnee_security_threat", "endorse", [EVIDENCE["sq"]])
    assert made["target_groups"] == ["returnee_families"]
