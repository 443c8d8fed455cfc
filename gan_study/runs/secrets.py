"""Passwords and keys in URIs: refused in places, and removed from texts that are stored or printed."""

import re
from typing import Annotated

from pydantic import AfterValidator

from gan_study.errors import InputError

_HIDDEN = "***"
_USER = re.compile(r"(?<=://)(?!anonymous@)(?:[^/@\s'\"]+:(?!\d+/)[^@\s'\"]*|[^/@\s'\"]+)(?=@)")
"""The part of a URI before the host: a user, with or without a password. Secret keys of S3 may hold slashes."""
_QUERY = re.compile(
    r"(?<=[?&])([\w.%-]*(?:secret|token|passw|credential|signature|access_?key|api_?key|private_?key)[\w.%-]*|sig|pwd)="
    r"[^&\s'\"#]+",
    re.IGNORECASE,
)
"""Options of a URI that hold a secret, such as those of signed links."""


def without_secrets(text: str) -> str:
    """A text with every user, password and key in its URIs replaced by `***`."""
    if "://" not in text:
        return text
    return _QUERY.sub(rf"\1={_HIDDEN}", _USER.sub(_HIDDEN, text))


PublicText = Annotated[str, AfterValidator(without_secrets)]
"""A text of a record that may quote user input; secrets are removed from it, also when an older file is read."""


def refuse_secrets(uri: str) -> None:
    """Raise InputError if a URI holds a user, a password or a key, which would be stored with the results."""
    if without_secrets(uri) != uri:
        raise InputError(
            f"{without_secrets(uri)}: a location is stored and printed with the results, so it must not contain "
            f"credentials, but got some ({_HIDDEN}); take them out and set them as environment variables (s3://: "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; gs://: GOOGLE_APPLICATION_CREDENTIALS)"
        )
