"""Databento's CSV as chunks of rows: blocks of lines to typed columns, and a second careful look at odd blocks.

A block is first parsed as a whole with the types that the form promises. Where that fails its fields are read as
texts, by the decoder of all formats: sizes such as 800.0, times of mixed forms and decimals that went through a binary
float are fine there, and rows that are none are counted. So a row is good or bad by itself, however the file is cut
into blocks. A line feed always ends a row, also within quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sor.core.feed import ROUND_LOT
from sor.tapes.bytes.byte_blocks import BLOCK_BYTES, Block, ByteTape, in_background
from sor.tapes.csv.decode import Decoder
from sor.tapes.csv.form import CsvForm, detect_form
from sor.tapes.csv.typed import TypedParser
from sor.tapes.rows import BadRow, RowChunk, VenueReader, empty_rows
from sor.tapes.symbols.symbol_codes import SymbolCodes
from sor.tapes.text.bad_rows import BadRowLog
from sor.tapes.text.columns import TextReader, has_plain_ends

if TYPE_CHECKING:
    from sor.tapes.vendor.decode.decoder import FormatDecoder
    from sor.tapes.vendor.layout import Layout


class CsvReader(VenueReader):
    """A CSV tape as chunks of rows. See `RowReader` for what it says of them."""

    def __init__(
        self, tape: ByteTape, block_bytes: int = BLOCK_BYTES, *, clock: str = "event", lot: int | None = None
    ) -> None:
        self._tape = tape
        self._lot = 1 if lot is None else lot
        self._block_bytes = block_bytes
        self._form = detect_form(tape, clock)
        self.kind = self._form.kind
        self.has_names = self._form.has_names
        self.has_venues = self._form.has_venues
        self._codes = SymbolCodes()
        self._parser = TypedParser(self._form)
        self._decoder = Decoder(self._form, self._codes, self._lot)
        self._careful: tuple[TextReader, FormatDecoder] | None = None
        self._log = BadRowLog(tape.path)

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
        return [*self._log.notes, *(self._careful[1].notes() if self._careful else ())]

    @property
    def round_lot(self) -> int:
        return self._lot if self._lot > 1 else ROUND_LOT

    def chunks(self) -> Iterator[RowChunk]:
        for block in in_background(self._tape.blocks(self._block_bytes)):
            rows = self._read(_without_header(block))
            if len(rows):
                yield rows
        self._log.check_the_end()

    def _read(self, block: Block) -> RowChunk:
        if not block.data:
            return empty_rows()
        bad: list[BadRow] = []
        table = self._parser.parse(block.data, block.lines) if has_plain_ends(block.data) else None
        rows = self._decoder.rows(table) if table is not None else None
        if rows is None:
            rows = self._read_carefully(block, bad)
        else:
            self._log.lines(block.first_line, block.first_line + block.lines - 1)
        self._log.good_rows += len(rows)
        if bad:
            self._note(bad, block)
        return rows

    def _note(self, bad: list[BadRow], block: Block) -> None:
        from sor.tapes.vendor.shipped import shipped
        from sor.tapes.vendor.unit import hint_for

        self._log.note(bad, block, hint_for(shipped("databento"), self._form.name_of("ts")))

    def _read_carefully(self, block: Block, bad: list[BadRow]) -> RowChunk:
        if self._careful is None:
            from sor.tapes.vendor.decode.decoder import FormatDecoder

            layout = _layout(self._form)
            decoder = FormatDecoder(layout, self._codes, self._lot, is_lenient=True)
            self._careful = TextReader(layout.places, self._form.width, ",", decoder.plain), decoder
        text, decoder = self._careful
        table, lines = text.read(block, bad)
        self._log.look_at(lines, bad)
        return decoder.decode(table, lines, bad).rows


def _layout(form: CsvForm) -> Layout:
    """The same form as the decoder of all formats has it."""
    from sor.tapes.vendor.layout import Layout
    from sor.tapes.vendor.shipped import shipped

    spec = shipped("databento")
    if not form.has_venues:
        spec = spec.without_venues() or spec
    event = replace(spec.event, read=(form.name_of("ts"),))
    symbol = (form.name_of("symbol"),) if "symbol" in form.columns else ()
    trade = spec.trade if "action" in form.columns else None
    places = {form.names[place]: place for place in form.columns.values()}
    return Layout(
        spec=replace(spec, event=event, symbol=symbol, symbol_else=(), trade=trade),
        names=form.names,
        places=places,
        has_header=True,
        day=None,
        symbol=None,
        is_raw=form.raw_prices,
    )


def _without_header(block: Block) -> Block:
    if block.first_line > 1:
        return block
    return Block(block.data.partition(b"\n")[2], 2, block.lines - 1)
