"""The broker from the screen: looked at while its page is shown, started, stopped, examined."""

from __future__ import annotations

from collections import deque

from sor.doctor.server_layout import is_server
from tui.actions.base import BaseApp
from tui.actions.workers import Worker
from tui.messages import BrokerOrder, BrokerRequest, BrokerState, DoctorRequest

READINGS = 120  # of the lag: four minutes


class Brokers(BaseApp):
    def watch_broker(self) -> None:
        wanted = self._form()
        self.leave_broker()
        self._watcher = Worker(self._post_event)
        self._watcher.start(BrokerRequest(wanted.servers, wanted.topic))

    def _show_broker_state(self, state: BrokerState) -> None:
        known = self.broker_state
        self.broker_state = state
        mine = [reader for topic in state.topics if topic.name == state.topic for reader in topic.readers]
        if known is not None and known.topic != state.topic:
            self.lags.clear()
        for reader in mine:
            self.lags.setdefault(reader.group, deque(maxlen=READINGS)).append(reader.lag)
        self._refresh("broker")
        if known is None or bool(known.units) != bool(state.units):
            self.refresh_bindings()

    @property
    def systemd_runs_it(self) -> bool:
        """Whether the broker of this machine is systemd's to start and stop, and nobody else's."""
        return is_server() or bool(self.broker_state is not None and self.broker_state.units)

    def leave_broker(self) -> None:
        if self._watcher is not None:
            self._watcher.end()
            self._watcher = None

    def action_broker(self, up: bool) -> None:
        if self.systemd_runs_it:
            self.say("systemd starts and stops the broker of this machine: sudo systemctl start kafka", "error")
            return
        port = self._form().servers.split(",")[0].rpartition(":")[2]
        if not port.isdigit():
            self.say("the broker's address in the form is not host:port (F2)", "error")
            return
        self.say("starting the broker..." if up else "stopping the broker...", "note")
        self._help(BrokerOrder(up, int(port)))

    def action_doctor(self) -> None:
        wanted = self._form()
        self.say("looking at this machine...", "note")
        self._help(DoctorRequest(wanted.servers, wanted.topic))
