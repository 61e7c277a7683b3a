"""Finds a Hugging Face encoder in a folder or on the hub and loads it, safe formats only (needs the `train` extra)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eho.errors import InputError, ModelError
from models.registry import PICKLES, file_digest
from models.transformer.body import TransformerBody

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
_SHARDS = "model.safetensors.index.json"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_ELSEWHERE = (
    "download its folder where there is a network (config.json, model.safetensors, tokenizer.json) and give that folder's path, "
    "or set HF_HUB_OFFLINE=1 where it was downloaded before; the shipped model goes on working"
)


def load_body(name: str) -> TransformerBody:
    """Load an encoder by folder or hub name. Code that comes with a model is never run, pickles are never read.

    Raises ModelError in one line: pickles only, a missing or broken file, a hub that cannot be reached or knows no such
    model; InputError for a path that does not exist.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        check_folder(folder)
        return _body(str(folder), _facts(folder), local=True)
    if folder.is_file():
        what = "is a pickle, which may run code when loaded" if folder.suffix.lower() in PICKLES else "is a file"
        raise ModelError(f"{name} {what}; give a folder with {CONFIG}, {WEIGHTS} and {TOKENIZER}.")
    if not _HUB_NAME.fullmatch(name):
        raise InputError(f"{name} does not exist; check the path, or give a name of the hub such as xlm-roberta-base.")
    return _body(
        name, {"name": name, "use": "pretrained encoder", "licence": "see its card on the hub"}, local=not _reaches_hub()
    )


def check_folder(folder: Path) -> None:
    """Raise ModelError unless the folder holds an encoder in safe formats. Pickles beside them are left unread."""
    if not (folder / WEIGHTS).is_file() and not (folder / _SHARDS).is_file():
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in PICKLES)
        if pickles:
            raise ModelError(
                f"{folder} holds its weights as {pickles[0]}, which may run code when loaded; get {WEIGHTS} from its page, or "
                "have whoever made it save it anew with save_pretrained, which writes that."
            )
        raise ModelError(f"{folder} holds no weights of a Hugging Face encoder: {WEIGHTS} is missing.")
    if not (folder / CONFIG).is_file():
        raise ModelError(f"{folder} holds no Hugging Face encoder: {CONFIG} is missing.")
    if not (folder / TOKENIZER).is_file():
        raise ModelError(f"{folder} has no {TOKENIZER}; save its tokenizer as a fast one: AutoTokenizer(…).save_pretrained.")


def _facts(folder: Path) -> dict[str, Any]:
    digests = {path.name: file_digest(path) for path in sorted(folder.glob("*.safetensors"))}
    return {"name": folder.resolve().name, "use": "pretrained encoder", "licence": "not stated; see where it came from"} | {
        "sha256": digests
    }


def _reaches_hub() -> bool:
    """Ask once: the libraries ask for every file and wait between tries, which takes a minute where there is no network."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=10)
    except Exception:  # noqa: BLE001 - whatever it is, what was downloaded before is then looked for
        return False
    return True


def _body(source: str, facts: Mapping[str, Any], *, local: bool) -> TransformerBody:
    import transformers
    from torch import float32

    with _quiet(transformers), _one_line(source):
        tokenizer = _tokenizer(source, local=local)
        encoder, told = transformers.AutoModel.from_pretrained(
            source,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=local,
            dtype=float32,
            output_loading_info=True,
        )
    missing = sorted(key for key in told["missing_keys"] if "pooler" not in key and "position_ids" not in key)
    if missing:
        raise ModelError(
            f"{source} lacks {len(missing)} weights of its encoder, {missing[0]} among them; its {CONFIG} and weights differ."
        )
    if encoder.config.is_encoder_decoder:
        raise ModelError(
            f"{source} writes text from text ({encoder.config.model_type}); give an encoder such as xlm-roberta-base."
        )
    revision = getattr(encoder.config, "_commit_hash", None)
    return TransformerBody(encoder, tokenizer, {**facts, **({"revision": revision} if revision else {})})


def _tokenizer(source: str, *, local: bool) -> Any:
    """Return the tokenizer as its file says; one of the hub without the file is put together by transformers."""
    from tokenizers import Tokenizer

    if Path(source).is_dir():
        return Tokenizer.from_file(str(Path(source) / TOKENIZER))
    from transformers import AutoTokenizer

    slow = AutoTokenizer.from_pretrained(source, use_fast=True, trust_remote_code=False, local_files_only=local)
    fast = getattr(slow, "backend_tokenizer", None)
    if fast is None:
        raise ModelError(f"{source} has no fast tokenizer ({TOKENIZER}); choose another encoder.")
    return Tokenizer.from_str(fast.to_str())  # free of the truncation that transformers sets on its own


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keep transformers' remarks off standard error, and its bars where that is no terminal."""
    logs = transformers.utils.logging
    before, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    if not sys.stderr.isatty():
        logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(before)
        if bars:
            logs.enable_progress_bar()


@contextmanager
def _one_line(source: str) -> Iterator[None]:
    """Turn whatever a library raises over a model into one line that says what to do."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # transformers, huggingface_hub, httpx, safetensors and tokenizers raise types of their own
        raise ModelError(_reason(source, error)) from error


def _reason(source: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    causes = {type(one).__name__ for one in _chain(error)}
    if "trust_remote_code" in text:
        return f"{source} brings code of its own, which Eho never runs; choose another encoder."
    if Path(source).is_dir():
        return f"{source} cannot be read ({type(error).__name__}: {text[:200]}); get it anew from where it came."
    if causes & _NOT_THERE:
        return f"The hub has no open model {source!r}; check the name, or log in with `hf auth login` where it is closed."
    if causes & _UNREACHED:
        return f"The hub cannot be reached for {source!r}: {_ELSEWHERE}."
    if "safetensors" in text:
        return f"{source} has no safetensors weights on the hub, and pickles are not read; choose another encoder."
    return f"{source!r} cannot be loaded ({type(error).__name__}: {text[:200]}); {_ELSEWHERE}."


_NOT_THERE = frozenset({"RepositoryNotFoundError", "RevisionNotFoundError", "GatedRepoError"})
_UNREACHED = frozenset(
    {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectError", "ConnectTimeout", "ReadTimeout", "ProxyError"}
)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
