"""Textual's driver for browsers, which also ends when whoever it talks to is gone."""

from __future__ import annotations

import asyncio

from textual import messages
from textual.drivers.web_driver import WebDriver


class BrowserDriver(WebDriver):
    """Its input is a pipe from the server; the end of that pipe is the end of the session, however it came about."""

    def start_application_mode(self) -> None:
        """Remember the loop that the application runs on."""
        self._its_loop = asyncio.get_running_loop()
        super().start_application_mode()

    def run_input_thread(self) -> None:
        """Read to the end, and end."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            asyncio.run_coroutine_threadsafe(self._app._post_message(messages.ExitApp()), self._its_loop)
