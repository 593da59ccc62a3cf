"""The doctor from the screen: what `sor doctor` says, with the command that mends each fault."""

from __future__ import annotations

from driving import SHORT, driving

from sor.doctor import examine
from tui.screens.dialogs import Findings


async def test_the_doctor_says_on_the_screen_what_the_command_says() -> None:
    expected = {f.name: f for f in examine("127.0.0.1:1")}
    async with driving({**SHORT, "servers": "127.0.0.1:1"}, (140, 40)) as d:
        await d.press("f6", "x")
        await d.until(lambda: isinstance(d.app.screen, Findings))
        await d.until(lambda: all(name in d.text() for name in expected))
        assert expected["broker"].seen[:60] in d.text()
        assert "mend" in d.text()
        await d.press("escape")
        assert not isinstance(d.app.screen, Findings)
