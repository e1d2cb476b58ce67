"""URLs with a secret in them: in every place where people write one, well and wrongly written."""

import random
import string
from dataclasses import dataclass
from urllib.parse import quote

_LETTERS = string.ascii_letters + string.digits
_SPECIAL = [*"@:/?#&=%+;!$~ \"'\\<>{}[]|^`,", "é", "€", "日", "\ud800", "%2", "%zz", "//", "://", "\x1b[31m"]
_KEYS = (
    *(
        "password",
        "passwd",
        "pwd",
        "sslpassword",
        "passphrase",
        "token",
        "access_token",
        "api_key",
        "secret",
        "key",
        "sig",
    ),
    *("aws_secret_access_key", "aws_access_key_id", "aws_session_token", "account_key", "credential", "auth", "x"),
    *(
        "ssl_ca",
        "sslrootcert",
        "ssl_key",
        "charset",
        "connect_timeout",
        "port",
        "host",
        "user",
        "options",
        "init_command",
    ),
)

DATABASES = (
    *("mysql://u:{s}@127.0.0.1:1/db", "mariadb://u:{s}@127.0.0.1:1/db", "postgresql://u:{s}@127.0.0.1:1/db"),
    *("mysql://{s}@127.0.0.1:1/db", "mysql://{s}:@127.0.0.1:1/db", "postgresql://{s}:x@127.0.0.1:1/db"),
    *("mysql://127.0.0.1:1/db?{k}={s}", "postgresql://127.0.0.1:1/db?{k}={s}", "mysql://u@127.0.0.1:1/db?a=b&{k}={s}"),
    *("mysql://127.0.0.1:1/db?{t}=1", "postgresql://127.0.0.1:1/db?{t}", "mysql://127.0.0.1:1/db#{s}"),
    *("mysql://127.0.0.1:1/{t}", "postgresql://127.0.0.1:1/db/{t}", "mysql://127.0.0.1:1/u:{s}@db"),
    *("mysql://127.0.0.1:{t}/db", "mysql://u:{s}@127.0.0.1:1", "mysql://u:{s}@127.0.0.1:port/db", "mysql://u:{t}/db"),
    *("mysql:/u:{s}@127.0.0.1/db", "mysql ://u:{s}@127.0.0.1/db", "mysql//u:{s}@127.0.0.1/db", "mysql:u:{s}@h/db"),
    *(
        "mysql;//u:{s}@127.0.0.1/db",
        "MYSQL://u:{s}@127.0.0.1:1/db",
        "u:{s}@127.0.0.1/db",
        "{s}",
        "{t}",
        " mysql://{s}@h/d",
    ),
    *(
        "{t}://127.0.0.1/db",
        "oracle://u:{s}@127.0.0.1/db",
        "mysql+nodriver://u:{s}@127.0.0.1/db",
        "jdbc:mysql://u:{s}@h/d",
    ),
    *("sqlite://u:{s}@127.0.0.1/db", "sqlite:/u:{s}@127.0.0.1/db", "sqlite:///made.sqlite?{k}={s}"),
)
SERIES = (
    *("influxdb://u:{s}@127.0.0.1:1/db", "influxdb://{s}@127.0.0.1:1/db", "influxdb2://{s}@127.0.0.1:1/db"),
    *("influxdb2://{t}@127.0.0.1:1/db?org=o", "influxdb2://127.0.0.1:1/{t}/db", "influxdb2://127.0.0.1:1/db?token={s}"),
    *(
        "influxdb:/u:{s}@127.0.0.1/db",
        "influxdb ://u:{s}@h/db",
        "influxdb2://u:{s}@127.0.0.1:1/db",
        "influxdb://h:{t}/db",
    ),
    *(
        "influx://u:{s}@127.0.0.1/db",
        "delta:u:{s}@h//db",
        "delta:s3://?{k}={s}",
        "delta:s3://bucket/x?{t}",
        "memory:{s}@",
    ),
    *(
        "delta:s3://bucket/x?secret={s}&endpoint_url=h:{t}",
        "delta:s3:/k:{s}@bucket/x//",
        "delta:nonsense://{t}@b/x?{k}={s}",
    ),
)
OBJECTS = (
    *(
        "s3://{s}@bucket/x?=",
        "s3://bucket/x?key={s}&secret",
        "s3:/k:{s}@bucket/x",
        "s3 ://k:{s}@bucket/x",
        "s3://?{k}={s}",
    ),
    *(
        "nonsense://u:{s}@h/x",
        "nonsense://h/{t}?{k}={s}",
        "gs://{s}@bucket/x?{k}={s}",
        "file://u:{s}@h/x",
        "file:a//{s}@b",
    ),
    *(
        "sftp://u:{s}@127.0.0.1:1/x?a",
        "https://127.0.0.1:1/{t}?{k}",
        "abfs://box@h/x?account_key={s}&y",
        "{s}",
        "s3:{s}@b",
    ),
    *("local:///proc/no/x?{k}={s}", "ftp://u:{s}@127.0.0.1:1/x", "simplecache::s3://k:{s}@bucket/x"),
)


_STORES = (("database", DATABASES), ("database", DATABASES), ("series", SERIES), ("objects", OBJECTS))


@dataclass(frozen=True)
class SecretUrl:
    """A URL, and what must not be found anywhere: pieces of its secret, as they are and as they stand in the URL."""

    store: str
    url: str
    pieces: tuple[str, ...]


def secret_urls(
    count: int, seed: int | str, forms: tuple[tuple[str, tuple[str, ...]], ...] = _STORES
) -> list[SecretUrl]:
    """Different URLs of the three stores, or of other places; the same ones for the same seed."""
    chance = random.Random(seed)
    return [_secret_url(chance, *chance.choice(forms)) for _ in range(count)]


def _secret_url(chance: random.Random, store: str, forms: tuple[str, ...]) -> SecretUrl:
    form = chance.choice(forms)
    words = [_word(chance, chance.randint(7, 12)) for _ in range(chance.randint(1, 3))]
    specials = chance.choices(_SPECIAL, k=len(words))
    secret = "".join(word + special for word, special in zip(words, specials, strict=True)).removesuffix(specials[-1])
    written = chance.choice([str, _quoted, _quoted, _all_quoted])(secret)
    token = _word(chance, chance.randint(24, 86))
    key = chance.choice(_KEYS)
    key = chance.choice([key, key.upper(), key.title()])
    pieces = ([*words, *map(_all_quoted, words)] if "{s}" in form else []) + ([token] if "{t}" in form else [])
    return SecretUrl(store, form.format(s=written, t=token, k=key), tuple(piece.lower() for piece in pieces))


def _word(chance: random.Random, length: int) -> str:
    """Letters and digits that occur nowhere else."""
    return "q9Z" + "".join(chance.choices(_LETTERS, k=length - 3))


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _all_quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogatepass"))
