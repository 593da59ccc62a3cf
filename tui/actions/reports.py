"""Reports: shown, saved, copied, opened, and their fills fetched when somebody wants to see them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sor.errors import SorError
from sor.files.writing import write_whole
from tui.actions.base import BaseApp
from tui.messages import FillsRequest, KeptFills, Saved, SaveRequest
from tui.screens.dialogs import AskPath
from tui.state.app_state import Opened, open_report


class Reports(BaseApp):
    def _shown(self) -> Opened | None:
        if self.app_state.shown is None:
            self.say("there is no report yet: F2 to set up a run, o to open a saved one", "error")
        return self.app_state.shown

    def show_report(self, opened: Opened) -> None:
        self.app_state.show(opened)
        self.say("")
        self.action_page("result")
        self._refresh("result")
        self.refresh_bindings()

    # -- save and copy -------------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        shown = self._shown()
        if shown is None:
            return
        if not shown.run:
            self.say("of this report there is the file only, no fills or pictures: j saves its JSON", "error")
            return
        hint = "the report, its fills and its pictures are written there, as by sor backtest --out"
        self.push_screen(AskPath("Save to folder", hint, _stamp("sor-report")), self._save)

    def _save(self, folder: str | None) -> None:
        shown = self.app_state.shown
        if folder and shown is not None:
            self.say("saving...", "note")
            self._help(SaveRequest(shown.run, str(Path(folder).expanduser())))

    def _saved(self, event: Saved) -> None:
        folder = Path(event.paths[0]).parent
        self.say(f"saved in {folder}: {', '.join(Path(path).name for path in event.paths)}", "done")
        if self.app_state.shown is not None:
            self.app_state.pages[self.app_state.shown.name] = folder
        self._refresh("result")

    def action_save_json(self) -> None:
        if self._shown() is not None:
            path = _stamp("sor-report") + ".json"
            self.push_screen(AskPath("Save JSON as", "the bytes of sor backtest --json", path), self._save_json)

    def _save_json(self, path: str | None) -> None:
        shown = self.app_state.shown
        if not path or shown is None:
            return
        place = Path(path).expanduser()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, shown.text)
        except OSError as error:
            self.say(f"{path}: cannot write there ({error.strerror}); choose another place", "error")
            return
        self.say(f"saved as {place}", "done")

    def action_copy(self) -> None:
        shown = self._shown()
        if shown is not None:
            self.copy_to_clipboard(shown.text)
            self.say("the report's JSON was sent to the terminal's clipboard", "done")

    # -- open ----------------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        hint = "a file that sor backtest --json or j here has written, or a folder of --out"
        self.push_screen(AskPath("Open a saved report", hint), self.open_path)

    def open_path(self, path: str | None) -> None:
        if not path:
            return
        try:
            opened = open_report(path)
        except SorError as error:
            self.say(str(error), "error")
            return
        self.show_report(opened)

    def action_browse(self) -> None:
        """The report as a page, in whatever shows pages here; its place is said for where nothing does."""
        page = self.app_state.page
        if page is None:
            self.say("there is no page of this report yet: w saves one", "error")
            return
        self.say(f"the page is {page}", "done")
        self.open_url(page.as_uri())

    # -- fills ---------------------------------------------------------------------------------------------------------

    def fetch_fills(self) -> None:
        """Have a worker read the fills of the report that is shown, unless they are here already."""
        shown = self.app_state.shown
        if shown is not None and shown.run and self.app_state.fills_of != shown.run:
            self.app_state.fills_of, self.app_state.fills = shown.run, None
            self._help(FillsRequest(shown.run))

    def _fills_came(self, event: KeptFills) -> None:
        if event.run == self.app_state.fills_of:
            self.app_state.fills = event.fills
        self._refresh("result")


def _stamp(name: str) -> str:
    return f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
