"""`eho models list|show|train|use`: models and their cards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from api import cli_options as options
from api.output import chosen_format, print_json, print_line, print_rows, say
from eho.codebook import Codebook
from eho.errors import InputError
from eho.home import Home

if TYPE_CHECKING:
    from models.encoder.network import WordEncoder
    from models.registry import ModelCard
    from models.tagger.body import TaggerBody

_COLUMNS = ("name", "version", "codebook", "made_on", "licence", "folder")
_KINDS = ("baseline", "encoder", "tagger", "ner")
_HUB_RATE = 2e-5  # what large pretrained encoders are tuned with (Devlin et al. 2019); the small one bears more

Corpus = Annotated[
    Path | None,
    typer.Option("--corpus", metavar="PATH", help="Labelled passages: a file or folder of JSON lines."),
]


def models_list(as_json: options.AsJson = False, as_csv: options.AsCsv = False, as_table: options.AsTable = False) -> None:
    """List the models that come with Eho and your own."""
    from models.registry import list_models

    form = chosen_format(json=as_json, csv=as_csv, table=as_table)
    rows = [card.to_mapping() for card in list_models([Home.find().models])]
    print_rows(rows, _COLUMNS, form=form, query="models", snapshot="")


def models_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model's name, or its folder.")],
    as_json: options.AsJson = False,
) -> None:
    """Print a model's card: what it is for, its limits, its data, what was measured."""
    from api.wiring import Parts

    card = Parts(Home.find()).model_card(name).to_mapping()
    rows = [{"name": key, "value": value} for key, value in card.items()]
    print_rows(rows, ("name", "value"), form=chosen_format(json=as_json, csv=False, table=False), json_value=card)


def models_train(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="baseline: n-grams; encoder: pretraining; tagger: heads on an encoder; ner: names."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Folder of the new model; a stopped encoder goes on there.")
    ],
    corpus: Corpus = None,
    dev: Annotated[
        Path | None, typer.Option("--dev", metavar="PATH", help="tagger: labelled passages for calibration and thresholds.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            metavar="FOLDER|NAME",
            help="tagger: a pretrained encoder of eho models train encoder, the folder of a Hugging Face one, or its name on the "
            "hub; random without it.",
        ),
    ] = None,
    background: Annotated[
        list[Path] | None,
        typer.Option("--background", metavar="PATH", help="baseline: ordinary text, as negatives."),
    ] = None,
    translations: Annotated[
        Path | None, typer.Option("--translations", metavar="FOLDER", help="The corpus in the other languages.")
    ] = None,
    partner: Annotated[
        Path | None, typer.Option("--partner", metavar="FOLDER", help="tagger: a shipped n-gram model to add scores of.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="encoder: how many steps.")] = 1000,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="tagger: how often every row is seen.")] = 8,
    batch: Annotated[int, typer.Option("--batch", min=1, help="tagger: rows in a batch.")] = 32,
    accumulate: Annotated[
        int, typer.Option("--accumulate", min=1, help="tagger: batches added up before a step, where memory is short.")
    ] = 1,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0, help="tagger: learning rate of the encoder; 1.5e-4, on a Hugging Face one 2e-5."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="ner: the folder of the public sets; EHO_DATA by default.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The model's name; that of the folder by default.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Train a model and write it with its card. Public sets are read from EHO_DATA."""
    wanted = _Wanted(corpus, dev, encoder, background or [], translations, partner, epochs, batch, accumulate, rate, data)
    _check(kind, wanted)
    if kind == "encoder":
        _train_encoder(out, translations, steps)
        return
    card = _train(kind, wanted, out, name or out.resolve().name)
    if as_json:
        print_json(card.to_mapping())
    else:
        print_line(f"Wrote model {card.name} {card.version} to {out}.")


def models_use(
    name: Annotated[str, typer.Argument(metavar="NAME|FOLDER", help="A model's name, or its folder.")],
    as_json: options.AsJson = False,
) -> None:
    """Tag with this model from now on: check it, and write tag.model into the data folder's config.toml."""
    from api.model_choice import choose_model
    from api.wiring import Parts

    parts = Parts(Home.find())
    parts.require_home()
    try:
        with parts.home.writing("models use", parts.settings.home.lock_wait_s, say):
            choice = choose_model(parts, name)
    finally:
        parts.close()
    if as_json:
        print_json(choice.to_mapping())
        return
    print_line(
        f"Eho tags with {choice.name} {choice.version} from now on (tag.model = {choice.setting}; before: {choice.before})."
    )
    if choice.retag and choice.documents:
        print_line(
            f"The next eho run tags the {choice.documents} stored documents anew and updates the index; eho tag uses it now."
        )
    for remark in choice.remarks:
        print_line(remark)
    print_line("Start eho serve and eho watch anew where they run: they keep the model they began with.")


class _Wanted(NamedTuple):
    corpus: Path | None
    dev: Path | None
    encoder: str | None
    background: list[Path]
    translations: Path | None
    partner: Path | None
    epochs: int
    batch: int
    accumulate: int
    rate: float | None
    data: Path | None


def _check(kind: str, wanted: _Wanted) -> None:
    if kind not in _KINDS:
        raise InputError(f"There is no model kind {kind!r}; use {', '.join(_KINDS)}.", field="kind")
    for path in (wanted.corpus, wanted.dev, wanted.translations, wanted.partner, wanted.data, *wanted.background):
        if path is not None and not path.exists():
            raise InputError(f"{path} does not exist; check the path.")


def _train(kind: str, wanted: _Wanted, out: Path, name: str) -> ModelCard:
    from models.registry import require_new

    if kind == "ner":
        require_new(out)
        return _names(wanted.data or _data(), out, name)
    if wanted.corpus is None:
        raise InputError(f"A {kind} is trained on labelled passages; give --corpus.")
    require_new(out)
    if kind == "baseline":
        return _baseline(wanted, wanted.corpus, out, name)
    if wanted.dev is None:
        raise InputError("A tagger is calibrated on passages that it was not trained on; give --dev.")
    return _tagger(wanted, wanted.corpus, wanted.dev, out, name)


def _names(data: Path | None, out: Path, name: str) -> ModelCard:
    from models.entities.training import train_entities

    if data is None:
        raise InputError("Names are learnt from public sets; give --data, or set EHO_DATA to their folder.")
    return train_entities(data, out, name=name, say=say)


def _baseline(wanted: _Wanted, corpus: Path, out: Path, name: str) -> ModelCard:
    from models.training import train_baseline

    codebook = _codebook()
    families = {narrative.id: narrative.family for narrative in codebook.narratives}
    return train_baseline(
        corpus,
        wanted.background,
        families,
        codebook=codebook.tag,
        out=out,
        name=name,
        translations=wanted.translations,
        data=_data(),
        say=say,
    )


def _tagger(wanted: _Wanted, corpus: Path, dev: Path, out: Path, name: str) -> ModelCard:
    _need_training_libraries()
    from evaluation.augmentation import rewritings
    from models.encoder.network import WordEncoder
    from models.tagger.assembly import TaggerPlan, train_and_save
    from models.tagger.training import TaggerOptions

    body = _body(wanted.encoder)
    rate = wanted.rate or (TaggerOptions().encoder_rate if isinstance(body, WordEncoder) else _HUB_RATE)
    options = TaggerOptions(epochs=wanted.epochs, batch=wanted.batch, accumulate=wanted.accumulate, encoder_rate=rate)
    codebook = _codebook()
    families = {narrative.id: narrative.family for narrative in codebook.narratives if narrative.id != "other_harmful"}
    plan = TaggerPlan(
        corpus,
        dev,
        wanted.translations,
        _data(),
        partner=wanted.partner,
        rewritings=rewritings(codebook),
        options=options,
    )
    return train_and_save(body, plan, families, codebook=codebook.tag, out=out, name=name, say=say)


def _body(encoder: str | None) -> WordEncoder | TaggerBody:
    """Return the encoder that heads are put on: our own, untrained without a name, or a Hugging Face one."""
    from models.encoder.network import EncoderShape, WordEncoder
    from models.encoder.pretraining import load_encoder

    if encoder is None:
        return WordEncoder(EncoderShape())
    folder = Path(encoder).expanduser()
    if (folder / "encoder.json").is_file():
        return load_encoder(folder)
    from models.transformer.loading import load_body

    return load_body(encoder)


def _train_encoder(out: Path, translations: Path | None, steps: int) -> None:
    _need_training_libraries()
    data = _data()
    if data is None:
        raise InputError("An encoder is pretrained on public sets; set EHO_DATA to their folder.")
    from models.encoder.network import EncoderShape
    from models.encoder.pretraining import PretrainOptions, pretrain_on

    pretrain_on(data, out, EncoderShape(), PretrainOptions(steps=steps), translations, say)
    print_line(f"Wrote the encoder to {out}; eho models train tagger --encoder {out} puts heads on it.")


def _need_training_libraries() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise InputError("Training needs PyTorch, which is not installed; run: pip install 'eho[train]'.")


def _data() -> Path | None:
    value = os.environ.get("EHO_DATA")
    return Path(value).expanduser() if value else None


def _codebook() -> Codebook:
    home = Home.find()
    return Codebook.load(home.codebook if home.codebook.exists() else None)


COMMANDS: dict[str, Callable[..., None]] = {"list": models_list, "show": models_show, "train": models_train, "use": models_use}
