"""Whatever is wrong with the URL of a connection: no loader and no sink raises, shows or logs a piece of its secret."""

import base64
import os
import traceback

import polars as pl
import pytest
from secret_urls import DATABASES, SERIES, secret_urls
from test_secrets import log, no_secrets_of_other_tests  # noqa: F401 - a fixture

from enstorage.errors import EnstorageError, InvalidInputError, StoreError
from enstorage.loaders.influx import InfluxLoader
from enstorage.loaders.objects import ObjectsLoader
from enstorage.loaders.sql import SqlLoader
from enstorage.loaders.web import HttpLoader
from enstorage.places.web import Website
from enstorage.sinks.base import Delivery
from enstorage.sinks.objects import ObjectsSink
from enstorage.sinks.sql import SqlSink
from enstorage.sinks.webhook import WebhookSink
from websites import answer, website

#: A website, and what looks like one: the host, or what is taken for it, is no place of a secret.
WEBSITES = (
    *(
        "http://u:{s}@127.0.0.1:1/x",
        "https://u:{s}@127.0.0.1:1/x",
        "http://{s}@127.0.0.1:1/x",
        "HTTP://{s}:@127.0.0.1:1/",
    ),
    *(
        "http://127.0.0.1:1/{t}/x",
        "https://127.0.0.1:1/hooks/{t}",
        "http://127.0.0.1:1/x?{k}={s}",
        "http://127.0.0.1:1/x?{t}",
    ),
    *(
        "http://127.0.0.1:1/x#{t}",
        "http:/u:{s}@127.0.0.1:1/x",
        "http:u:{s}@127.0.0.1:1/x",
        "https:///u:{s}@127.0.0.1/x",
    ),
    *(
        "http://u:{t}",
        "http://u:{t}/x",
        "http://u:{s}@127.0.0.1:port/x",
        "http://u:{s}@127.0.0.1:99999/x",
        "http://u:{s}@[::1/x",
    ),
    *(
        "http://u:{s}@[zz]/x",
        "http://u:{s}@[1:2]/x",
        "http://u:{s}@ho\u2100st/x",
        "http://u:{s}@/x",
        "http://127.0.0.1:1;{t}/x",
    ),
    *("http://u:{s}@a..b/x", "http://u:{s}@h h/x", "http ://u:{s}@127.0.0.1/x", "http;//u:{s}@127.0.0.1/x"),
)
DAY = Delivery("delivery-1", "a forecast")


def calls():
    """All that is done with a connection."""
    rows = pl.DataFrame({"time": ["2024-01-01"], "value": [1.5]})
    for loader in (
        HttpLoader("place", "levels.csv?zone=DE"),
        ObjectsLoader("place", "levels.csv"),
        SqlLoader("place", "SELECT 1"),
        InfluxLoader("place", "levels", "level"),
    ):
        yield from (loader.fingerprint, lambda loader=loader: list(loader.load()))
    for sink in (WebhookSink("place", "in"), ObjectsSink("place", "a.csv"), SqlSink("place", "levels", ("time",))):
        yield lambda sink=sink: sink.write(rows, DAY)


def told_by(call):
    try:
        return repr(call())
    except EnstorageError as error:  # another error is a failure of the test
        return "".join([*traceback.format_exception(error), repr(error.__cause__)])


def check(urls, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_WAIT_SECONDS", "1")
    for secret in urls:
        if "\ud800" in secret.url:  # no variable can have it
            continue
        monkeypatch.setenv("ENSTORAGE_CONNECTION_PLACE", secret.url)
        for call in calls():
            with log() as logged:
                told = f"{told_by(call)}{logged.getvalue()}".lower()
            found = [piece for piece in secret.pieces if piece in told]
            assert not found, f"{found} of {secret.url!r} in: {told}"


def test_no_piece_of_the_secret_of_a_connection_is_shown(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    forms = tuple(each for each in (*DATABASES, *SERIES) if "made" not in each)
    check(secret_urls(60, seed=13, forms=(("connection", WEBSITES),)), monkeypatch)
    check(secret_urls(20, seed=14, forms=(("connection", forms),)), monkeypatch)


@pytest.mark.long
def test_no_piece_of_hundreds_of_secrets_of_connections_is_shown(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    seed = os.environ.get("TORTURE_SEED", "0")
    check(secret_urls(500, seed=f"c{seed}", forms=(("connection", WEBSITES),)), monkeypatch)
    check(secret_urls(200, seed=f"d{seed}"), monkeypatch)


@pytest.mark.parametrize(
    "given",
    ["http://q9Ztoken%0A@{}/x", "http://q9Ztok%C3%A9n@{}/x", "http://u:q9Ztoken@{}:0/x", "http://u:q9Zto/ken@{}/x"],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(given, monkeypatch):
    with website() as site:
        monkeypatch.setenv("ENSTORAGE_CONNECTION_PLACE", given.format(site.host))
        with pytest.raises(InvalidInputError, match=r"xpected .*Correct ENSTORAGE_CONNECTION_PLACE") as refused:
            Website("place")
        assert "q9Zto" not in str(refused.value)
        assert not site.asked


@pytest.mark.parametrize("credentials", ["u:q9Zsecret%21@", "q9Zsecret@"])
def test_a_server_that_repeats_what_it_was_sent_is_told_without_it(credentials, monkeypatch):
    def repeating(handler, *_):
        answer(handler, 418, {}, f"no: {dict(handler.headers)} {handler.path}".encode())

    with website() as site:
        query = "?api_key=q9Zkey7&x=1"
        monkeypatch.setenv("ENSTORAGE_CONNECTION_PLACE", f"http://{credentials}{site.host}/q9Zs3cR3t0P4s5w0Rd8{query}")
        site.pages = {
            "/q9Zs3cR3t0P4s5w0Rd8/a.csv?zone=DE&api_key=q9Zkey7&x=1": repeating,
            "/q9Zs3cR3t0P4s5w0Rd8/in?api_key=q9Zkey7&x=1": repeating,
        }
        with log() as logged:
            for act in (
                lambda: Website("place").get("a.csv?zone=DE", most_bytes=9, consume=len),
                lambda: Website("place").post("in", b"1", {}),
            ):
                with pytest.raises(InvalidInputError, match="status 418") as refused:
                    act()
                told = "".join(traceback.format_exception(refused.value))
                assert "q9Z" not in told
                assert base64.b64encode(b"u:q9Zsecret!").decode() not in told
        assert "q9Z" not in logged.getvalue()
        assert {each[0].partition("?")[2][-18:] for each in site.asked} == {"api_key=q9Zkey7&x=1"[-18:]}


@pytest.mark.parametrize("location", ["http://[x/", "http://127.0.0.1:x/", "//[", "http://ho\u2100st/"])
def test_a_website_that_leads_to_what_is_no_url_is_refused(location, monkeypatch):
    with website() as site:
        monkeypatch.setenv("ENSTORAGE_CONNECTION_PLACE", f"http://{site.host}")
        monkeypatch.setenv("ENSTORAGE_CONNECTION_OTHER", "http://u:q9Zsecret@[zz]:x/")
        site.pages["/a.csv"] = lambda handler: answer(handler, 302, {"Location": location.encode().decode("latin-1")})
        with pytest.raises((InvalidInputError, StoreError)) as refused:
            Website("place").get("a.csv", most_bytes=9, consume=len)
        assert "q9Z" not in str(refused.value)


@pytest.mark.parametrize("path", ["http://[x", "a\0b.csv", "%2e%2e/x"])
def test_a_path_that_is_none_is_refused(path, monkeypatch):
    with website() as site:
        monkeypatch.setenv("ENSTORAGE_CONNECTION_PLACE", f"http://{site.host}/v1")
        with pytest.raises(InvalidInputError, match="expected one below"):
            list(HttpLoader("place", path).load())
        site.pages[f"/v1/{'a' * 300}?token=q9Zsecret"] = b"[]"
        with pytest.raises(InvalidInputError, match="no list of objects") as refused:
            list(HttpLoader("place", f"{'a' * 300}?token=q9Zsecret", records="x").load())
        assert "q9Z" not in str(refused.value)
