"""The doctor from the screen: what `sor doctor` says, with the command that fixes each fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import SHORT, driving

from sor.doctor import examine, server_layout
from tui.screens.dialogs import Findings


async def test_the_doctor_says_on_the_screen_what_the_command_says() -> None:
    expected = {f.name: f for f in examine("127.0.0.1:1")}
    async with driving({**SHORT, "servers": "127.0.0.1:1"}, (140, 40), tape_is_read=False) as d:
        await d.press("f6", "x")
        await d.until(lambda: isinstance(d.app.screen, Findings))
        await d.until(lambda: all(name in d.text() for name in expected))
        assert expected["broker"].seen[:60] in d.text()
        assert "fix" in d.text()
        await d.press("escape")
        assert not isinstance(d.app.screen, Findings)


@pytest.mark.parametrize("server", [False, True])
async def test_on_a_server_the_screen_offers_no_broker_of_its_own(
    server: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if server:
        (tmp_path / "kafka.service").touch()
    monkeypatch.setattr(server_layout, "UNITS", tmp_path)
    async with driving({**SHORT, "servers": "127.0.0.1:1"}, (140, 40), tape_is_read=False) as d:
        await d.press("f6")
        await d.until(lambda: "does not serve" in d.text())
        assert ("Start local broker" in d.text()) is not server
        assert ("sudo systemctl start kafka starts it" in d.text()) is server
        said = [command.title for command in d.app.get_system_commands(d.app.screen)]
        assert ("Start local broker" in said) is not server
