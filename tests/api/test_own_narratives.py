"""A user's own narrative through the commands: added, labelled, trained, then in tags, search and trends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.api.conftest import Run, copy_home, run_process

TRAIN = Path(__file__).resolve().parents[2] / "evaluation" / "corpus" / "train"
ID = "leave_them_there"
LINES = {
    "sq": ("Të kthyerit nga Siria le të rrinë atje ku kanë luftuar, këtu s'i do askush.", "sq"),
    "sr-Latn": ("Neka ostanu tamo gde su ratovali, ovde im nije mesto, Siriju su sami birali.", "sr-Latn"),
    "sr-Cyrl": ("Нека остану тамо где су ратовали, овде им није место, Сирију су сами бирали.", "sr-Cyrl"),
}
WORDS = ("--title", "Leave them there", "--definition", "Those who went to war should stay there")


def _examples() -> list[dict[str, str]]:
    """Passages that carry returnee_rejection and as many others, both languages, without a stance; a quarter of those there are."""
    rows = [json.loads(line) for path in sorted(TRAIN.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    carries = [any(item["narrative"] == "returnee_rejection" for item in row["annotations"]) for row in rows]
    present = [row["text"] for row, one in zip(rows, carries, strict=True) if one][::4]
    absent = [row["text"] for row, one in zip(rows, carries, strict=True) if not one]
    return [
        *({"text": text, "label": "present"} for text in present),
        *({"text": text, "label": "absent"} for text in absent[:: len(absent) // len(present)]),
    ]


def _write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def own_home(tmp_path_factory: pytest.TempPathFactory, rows_file: Path) -> Path:
    """A data folder with three documents and a trained own narrative, applied to them; tests only read it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = shared / "own-home"
    with FileLock(shared / "own-home.lock"):
        if not home.exists():
            examples = _write(shared / "own-examples.jsonl", _examples())
            for arguments in (
                ("import", rows_file, "--platform", "jsonl"),
                ("codebook", "add", ID, *WORDS, "--title-sq", "Le të rrinë atje", "--examples", examples),
                ("codebook", "train", ID, "--apply", "--json"),
            ):
                ran = run_process(*arguments, home=home)
                if ran.status != 0:
                    raise AssertionError(f"eho {arguments[:2]} ended with {ran.status}: {ran.err}")
            (home / "trained.json").write_text(ran.out, encoding="utf-8")
    return home


@pytest.fixture
def home(eho: Run, tmp_path: Path) -> Path:
    """A data folder with an own narrative that has no labels yet."""
    eho("init", home=tmp_path)
    assert eho("codebook", "add", ID, *WORDS, home=tmp_path).status == 0
    return tmp_path


# -- training and its answer ----------------------------------------------------------------------------------------


def test_training_says_how_wrong_it_is(eho: Run, own_home: Path) -> None:
    card = json.loads((own_home / "trained.json").read_text(encoding="utf-8"))
    measured = card["measured"]
    assert measured["n"]["present"] > 20 and measured["n"]["ordinary"] > 2000
    assert measured["average_precision"]["low"] > measured["base_rate"]
    assert measured["learning_curve"]["says"] and measured["show_threshold"]["says"]
    assert measured["store"]["passages"] >= 3 and card["codebook"] and card["digests"]
    shown = eho("codebook", "own", ID, home=own_home).out
    assert card["version"] in shown and measured["show_threshold"]["says"] in " ".join(shown.split())
    assert eho("codebook", "own", "--json", home=own_home).json["model"]["version"] == card["version"]


@pytest.mark.parametrize("lang", LINES)
def test_it_tags_beside_the_codebook(eho: Run, own_home: Path, tmp_path: Path, lang: str) -> None:
    text, code = LINES[lang]
    file = _write(tmp_path / "in.jsonl", [{"id": "1", "text": text}])
    (line,) = eho("tag", file, home=own_home).lines
    (found,) = [one for one in line["tags"]["annotations"] if one["narrative"] == ID]
    assert line["tags"]["language"]["code"] == code
    assert found["stance"] == "unclear" and found["severity"] == 0 and found["target_groups"] == [] and found["calibrated"]
    (span,) = found["spans"]
    assert 0 <= span["start"] < span["end"] <= len(text)
    assert line["tags"]["model"]["version"].count("+own.") == 1


def test_the_codebooks_tags_stay_as_they_were(eho: Run, own_home: Path, small_home: Path, tmp_path: Path) -> None:
    file = _write(tmp_path / "in.jsonl", [{"id": lang, "text": text} for lang, (text, _) in LINES.items()])
    with_own, without = eho("tag", file, home=own_home).lines, eho("tag", file, home=small_home).lines
    for one, other in zip(with_own, without, strict=True):
        assert [item for item in one["tags"]["annotations"] if item["narrative"] != ID] == other["tags"]["annotations"]
        assert one["tags"]["model"]["codebook"] == other["tags"]["model"]["codebook"]


def test_stored_documents_carry_the_new_version(eho: Run, own_home: Path) -> None:
    tags = eho("show", "sr-1", "--json", home=own_home).json["tags"]
    assert "+own." in tags["model"]["version"]


def test_queries_and_trends_know_it(eho: Run, own_home: Path) -> None:
    answer = eho("search", f"narrative:{ID}", "--json", "--include-needs-review", home=own_home)
    assert answer.status == 0 and "Leave them there" in answer.json["explained"]
    near = eho("search", "narrative:leave_them", "--json", home=own_home)
    assert near.status == 2 and f"Did you mean narrative:{ID}?" in near.err
    trend = eho("trends", "--narrative", ID, "--by", "month", "--include-needs-review", "--json", home=own_home)
    assert trend.status == 0 and {one["narrative"] for one in trend.json["series"]} == {ID}


def test_trends_do_not_mix_what_counts_differently(eho: Run, own_home: Path) -> None:
    mixed = ("trends", "--narrative", ID, "--narrative", "returnee_rejection", "--json")
    refused = eho(*mixed, home=own_home)
    assert refused.status == 2 and "knows no stance" in refused.err and len(refused.err.splitlines()) == 1
    assert eho(*mixed, "--stance", "unclear", home=own_home).status == 0
    assert eho("trends", "--narrative", "no_such_one", "--json", home=own_home).status == 2


# -- suggest and label ----------------------------------------------------------------------------------------------


def test_suggest_label_and_suggest_again(eho: Run, home: Path, tmp_path: Path) -> None:
    file = _write(tmp_path / "pool.jsonl", _examples()[::4])
    first = eho("codebook", "suggest", ID, "--file", file, "-n", "6", home=home).lines
    assert len(first) == 6 and all(set(row) == {"id", "text", "score", "why"} for row in first)
    labels = ("present", "absent", "skip", None, "absent", "present")
    given = _write(tmp_path / "labelled.jsonl", [{**row, "label": value} for row, value in zip(first, labels, strict=True)])
    taken = eho("codebook", "label", ID, given, "--json", home=home).json
    assert (taken["present"], taken["absent"], taken["skipped"], taken["undecided"]) == (2, 2, 1, 1)
    again = {row["text"] for row in eho("codebook", "suggest", ID, "--file", file, "-n", "6", home=home).lines}
    decided = {row["text"] for row, value in zip(first, labels, strict=True) if value}
    assert len(again) == 6 and not again & decided


def test_suggest_reads_the_store_and_the_hits_of_a_query(eho: Run, small_home: Path, tmp_path: Path) -> None:

    home = copy_home(small_home, tmp_path / "copy")
    eho("codebook", "add", ID, *WORDS, home=home)
    every = eho("codebook", "suggest", ID, home=home).lines
    assert {row["id"].split("#")[0] for row in every} == {"sq-1", "sr-1", "sr-2"}
    some = eho("codebook", "suggest", ID, "--from", "opština OR Siria", home=home).lines
    assert some and {row["id"].split("#")[0] for row in some} < {"sq-1", "sr-1", "sr-2"}
    assert "no passage" in eho("codebook", "suggest", ID, "--from", "nepostojeće", home=home).err


def test_labelled_passages_are_masked_before_they_are_stored(eho: Run, home: Path, tmp_path: Path) -> None:
    text = "Zovite +383 44 123 456 ako ih vidite da se vraćaju."
    file = _write(tmp_path / "in.jsonl", [{"text": text, "label": "present", "evidence": text[:30]}])
    assert eho("codebook", "label", ID, file, home=home).status == 0
    stored = (home / "narratives" / ID / "examples.jsonl").read_text(encoding="utf-8")
    assert "⟦phone⟧" in stored and "123 456" not in stored


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", ID, *WORDS), f"You have a narrative '{ID}' already"),
        (("add", "returnee_rejection", *WORDS), "There is a narrative 'returnee_rejection' in the codebook already"),
        (("add", "Bad Id", *WORDS), "The id is 'Bad Id'"),
        (("add", "good_id", "--title", "t", "--definition", " "), "The definition of 'good_id' is empty"),
        (("add", "good_id", "--title", "t"), "--definition"),
        (("add", "good_id", *WORDS, "--examples", "no-such.jsonl"), "no-such.jsonl cannot be read"),
        (("suggest", "unknown"), "There is no narrative 'unknown' of your own"),
        (("label", ID, "no-such.jsonl"), "no-such.jsonl cannot be read"),
        (("suggest", ID, "-n", "0"), "-n is 0; give a number from 1 to 500"),
        (("suggest", ID, "--from", "a", "--file", "b"), "--from and --file given together"),
        (("suggest", ID), "There is no passage of 4 words or more in the store"),
        (("train", ID), "has 0 present and 0 absent passages; at least 8 of each"),
        (("train", ID, "--background", "no-such.jsonl"), "no-such.jsonl is no file"),
        (("remove", ID), "add --yes to delete it"),
    ],
)
def test_bad_input_is_one_line(eho: Run, home: Path, arguments: tuple[str, ...], says: str) -> None:
    ran = eho("codebook", *arguments, home=home)
    assert ran.status == 2 and says in ran.err and ran.out == "" and len(ran.err.splitlines()) == 1


def test_a_bad_examples_file_adds_nothing(eho: Run, home: Path, tmp_path: Path) -> None:
    file = _write(tmp_path / "in.jsonl", [{"text": "x y z", "label": "maybe"}])
    ran = eho("codebook", "add", "another", *WORDS, "--examples", file, home=home)
    assert ran.status == 2 and "label is 'maybe'" in ran.err
    assert [row["id"] for row in eho("codebook", "own", "--json", home=home).lines] == [ID]


def test_without_a_data_folder_it_says_so(eho: Run, tmp_path: Path) -> None:
    ran = eho("codebook", "add", ID, *WORDS, home=tmp_path / "none")
    assert ran.status == 2 and "run eho init" in ran.err


def test_removed_it_is_gone(eho: Run, home: Path) -> None:
    assert eho("codebook", "remove", ID, "--yes", home=home).status == 0
    assert eho("codebook", "own", "--json", home=home).lines == []


def test_a_broken_own_model_is_one_line(eho_process: Run, own_home: Path, tmp_path: Path) -> None:

    home = copy_home(own_home, tmp_path / "copy")
    (home / "narratives" / ID / "model" / "weights.safetensors").write_bytes(b"broken")
    file = _write(tmp_path / "in.jsonl", [{"id": "1", "text": "Neka ostanu tamo gde su ratovali."}])
    ran = eho_process("tag", file, home=home)
    assert ran.status == 2 and "weights.safetensors" in ran.err and len(ran.err.splitlines()) == 1
