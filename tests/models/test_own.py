"""A user's own narrative: examples read strictly, an honest error, evidence in the text, suggestions that teach something."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from eho.annotation import Stance
from eho.errors import InputError, ModelError
from models.corpus import read_corpus
from models.own import training
from models.own.combined import CombinedModel
from models.own.examples import Example, key_of, merge, read_examples, read_stored, write_examples
from models.own.features import groups_of
from models.own.library import OwnLibrary, OwnNarrative, version_with
from models.own.model import OwnModel, load_own
from models.own.selection import DIFFERENT, LIKELY, UNCERTAIN, suggest
from models.own.validation import Labelled, Validation, _mean_ap, fit_platt, leave_out, pick_own_thresholds
from models.passages import PassageInput, Thresholds
from models.registry import load_model
from models.sentence.loading import load_sentence_encoder

TRAIN = Path(__file__).resolve().parents[2] / "evaluation" / "corpus" / "train"
NARRATIVE = OwnNarrative("leave_them_there", {"en": "Leave them there"}, "Those who went to war should stay there.", "2026-11-21")
SPELLINGS = {
    "sr-Latn": "Neka ostanu tamo gde su ratovali, ovde im nije mesto, a ćerke i braću neka čuva đavo.",
    "sr-Cyrl": "Нека остану тамо где су ратовали, овде им није место, а ћерке и браћу нека чува ђаво.",
    "ascii": "Neka ostanu tamo gde su ratovali, ovde im nije mesto, a cerke i bracu neka cuva djavo.",
}
QUICK = Validation(repeats=2, folds=3, replicates=100)


def corpus_examples(count: int = 24) -> list[Example]:
    """Passages that carry returnee_rejection and others, both languages, with stances, from the corpus."""
    present, absent = [], []
    for row in read_corpus(TRAIN):
        stances = [item.stance for item in row.annotations if item.narrative == "returnee_rejection"]
        (present if stances else absent).append(
            Example(row.text, "present" if stances else "absent", *stances[:1], lang=row.lang)
        )
    return [*present[:: max(1, len(present) // count)][:count], *absent[:: len(absent) // count][:count]]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return corpus_examples()


@pytest.fixture(scope="module")
def ordinary() -> list[str]:
    return training.ordinary_texts()[::12]


@pytest.fixture(scope="module")
def folder(examples: list[Example], ordinary: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("own") / "model"
    training.train_own(NARRATIVE, examples, out, codebook="1", ordinary=ordinary, options=QUICK, made_on=date(2026, 11, 21))
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> OwnModel:
    return load_own(folder)


# -- examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "a.jsonl",
            '{"text": "Le të rrinë atje ku luftuan", "label": "present", "stance": "endorse", "evidence": "Le të rrinë"}\n',
        ),
        ("a.csv", "text,label,stance,evidence\nLe të rrinë atje ku luftuan,present,endorse,Le të rrinë\n"),
        ("a.CSV", "\ufeff# exported\ntext;label;stance;evidence\nLe të rrinë atje ku luftuan;present;endorse;Le të rrinë\n"),
    ],
    ids=["json lines", "csv", "csv with BOM, comment and semicolons"],
)
def test_examples_come_as_json_lines_or_csv(name: str, content: str) -> None:
    assert read_examples(name, content.encode()) == (
        [Example("Le të rrinë atje ku luftuan", "present", "endorse", "Le të rrinë")],
        0,
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"text": "x y", "label": "yes"}', "label is 'yes'; use one of present, absent, skip"),
        ("a.jsonl", b'{"text": " ", "label": "present"}', "text is ' '; give the passage"),
        ("a.jsonl", b'{"text": 3, "label": "present"}', "text is 3"),
        ("a.jsonl", b'{"text": "x y", "label": "present", "stance": "for"}', "stance is 'for'"),
        ("a.jsonl", b'{"text": "x y", "label": "present", "evidence": "z"}', "evidence 'z' does not stand in the text"),
        ("a.jsonl", b"[1]", "is no JSON object"),
        ("a.jsonl", b"text,label\nx,present\n", "line 1 is no JSON"),
        ("a.jsonl", b"", "holds no labelled passage"),
        ("a.jsonl", b'{"text": "x y", "label": null}', "1 rows have no label"),
        ("a.jsonl", "č".encode("cp1250"), "is not UTF-8"),
        ("a.csv", b"content,label\nx,present\n", "text must be among them"),
        ("a.csv", b"", "text and label must be among them"),
        ("a.jsonl", b'{"text": "' + b"x " * 20_000 + b'", "label": "present"}', "the text has 40000 characters"),
        (
            "a.jsonl",
            '{"text": "Čovek čeka", "label": "present"}\n{"text": "Човек чека", "label": "absent"}'.encode(),
            "line 2: 'Човек чека' is labelled absent here and present before",
        ),
    ],
)
def test_bad_examples_are_one_line(name: str, content: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_examples(name, content)
    assert says in str(caught.value) and "\n" not in str(caught.value) and name in str(caught.value)


def test_a_passage_is_kept_once_and_the_newer_label_stands(tmp_path: Path) -> None:
    old, new = Example("Čovek čeka autobus.", "present", "endorse"), Example("Човек чека аутобус.", "absent")
    assert merge([old], [new]) == [new]
    write_examples(tmp_path / "examples.jsonl", [new])
    assert read_stored(tmp_path / "examples.jsonl") == [new] and read_stored(tmp_path / "none.jsonl") == []


def test_near_duplicates_share_a_group() -> None:
    texts = [SPELLINGS["sr-Latn"], "Sasvim drugi tekst o budžetu opštine za narednu godinu.", SPELLINGS["sr-Cyrl"] + " Тачка."]
    first, other, third = groups_of(texts).tolist()
    assert first == third != other


# -- the folder of narratives ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "Not Snake"}, "The id is 'Not Snake'"),
        ({"id": "../up"}, "The id is '../up'"),
        ({"id": "in_codebook"}, "in the codebook already"),
        ({"id": "known"}, "You have a narrative 'known' already"),
        ({"definition": "  "}, "The definition of 'new_one' is empty"),
        ({"titles": {"en": ""}}, "The title (en) of 'new_one' is empty"),
    ],
)
def test_a_bad_narrative_is_refused(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    library = OwnLibrary(tmp_path)
    library.add(OwnNarrative("known", {"en": "t"}, "d", "2026-11-21"), set())
    wanted = {"id": "new_one", "titles": {"en": "t"}, "definition": "d", "added_on": "2026-11-21", **changes}
    with pytest.raises(InputError) as caught:
        library.add(OwnNarrative(**wanted), {"in_codebook"})  # type: ignore[arg-type]
    assert says in str(caught.value) and library.ids() == ["known"]


def test_an_unknown_or_broken_narrative_is_one_line(tmp_path: Path) -> None:
    library = OwnLibrary(tmp_path)
    library.add(NARRATIVE, set())
    with pytest.raises(InputError, match="did you mean 'leave_them_there'"):
        library.get("leave_them_ther")
    (tmp_path / NARRATIVE.id / "narrative.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        library.get(NARRATIVE.id)
    library.remove(NARRATIVE.id)
    assert library.ids() == [] and library.trained() == {}


def test_skipped_passages_keep_no_text(tmp_path: Path) -> None:
    library = OwnLibrary(tmp_path)
    library.add(NARRATIVE, set())
    library.skip(NARRATIVE.id, [SPELLINGS["sr-Latn"]])
    assert library.skipped(NARRATIVE.id) == {key_of(SPELLINGS["sr-Cyrl"])}
    assert "ostanu" not in (tmp_path / NARRATIVE.id / "skipped.json").read_text(encoding="utf-8")


# -- training -------------------------------------------------------------------------------------------------------


def test_the_card_states_the_error_with_n_and_interval(folder: Path) -> None:
    measured = json.loads((folder / "card.json").read_text(encoding="utf-8"))["measured"]
    assert measured["n"]["present"] == measured["n"]["absent"] == 24 and measured["n"]["ordinary"] > 100
    for name in ("precision", "recall", "f1", "average_precision", "average_precision_with_ordinary"):
        figure = measured[name]
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert figure["high"] > figure["low"]
    assert [point["labels"] for point in measured["learning_curve"]["points"]] == [24, 36, 48]
    assert measured["learning_curve"]["says"]


def test_the_same_training_gives_the_same_files(
    folder: Path, examples: list[Example], ordinary: list[str], tmp_path: Path
) -> None:
    again = tmp_path / "again"
    training.train_own(NARRATIVE, examples, again, codebook="1", ordinary=ordinary, options=QUICK, made_on=date(2026, 11, 21))
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_other_labels_are_another_version(folder: Path, examples: list[Example], ordinary: list[str], tmp_path: Path) -> None:
    card = training.train_own(
        NARRATIVE, examples[1:], tmp_path / "m", codebook="1", ordinary=ordinary, options=QUICK, made_on=date(2026, 11, 21)
    )
    first = json.loads((folder / "card.json").read_text(encoding="utf-8"))["version"]
    assert card.version != first
    assert len({version_with("1", {}), version_with("1", {"a": first}), version_with("1", {"a": card.version})}) == 3


def test_labels_without_meaning_get_no_good_figure(examples: list[Example], ordinary: list[str], tmp_path: Path) -> None:
    """The labels are drawn by chance: a validation that leaks would not notice."""
    draw = np.random.default_rng(5).permutation(len(examples))
    shuffled = [Example(one.text, examples[at].label, lang=one.lang) for one, at in zip(examples, draw, strict=True)]
    measured = training.train_own(NARRATIVE, shuffled, tmp_path / "m", codebook="1", ordinary=ordinary, options=QUICK).measured
    assert measured["average_precision"]["low"] < measured["base_rate"] + 0.1
    assert not measured["show_threshold"]["carried"]


def test_copies_of_a_passage_do_not_flatter_the_error(examples: list[Example], ordinary: list[str]) -> None:
    copies = [Example(f"{one.text} ({number})", one.label) for one in examples[:24:3] + examples[24::3] for number in "abc"]
    rows = training.prepare(copies, ordinary)
    left_out = leave_out(rows, QUICK)
    assert len(set(rows.groups)) == len(copies) // 3
    for folds in left_out.folds[:, : len(copies)]:
        assert all(len(set(folds[at : at + 3])) == 1 for at in range(0, len(copies), 3))


@pytest.mark.parametrize(("present", "absent"), [(7, 20), (20, 7), (0, 0)])
def test_too_few_labels_are_refused(examples: list[Example], tmp_path: Path, present: int, absent: int) -> None:
    with pytest.raises(InputError, match=rf"{present} present and {absent} absent passages; at least 8"):
        training.train_own(NARRATIVE, [*examples[:present], *examples[24 : 24 + absent]], tmp_path, codebook="1", options=QUICK)


def test_eight_of_each_do_with_a_warning(examples: list[Example], ordinary: list[str], tmp_path: Path) -> None:
    few = [*examples[:8], *examples[24:32]]
    assert any("Only 8 passages are present" in line for line in training.warnings_of(few))
    card = training.train_own(NARRATIVE, few, tmp_path / "m", codebook="1", ordinary=ordinary, options=QUICK)
    assert card.measured["average_precision"]["high"] - card.measured["average_precision"]["low"] > 0.1


def test_versions_of_one_text_alone_are_refused(examples: list[Example], tmp_path: Path) -> None:
    same = [Example(f"{SPELLINGS['sr-Latn']} {number}", "present") for number in range(10)]
    with pytest.raises(InputError, match="versions of the same text"):
        training.train_own(NARRATIVE, [*same, *examples[24:34]], tmp_path, codebook="1", ordinary=[], options=QUICK)


def test_a_labelled_passage_is_no_ordinary_one(examples: list[Example]) -> None:
    rows = training.prepare(examples, [examples[0].text.upper(), "Krejt tjetër gjë, për buxhetin."])
    assert rows.counted.rows == len(examples) + 1


# -- thresholds -------------------------------------------------------------------------------------------------------


def _rows(present: int, absent: int, ordinary: int) -> Labelled:
    texts = [f"fjala {number}" for number in range(present + absent + ordinary)]
    labels = [Example(text, "present" if at < present else "absent") for at, text in enumerate(texts[: present + absent])]
    return training.prepare(labels, texts[present + absent :])


@pytest.mark.parametrize(
    ("ordinary", "carried"), [(50, False), (3000, True)], ids=["too few ordinary passages", "three thousand"]
)
def test_showing_needs_enough_ordinary_passages(ordinary: int, carried: bool) -> None:
    """Forty right of forty and no false alarm: among 50 ordinary passages that says little of one in a hundred."""
    rows = _rows(40, 40, ordinary)
    thresholds, told = pick_own_thresholds(np.where(rows.truth == 1, 0.9, 0.1), rows, Validation())
    assert told["carried"] is carried and (thresholds.show_at <= 0.9) is carried
    assert thresholds.list_at == pytest.approx(0.9)


def test_false_alarms_forbid_showing() -> None:
    rows = _rows(40, 40, 3000)
    probabilities = np.where(rows.truth == 1, 0.9, 0.1)
    probabilities[100:160] = 0.95
    assert pick_own_thresholds(probabilities, rows, Validation())[0].show_at > 1


def test_the_store_can_forbid_showing() -> None:
    """Twenty of 1,000 stored passages shown: were one in two hundred right, as assumed, three of four tags would be wrong."""
    rows = _rows(40, 40, 3000)
    probabilities = np.where(rows.truth == 1, 0.9, 0.1)
    few, many = np.full(1000, 0.1), np.full(1000, 0.1)
    few[:2], many[:20] = 0.95, 0.95
    assert pick_own_thresholds(probabilities, rows, Validation(), few)[0].show_at < 1
    assert pick_own_thresholds(probabilities, rows, Validation(), many)[0].show_at > 1
    assert pick_own_thresholds(probabilities, rows, Validation(), many[:50])[0].show_at < 1


def test_unlabelled_passages_are_counted_and_teach_nothing(
    folder: Path, examples: list[Example], ordinary: list[str], tmp_path: Path
) -> None:
    stored = [*SPELLINGS.values(), examples[0].text, "Nesër hapet biblioteka e re në qytet."]
    card = training.train_own(
        NARRATIVE,
        examples,
        tmp_path / "m",
        codebook="1",
        ordinary=ordinary,
        unlabelled=stored,
        options=QUICK,
        made_on=date(2026, 11, 21),
    )
    assert card.measured["store"]["passages"] == 4 and card.measured["store"]["listed"] >= 3
    assert (tmp_path / "m" / "weights.safetensors").read_bytes() == (folder / "weights.safetensors").read_bytes()


def test_calibration_stays_finite_where_all_is_separate(examples: list[Example]) -> None:
    rows = training.prepare(examples, [])
    left_out = leave_out(rows, QUICK)
    left_out.scores[:] = np.where(rows.truth == 1, 5.0, -5.0)
    slope, shift = fit_platt(left_out, rows.truth)
    assert 0.05 <= slope < 5 and abs(shift) < 5


def test_average_precision_is_scikit_learns() -> None:
    draw = np.random.default_rng(7)
    for _ in range(20):
        scores, truth = draw.integers(0, 30, 60) / 10, (draw.random(60) < 0.3).astype(np.int8)
        weights = draw.integers(0, 4, 60).astype(float)
        expected = average_precision_score(truth, scores, sample_weight=weights)
        assert _mean_ap(scores[None, :], truth, weights) == pytest.approx(expected)


# -- tagging ----------------------------------------------------------------------------------------------------------


def test_scripts_and_diacritics_do_not_move_the_score(model: OwnModel) -> None:
    latin, cyrillic, ascii_ = model.probabilities(list(SPELLINGS.values()))
    assert latin == cyrillic == ascii_ > 0.3


def test_saved_and_loaded_it_scores_as_it_was_trained(folder: Path, examples: list[Example]) -> None:
    scores = load_own(folder).probabilities([example.text for example in examples])
    present = np.array([example.is_present for example in examples])
    assert scores[present].min() > scores[~present].max()


def test_evidence_is_a_run_of_words_in_the_text(model: OwnModel, examples: list[Example]) -> None:
    seen = 0
    for example, answer in zip(examples, model.predict([PassageInput(one.text) for one in examples]), strict=True):
        assert set(answer.stances) == set(answer.evidence)
        for start, end in answer.evidence.get(NARRATIVE.id, ()):
            seen += 1
            assert 0 <= start < end <= len(example.text)
            assert start == 0 or not example.text[start - 1].isalnum()
            assert end == len(example.text) or not example.text[end].isalnum()
    assert seen >= 20


@pytest.mark.parametrize(
    "text", ["", "🙂🙂", "\x00\u202e", "<b>a</b>", "fjalë " * 5000], ids=["empty", "emoji", "control", "html", "long"]
)
def test_any_text_is_answered(model: OwnModel, text: str) -> None:
    (answer,) = model.predict([PassageInput(text)])
    assert 0 <= answer.narratives[NARRATIVE.id] <= 1
    start, end = model.evidence(text)
    assert 0 <= start <= end <= len(text)


def _with_stances(examples: Sequence[Example], stances: Sequence[str]) -> list[Example]:
    present = [one for one in examples if one.is_present]
    labelled = [Example(one.text, "present", stances[at % len(stances)]) for at, one in enumerate(present)]
    return [*labelled, *(one for one in examples if not one.is_present)]


@pytest.mark.parametrize(
    ("stances", "learned"),
    [(["endorse", "counter"], {"endorse", "counter"}), (["endorse", "counter", "report_neutral"], set())],
    ids=["12 of each", "8 of each"],
)
def test_stance_is_learned_from_ten_examples_on(
    examples: list[Example], ordinary: list[str], tmp_path: Path, stances: list[str], learned: set[str]
) -> None:
    given = _with_stances(examples, stances)
    training.train_own(NARRATIVE, given, tmp_path / "m", codebook="1", ordinary=ordinary, options=QUICK)
    model = load_own(tmp_path / "m")
    answers = [one.stances[NARRATIVE.id] for one in model.predict([PassageInput(one.text) for one in given]) if one.stances]
    assert answers and all(set(one) == (learned or {Stance.UNCLEAR.value}) for one in answers)
    assert all(sum(one.values()) == pytest.approx(1, abs=1e-4) for one in answers)


def test_beside_another_model_both_answer(model: OwnModel) -> None:
    base = load_model("baseline")
    both = CombinedModel(base, {NARRATIVE.id: model})
    passages = [PassageInput(text) for text in SPELLINGS.values()]
    for one, alone in zip(both.predict(passages), base.predict(passages), strict=True):
        assert {key: value for key, value in one.narratives.items() if key != NARRATIVE.id} == alone.narratives
        assert one.targets == alone.targets and NARRATIVE.id in one.stances
    assert both.version != base.version and both.codebook == base.codebook
    assert both.thresholds(NARRATIVE.id) == model.thresholds(NARRATIVE.id) != Thresholds(1.0, 1.0)
    assert both.thresholds("returnee_rejection") == base.thresholds("returnee_rejection")


@pytest.mark.parametrize("what", ["pickle", "changed"])
def test_a_model_that_cannot_be_trusted_is_one_line(folder: Path, tmp_path: Path, what: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy" / "model"))
    if what == "pickle":
        (copy / "weights.pkl").write_bytes(b"\x80\x04N.")
    else:
        (copy / "vocabulary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_model(str(copy))
    assert "\n" not in str(caught.value)


# -- suggestions ------------------------------------------------------------------------------------------------------


def test_suggestions_find_what_random_ones_miss(examples: list[Example]) -> None:
    rows = [row for row in read_corpus(TRAIN)[::3] if row.text not in {one.text for one in examples}]
    carries = [any(item.narrative == "returnee_rejection" for item in row.annotations) for row in rows]
    chosen = suggest([row.text for row in rows], examples, NARRATIVE.definition, n=30)
    found = sum(carries[one.at] for one in chosen) / 30
    assert found > 4 * sum(carries) / len(rows)
    assert [one.why for one in chosen[:3]] == [LIKELY, UNCERTAIN, DIFFERENT]
    assert len({one.at for one in chosen}) == 30


@pytest.mark.parametrize("lang", ["sq", "sr"])
def test_labels_in_one_language_find_candidates_in_the_other_by_vectors(examples: list[Example], lang: str) -> None:
    known = [one for one in examples if (one.lang or "").startswith(lang)]
    rows = [row for row in read_corpus(TRAIN)[::2] if not row.lang.startswith(lang)]
    carries = [any(item.narrative == "returnee_rejection" for item in row.annotations) for row in rows]
    texts = [row.text for row in rows]
    found = [
        sum(carries[one.at] for one in suggest(texts, known, NARRATIVE.definition, n=60, encoder=encoder))
        for encoder in (None, load_sentence_encoder())
    ]
    assert found[1] > found[0]


def test_suggestions_pass_over_what_is_known(examples: list[Example]) -> None:
    texts = [
        *SPELLINGS.values(),
        examples[0].text,
        "Nesër hapet biblioteka e re në qytet.",
        "Sutra se otvara nova biblioteka u gradu.",
    ]
    chosen = suggest(texts, examples, "d", n=10, leave_out={key_of(texts[4])})
    assert [texts[one.at] for one in chosen if one.at >= 3] == [texts[5]]
    assert sum(one.at < 3 for one in chosen) == 1  # one spelling of the three


def test_without_labels_the_definition_leads() -> None:
    texts = ["Nesër hapet biblioteka e re.", "Le të qëndrojnë atje ku luftuan.", "Çmimi i bukës u rrit prapë."]
    first = suggest(texts, [], "Të qëndrojnë atje ku luftuan", n=1)[0]
    assert first.at == 1 and first.why == LIKELY
    assert suggest([], [], "d", n=5) == [] and suggest(texts, [], "d", n=0) == []
