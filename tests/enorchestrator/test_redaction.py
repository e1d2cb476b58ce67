"""What work prints has no secret of an address, in whichever form a library or a program writes it."""

import json
import sys
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from enorchestrator.trace.redaction import Redactor

sys.path.append(str(Path(__file__).parents[1] / "enstorage"))
from secret_urls import DATABASES, OBJECTS, SERIES, secret_urls

#: Of websites, and of channels, which have a token in place of the host too.
ADDRESSES = (
    *("http://u:{s}@h/x", "https://{s}@h/x", "https://h/{t}/x", "https://h/x?api_key={s}", "slack://TokA/{t}/{t}"),
    *("mailtos://u:{s}@example.org", "tgram://{t}/123", "discord://4174216298/{t}", "json://u:{s}@h/p?x={s}"),
)
FORMS = (
    lambda url: f"connect to {url!r}, failed",
    lambda url: json.dumps({"url": url}),
    lambda url: repr({"url": unquote(url)}),
    lambda url: f"a\n{url}\nb",
    unquote,
    quote,
)


@pytest.mark.parametrize("variable", ["ENSTORAGE_CONNECTION_A", "ENSTORAGE_NOTIFY_A", None])
def test_no_form_of_a_secret_passes(variable, monkeypatch):
    forms = (("address", (*DATABASES, *SERIES, *OBJECTS, *ADDRESSES)),)
    for secret in secret_urls(100, seed=str(variable), forms=forms):
        if "\ud800" in secret.url:
            continue  # no variable can have it
        if variable is not None:
            monkeypatch.setenv(variable, secret.url)
        redactor = Redactor("sqlite:///store" if variable else secret.url)
        for form in FORMS:
            told = redactor.text(form(secret.url))
            assert [piece for piece in secret.pieces if piece in told.lower()] == [], (secret.url, told)
