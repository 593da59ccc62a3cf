"""A vendor's text tape as chunks of rows, as its format says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from sor.core.feed import ROUND_LOT
from sor.core.market.batch import Form
from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import BLOCK_BYTES, Block, ByteTape, in_background
from sor.tapes.rows import BadRow, Kind, RowChunk
from sor.tapes.symbols.symbol_codes import SymbolCodes
from sor.tapes.text.bad_rows import BadRowLog
from sor.tapes.text.columns import TextReader
from sor.tapes.vendor.beside import side_by_side
from sor.tapes.vendor.decode.decoder import FormatDecoder
from sor.tapes.vendor.decode.ordered_rows import OrderedRows
from sor.tapes.vendor.in_order import InOrder
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.spec import FormatSpec
from sor.tapes.vendor.unit import hint_for


class FormatReader:
    """A text tape in a vendor's format. See `RowReader`."""

    def __init__(self, tape: ByteTape, layout: Layout, lot: int | None = None, block_bytes: int = BLOCK_BYTES) -> None:
        self._tape, self._layout, self._spec, self._lot = tape, layout, layout.spec, lot
        self._block_bytes = block_bytes
        self._codes = SymbolCodes()
        self._decoder = FormatDecoder(layout, self._codes, lot)
        self._text = TextReader(layout.places, len(layout.names), layout.spec.delimiter, self._decoder.plain)
        self._log = BadRowLog(tape.path)
        self._footer: list[str] | None = None
        self._lines_read = 0
        self.form = layout.spec.form
        self.prints_late = layout.spec.prints_late
        self.kind = _kind(layout.spec)
        self.has_names = layout.names_stocks
        self.has_venues = layout.spec.has_venues
        self.stated = layout.stated()

    @property
    def symbols(self) -> list[str | None]:
        return self._codes.symbols

    @property
    def bad_rows(self) -> int:
        return self._log.bad_rows

    @property
    def first_bad(self) -> str | None:
        return self._log.first_bad

    @property
    def notes(self) -> list[str]:
        return [*self._log.notes, *self._decoder.notes()]

    @property
    def round_lot(self) -> int:
        return self._decoder.lots.largest if self._decoder.lots.largest > 1 else ROUND_LOT

    def chunks(self) -> Iterator[RowChunk]:
        ordered = InOrder(len(self._spec.order))
        with ExitStack() as stack:
            for block in in_background(self._blocks(stack)):
                yield from ordered.on_rows(self._read(self._rows_of(block)))
        yield from ordered.remaining()
        self._check_the_end()

    def _blocks(self, stack: ExitStack) -> Iterator[Block]:
        blocks = self._tape.blocks(self._block_bytes)
        if self._layout.beside is None:
            return blocks
        other = stack.enter_context(ByteTape(self._layout.beside))
        return side_by_side(blocks, other.blocks(self._block_bytes), self._tape.path, self._layout.beside)

    def _rows_of(self, block: Block) -> Block:
        """The block without the header and without the footer."""
        if block.first_line == 1 and self._layout.has_header:
            block = Block(block.data.partition(b"\n")[2], 2, block.lines - 1)
        elif block.first_line == 1:
            block = replace(block, data=block.data.removeprefix(b"\xef\xbb\xbf"))
        footer = self._spec.footer
        if footer is None or footer.starts.encode() not in block.data:
            return block
        lines = block.data.split(b"\n")
        for place, line in enumerate(lines):
            if line.startswith(footer.starts.encode()):
                self._footer = line.decode("latin-1").split(self._spec.delimiter)
                lines[place] = b""  # an empty line is no row, and the lines keep their numbers
        return replace(block, data=b"\n".join(lines))

    def _read(self, block: Block) -> OrderedRows:
        bad: list[BadRow] = []
        table, lines = self._text.read(block, bad)
        self._lines_read += len(lines) + len(bad)
        self._log.look_at(lines, bad)
        hint = hint_for(self._spec, self._spec.event.read[0])
        try:
            decoded = self._decoder.decode(table, lines, bad)
        except InputError as error:
            self._log.note(bad, block, hint)  # a first row that cannot be read comes first, whatever the blocks
            raise InputError(f"{self._tape.path}: {error}") from None
        self._log.good_rows += len(decoded.rows)
        self._log.note(bad, block, hint)
        return decoded

    def _check_the_end(self) -> None:
        path, footer = self._tape.path, self._spec.footer
        if not self._log.good_rows and not self._log.bad_rows and self._decoder.left_out:
            raise InputError(f"{path}: all rows were left out: {' '.join(self.notes)}")
        self._log.check_the_end()
        if footer is not None and footer.rows is not None and self._footer and len(self._footer) > footer.rows:
            said = self._footer[footer.rows].strip()
            if len(said) < 20 and said.isascii() and said.isdigit() and int(said) != self._lines_read:
                raise InputError(
                    f"{path}: its last line says {int(said):,} rows and there are {self._lines_read:,}: "
                    "copy or download the file again"
                )
        if self._lot is None and self._decoder.lots.old_sizes and self._decoder.lots.is_only_hundreds:
            raise InputError(
                f"{path}: the format {self._spec.name} counts displayed sizes in round lots of 100 before "
                f"{self._spec.lots[0][0]}, and all sizes of this file are multiples of 100: say --lot 1 if they are "
                "shares, --lot 100 if they are round lots"
            )


def _kind(spec: FormatSpec) -> Kind:
    """What its rows are, beside other files of the same publishers."""
    if spec.holds == "trades":
        return Kind.TRADES
    if spec.holds == "quotes":
        return Kind.QUOTES
    return Kind.CMBP_1 if spec.form is Form.NBBO else Kind.MBP_1
