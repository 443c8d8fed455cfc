"""Errors that a browser reports while it shows a page."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request


class PageTroubles(list[str]):
    """Errors in the scripts and on the consoles of watched pages, and their requests for anything but themselves."""

    def watch(self, page: "Page") -> None:
        """Collect the troubles of `page` from now on."""
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on("console", self._add_message)
        page.on("request", self._add_request)

    def _add_message(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.append(f"console: {message.text}")

    def _add_request(self, request: "Request") -> None:
        is_itself = request.is_navigation_request() and request.url.startswith("file:")
        if not is_itself and not request.url.startswith(("data:", "blob:")):
            self.append(f"request: {request.url}")
