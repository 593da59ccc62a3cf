"""Layers around the bytes of a tape: compression, a zip with one file, UTF-16. Content tells, never a name."""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa

from sor.errors import InputError


class Bytes(Protocol):
    """What gives bytes: up to `size`, none only at the end."""

    def read(self, size: int) -> bytes: ...


DAMAGES = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, pa.ArrowException)

_GZIP, _ZSTD, _BZIP2, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_MOST_LAYERS = 3  # a zip of a gzip of UTF-16
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

_DBZ = "DBZ, the vendor's older form of DBN: convert it with the `dbn` program"

# Files that are no tape, by their first bytes: what they are, and what to do.
_STRANGERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it",
    b"\xfd7zXZ\x00": "compressed with xz: unpack it (xz -d), or compress it with gzip or zstd",
    b"Rar!": "a rar archive: unpack it",
    b"ARROW1": "an Arrow (Feather) file: write it as Parquet or CSV",
    b"\x89HDF": "an HDF5 file: write it as CSV, or pass the DataFrame to sor.backtest(tape=...)",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save it as CSV",
    b"%PDF": "a PDF",
    b"DBZ": _DBZ,
    **{bytes([number]) + b"\x2a\x4d\x18": _DBZ for number in range(0x50, 0x60)},  # its header is a frame to be skipped
}


class Unpacked:
    """A file's bytes without their layers.

    layers: their names, outermost first ("gzip", "zip" ...); inner_name: the name of the file inside a zip.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        self.inner_name: str | None = None
        self.layers: list[str] = []
        self.stream: Bytes = file
        self._start = file.peek(8)[:8]
        for _ in range(_MOST_LAYERS):
            if not self._unwrap(file):
                break
            file = None
        self._refuse_strangers()
        if not self.layers:
            self._start = b""  # it was looked at, and not taken

    def read(self, size: int) -> bytes:
        try:
            piece = self._start or self.stream.read(size)
            self._start = b""
        except DAMAGES as error:
            text = str(error)
            what = "cut off before its end" if "runcated" in text or isinstance(error, EOFError) else "damaged"
            where = f"the {self.layers[-1]} stream is {what}" if self.layers else text
            raise InputError(f"{self._path}: {where}: copy or download the file again") from None
        return piece

    def _unwrap(self, file: Any) -> bool:
        """Take one layer off, if there is one. `file` is the file itself while nothing was read of it."""
        start = self._start
        layer = next((name for magic, name in _LAYERS.items() if start.startswith(magic)), None)
        if layer is None:
            return False
        whole = file if file is not None else _Rest(start, self.stream)
        self.layers.append(layer)
        if layer == "zip":
            self.stream = self._only_member(whole)
        elif layer == "gzip":
            self.stream = cast(Bytes, gzip.GzipFile(fileobj=cast(Any, whole)))
        elif layer in _UTF_16.values():
            self.stream = _Utf8(whole, layer)
        else:
            self.stream = pa.CompressedInputStream(pa.PythonFile(whole, "r"), layer)
        self._start = b""
        self._start = self.read(8)
        if not self._start:
            raise InputError(f"{self._path}: the file is empty: a tape has a header and rows")
        return True

    def _only_member(self, whole: Any) -> Bytes:
        if not hasattr(whole, "seek"):
            raise InputError(f"{self._path}: a zip within another file: unpack it")
        try:
            archive = zipfile.ZipFile(whole)
        except (zipfile.BadZipFile, OSError, ValueError):
            raise InputError(f"{self._path}: the zip archive is damaged: copy or download the file again") from None
        members = [member for member in archive.infolist() if not member.is_dir()]
        names = ", ".join(ascii(member.filename)[1:-1] for member in members[:8]) or "none"
        if "[Content_Types].xml" in names:
            raise InputError(f"{self._path}: an Excel workbook: save the sheet as CSV")
        if len(members) != 1:
            raise InputError(
                f"{self._path}: a zip with {len(members)} files ({names}): unpack it, and name the tape that is wanted"
            )
        if members[0].flag_bits & 1:
            raise InputError(f"{self._path}: the zip archive is locked with a password: unpack it")
        self.inner_name = members[0].filename.rpartition("/")[2]
        try:
            return cast(Bytes, archive.open(members[0]))
        except (NotImplementedError, RuntimeError, *DAMAGES) as error:
            raise InputError(f"{self._path}: the zip archive cannot be read ({error}): unpack it") from None

    def _refuse_strangers(self) -> None:
        for magic, what in _STRANGERS.items():
            if self._start.startswith(magic):
                raise InputError(f"{self._path}: this is no tape but {what}")


_LAYERS = {_GZIP: "gzip", _ZSTD: "zstd", _BZIP2: "bz2", _ZIP: "zip", _EMPTY_ZIP: "zip"} | _UTF_16


class _Rest:
    """Some bytes that were read ahead, and the stream they came from."""

    closed = False

    def __init__(self, start: bytes, stream: Bytes) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if self._start:
            size = size if size >= 0 else len(self._start)
            piece, self._start = self._start[:size], self._start[size:]
            return piece
        return self._stream.read(size if size >= 0 else 2**16)


class _Utf8:
    """UTF-16 text with a byte order mark, as UTF-8 without one."""

    def __init__(self, stream: Bytes, name: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(name)()
        self._is_first = True

    def read(self, size: int) -> bytes:
        while piece := self._stream.read(size):
            text = self._decoder.decode(piece)
            if self._is_first:
                text, self._is_first = text.removeprefix("\ufeff"), False
            if text:
                return text.encode()
        self._decoder.decode(b"", True)
        return b""
