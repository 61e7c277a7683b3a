"""Sealed captures: files encrypted in chunks (AES-256-GCM), read at the same offsets as the plain file would be.

A sealed file is `EHOSEAL1`, 16 bytes of salt, then chunks: length of the plain bytes (4 bytes, big endian), nonce (12), the
encrypted bytes with their tag (16). The file's own key is derived from the home's key and the salt (HKDF, RFC 5869); number and
place of a chunk are authenticated with it, so chunks can neither be changed nor moved. A chunk that a killed run left
half-written ends the file; all before it can be read.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import stat
from bisect import bisect_right
from pathlib import Path
from typing import IO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from eho.errors import SealError

_MAGIC = b"EHOSEAL1"
_SALT, _NONCE, _TAG, _LENGTH = 16, 12, 16, 4
_HEAD = len(_MAGIC) + _SALT
_KEY_BYTES = 32
_LARGEST = 64 * 1024 * 1024  # of one chunk: more is a damaged length
_PIECE = 4 * 1024 * 1024  # longer writes are cut, so that reading a small record decrypts little
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SealingKey:
    """The key of one data folder. It is never printed."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _KEY_BYTES:
            raise SealError(
                f"A sealing key has {_KEY_BYTES} bytes, this one {len(secret)}; restore the key file from its backup."
            )
        self._secret = secret

    @classmethod
    def load(cls, path: Path) -> SealingKey:
        """Read the key file. Raises SealError where it is missing, broken or readable by others."""
        try:
            text = path.read_text(encoding="ascii")
            mode = path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            raise SealError(
                f"The key of the sealed captures, {path}, cannot be read ({error}); restore it from its backup."
            ) from error
        if os.name == "posix" and mode & _OTHERS:
            raise SealError(f"{path} may be read by others (mode {stat.S_IMODE(mode):o}); run chmod 600 on it.")
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except binascii.Error as error:
            raise SealError(f"{path} holds no key ({error}); restore it from its backup.") from error

    @classmethod
    def load_or_make(cls, path: Path) -> SealingKey:
        """Read the key file, or make one that only its owner may read. Raises SealError."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return cls.load(path)  # another process was faster
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii") + "\n")
                file.flush()
                os.fsync(file.fileno())
        return cls.load(path)

    def derive(self, purpose: bytes, salt: bytes | None = None) -> bytes:
        """Return 32 bytes for one purpose, from which nothing leads back to the key."""
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=salt, info=b"eho " + purpose).derive(self._secret)


class SealedWriter(io.RawIOBase):
    """Encrypts what is written; every flush ends a chunk. Places are those of the plain bytes."""

    def __init__(self, file: IO[bytes], key: SealingKey) -> None:
        super().__init__()
        salt = os.urandom(_SALT)
        self._file = file
        self._cipher = AESGCM(key.derive(b"capture", salt))
        self._chunks, self._at = 0, 0
        self._waiting = bytearray()
        file.write(_MAGIC + salt)

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: object) -> int:
        """Take bytes; they are on their way to the disk after the next flush."""
        content = bytes(cast(bytes, data))
        self._waiting += content
        return len(content)

    def tell(self) -> int:
        """Return how many plain bytes were written."""
        return self._at + len(self._waiting)

    def flush(self) -> None:
        """Seal what waits and hand it to the operating system."""
        if self.closed or self._file.closed:
            return
        while self._waiting:
            piece = bytes(self._waiting[:_PIECE])
            nonce = os.urandom(_NONCE)
            sealed = self._cipher.encrypt(nonce, piece, _place(self._chunks, self._at))
            self._file.write(len(piece).to_bytes(_LENGTH, "big") + nonce + sealed)
            self._chunks, self._at = self._chunks + 1, self._at + len(piece)
            del self._waiting[: len(piece)]
        self._file.flush()

    def close(self) -> None:
        """Seal what waits and close the file."""
        if not self.closed:
            self.flush()
            self._file.close()
        super().close()


class SealedReader(io.RawIOBase):
    """Reads a sealed file at places of the plain bytes. `is_cut`: the last chunk was half-written."""

    def __init__(self, file: IO[bytes], key: SealingKey, name: str) -> None:
        super().__init__()
        self._file, self._name = file, name
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            raise SealError(f"{name} is cut off before its first chunk; nothing of it can be read.")
        self._cipher = AESGCM(key.derive(b"capture", head[len(_MAGIC) :]))
        self._starts, self._places, self.size, self.is_cut = _scan(file)
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place among the plain bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place among the plain bytes."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        """Fill a buffer from the chunk at the present place. Raises SealError where the chunk is not what was written."""
        view = memoryview(cast(bytearray, buffer)).cast("B")
        if self._at >= self.size or not len(view):
            return 0
        chunk = bisect_right(self._starts, self._at) - 1
        content = self._open_chunk(chunk)
        first = self._at - self._starts[chunk]
        piece = content[first : first + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _open_chunk(self, chunk: int) -> bytes:
        if self._held[0] != chunk:
            self._file.seek(self._places[chunk])
            length = int.from_bytes(self._file.read(_LENGTH), "big")
            nonce = self._file.read(_NONCE)
            sealed = self._file.read(length + _TAG)
            try:
                self._held = (chunk, self._cipher.decrypt(nonce, sealed, _place(chunk, self._starts[chunk])))
            except InvalidTag as error:
                raise SealError(
                    f"{self._name} cannot be unsealed: its key is another one, or chunk {chunk} was changed. "
                    "Set privacy.key_file to the key that it was sealed with."
                ) from error
        return self._held[1]


def is_sealed(path: Path) -> bool:
    """True for a file that begins as sealed ones do."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def open_capture(path: Path, key: SealingKey | None) -> io.BufferedReader:
    """Open a capture for reading, sealed or plain. Raises SealError where it is sealed and there is no key, or another one."""
    file = path.open("rb")
    if file.read(len(_MAGIC)) != _MAGIC:
        file.seek(0)
        return file
    if key is None:
        file.close()
        raise SealError(f"{path.name} is sealed, and its key is not here; set privacy.key_file to it.")
    file.seek(0)
    return io.BufferedReader(SealedReader(file, key, path.name))


def is_cut(stream: io.BufferedReader) -> bool:
    """True for a sealed file whose last chunk was half-written."""
    return isinstance(stream.raw, SealedReader) and stream.raw.is_cut


def seal_file(path: Path, key: SealingKey) -> bool:
    """Seal a plain capture in its place; False where it is sealed already. The plain file is overwritten, then removed.

    Overwriting reaches the blocks of a plain disk; flash storage and snapshots of file systems may keep older ones.
    """
    if is_sealed(path):
        return False
    made = path.with_name(path.name + ".sealing")
    with path.open("rb") as plain, made.open("wb") as target:
        writer = SealedWriter(target, key)
        while piece := plain.read(_PIECE):
            writer.write(piece)
            writer.flush()
        target.flush()
        os.fsync(target.fileno())
    old = path.with_name(path.name + ".plain")
    old.unlink(missing_ok=True)
    os.link(path, old)  # a second name of the same bytes, so that they can be overwritten after the sealed file took the first
    made.replace(path)
    _wipe(old)
    return True


def wipe_remains(folder: Path) -> None:
    """Overwrite and remove what a sealing that was cut off left beside captures."""
    for old in [*folder.rglob("*.plain"), *folder.rglob("*.sealing")]:
        _wipe(old)


def _wipe(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        for start in range(0, size, _PIECE):
            file.write(bytes(min(_PIECE, size - start)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _place(chunk: int, start: int) -> bytes:
    return _MAGIC + chunk.to_bytes(8, "big") + start.to_bytes(8, "big")


def _scan(file: IO[bytes]) -> tuple[list[int], list[int], int, bool]:
    """Return plain starts and file places of all whole chunks, the plain size, and whether a cut one follows."""
    starts: list[int] = []
    places: list[int] = []
    end = file.seek(0, io.SEEK_END)
    place, size = _HEAD, 0
    while place < end:
        file.seek(place)
        length = int.from_bytes(file.read(_LENGTH), "big")
        after = place + _LENGTH + _NONCE + length + _TAG
        if after > end or length > _LARGEST:
            return starts, places, size, True
        starts.append(size)
        places.append(place)
        size, place = size + length, after
    return starts, places, size, False
