"""Refusals: the errors of access, each with the HTTP status that it is answered with."""

from typing import ClassVar

from enstorage.errors import EnstorageError


class RefusedError(EnstorageError):
    """A request was refused before anything was done.

    Attributes:
        status: of the answer.
        title: of the problem document.
        headers: of the answer.
    """

    status: ClassVar[int] = 403
    title: ClassVar[str] = "Refused"

    def __init__(self, message: str, *, field: str | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, field=field)
        self.headers = headers or {}


class NotLoggedInError(RefusedError):
    """The request names nobody, or its session or token is not valid."""

    status = 401
    title = "Not logged in"

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "Nobody is logged in; expected a session of the browser or the header `Authorization: Bearer TOKEN`. Log in, "
            "or open the link that `enstorage serve` printed.",
            headers={"WWW-Authenticate": "Bearer"},
        )


class DeniedError(RefusedError):
    """The policies do not let the principal do this."""

    title = "Denied"


class ForgedRequestError(RefusedError):
    """The request may have been made by a page of another site."""

    title = "Possibly forged"


class TooManyAttemptsError(RefusedError):
    """Too many log-ins failed; the header Retry-After says when the next one is looked at."""

    status = 429
    title = "Too many attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many log-ins failed. The next one is looked at in {seconds} s. Wait, or have an administrator set the "
            "password.",
            headers={"Retry-After": str(seconds)},
        )
