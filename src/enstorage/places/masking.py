"""URLs of stores as they may be shown: what is known to be harmless, with `***` in place of everything else.

Every message, log and `repr` that holds a URL, or words of a library that was given one, gets it from here.
"""

import json
import os
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote, unquote, unquote_plus, urlsplit

HIDDEN = "***"

_SCHEME = r"(?:delta:)?[a-z]{1,15}\d?(?:\+[a-z]{1,15}\d?)?"
# One @ at most, and it ends the credentials. Where there are more, or a password was not written in percent form, nobody
# knows where the host begins.
_ON_SERVER = re.compile(
    rf"(?P<scheme>{_SCHEME}://)(?P<user>[^@/?#\s]*@)?(?P<host>[\w.-]*|\[[\dA-Fa-f:.]+\])(?P<port>:\d{{1,5}})?"
    r"(?P<path>/[^@?#]*)?(?P<options>[?#][^@]*)?"
)
_IN_FOLDER = re.compile(
    r"(?P<scheme>sqlite(?:\+[a-z]+)?:///|delta:|file:|memory:(?=$|[?#]))(?P<path>[^?#]*)(?P<options>.*)", re.DOTALL
)
_BEGINNING = re.compile(r"[a-z]{2,15}\d?(?:\+[a-z]{2,15}\d?)?(?=\s?:\s?/)|[a-z]{2,15}\d?(?=:[^@]*$)")
# In the path of a folder: `user:password@`, `token@`, `password=`, and another URL.
_NO_PATH = re.compile(
    r":.*@|//.*@|^[^/]*@|://|(?:pass|pwd|secret|token|key|cred|sig|auth)[^/=]*=", re.IGNORECASE | re.DOTALL
)
_NAME = re.compile(r"[\w .,$+-]{0,63}")
_LONG_RUN = re.compile(r"[A-Za-z0-9]{20}")
_MOST_CHANGES = 5  # from small to large letters, to digits and back; random texts have more

# `scheme:/`, since a path loses one of two slashes, and `user:password@`.
_URL = re.compile(r"\s?[A-Za-z][\w+.-]+(?::\w+)?\s?[:;]\s?/|[^\s:]*:\S.*@", re.DOTALL)
_SEPARATORS = re.compile(r"[:@/?#&=;,\s]+")
_OPTION = re.compile(r"[A-Za-z][A-Za-z_.-]{0,40}\d{0,2}=(?P<value>.*)", re.DOTALL)
_URL_IN_TEXT = re.compile(r"[A-Za-z][\w+.-]*:/+[^\s'\"<>]*[@?][^\s'\"<>]*")
_SHORTEST = 4
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def masked(url: str) -> str:
    """A URL as it may be shown.

    Of a well-formed URL these are the scheme, the host, the port and the path; of a folder, its path. Credentials, options,
    paths in which a part may be a token, and everything in a URL that is not well-formed are shown as `***`.
    """
    return _split(str(url))[0]


def is_well_formed(url: str) -> bool:
    """True for the URL of a server of which each part is known, so that no secret can stand where none is expected."""
    match = _ON_SERVER.fullmatch(url)
    try:
        return match is not None and bool(match["host"]) and urlsplit(url).port != 0
    except ValueError:
        return False


def looks_like_url(text: str) -> bool:
    """True for what may be the URL of a store, also if it is wrongly written or was taken for a path."""
    return _URL.match(text) is not None


def shown_folder(path: str) -> str:
    """The path of a folder as it may be shown: as it is, unless it looks like a URL or names a secret."""
    return masked(f"file:{path}").removeprefix("file:")


def is_name(text: str) -> bool:
    """True for a name, such as that of a database, a folder or an option; false for what may be a token."""
    if not _NAME.fullmatch(text) or _LONG_RUN.search(text):
        return False
    kinds = [(each.isdigit(), each.isupper()) for each in text if each.isalnum()]
    return sum(one != other for one, other in pairwise(kinds)) <= _MOST_CHANGES


def scrubbed(text: object, *urls: str) -> str:
    """The words of a library as they may be shown: with `***` in place of all that `masked` hides of the URLs.

    Args:
        text: for example an error; its text is taken.
        urls: those that the library was given.
    """
    return without(str(text), secrets_of(*urls))


def without(text: str, secrets: Collection[str], *, urls: bool = True) -> str:
    """A text with `***` in place of secrets, and with `urls` of what is hidden of the URLs that it names."""
    shown, longest_first = text, sorted(secrets, key=len, reverse=True)
    for secret in longest_first:
        # Short words stand inside of others by chance.
        if secret in shown:
            pattern = re.escape(secret) if len(secret) >= _SHORTEST else rf"(?<!\w){re.escape(secret)}(?!\w)"
            shown = re.sub(pattern, HIDDEN, shown)
    if "%" in shown:
        for secret in longest_first:
            if len(secret) >= _SHORTEST:
                shown = _in_any_form(secret).sub(HIDDEN, shown)
    # At last, since a URL in a text ends where a quotation mark is, and a secret may have one.
    return _URL_IN_TEXT.sub(lambda match: masked(match[0]), shown) if urls else shown


def secrets_of(*urls: str) -> set[str]:
    """All that is hidden of URLs, piece by piece: as it stands there, decoded, and in percent form."""
    found = set()
    for url in urls:
        _, hidden = _split(str(url))
        for piece in (piece for part in hidden for piece in _pieces(part)):
            decoded = unquote(piece)
            plain = {piece, decoded, unquote_plus(piece), unquote(piece, errors="surrogateescape")}
            for text in plain | {escape(each)[1:-1] for each in plain for escape in (repr, ascii, json.dumps)}:
                found |= {text, _quoted(text)}
    found |= {os.environ[name] for name in _CREDENTIALS if os.environ.get(name)}
    return {each for each in found if len(each) > 1 and each != HIDDEN}


def shown_cause(error: BaseException, *urls: str) -> BaseException | None:
    """An error as the cause of one of ours: itself, or None if it, or a cause of it, holds a secret of the URLs."""
    for each in _chain(error):
        told = " ".join(map(str, (each, *each.args, *getattr(each, "__notes__", ()))))
        if isinstance(each, UnicodeError) or scrubbed(told, *urls) != told:
            return None
    return error


def _split(url: str) -> tuple[str, list[str]]:
    """The URL as it may be shown, and the parts that are hidden."""
    if match := _ON_SERVER.fullmatch(url):
        path, hidden = match["path"] or "", [match["user"] or "", match["options"] or ""]
        if not all(map(is_name, path.split("/"))):
            path, hidden = f"/{HIDDEN}", [*hidden, path]
        user = f"{HIDDEN}@" if match["user"] else ""
        options = f"?{HIDDEN}" if match["options"] else ""
        return f"{match['scheme']}{user}{match['host']}{match['port'] or ''}{path}{options}", hidden
    match = _IN_FOLDER.fullmatch(url)
    if match and not _NO_PATH.search(match["path"]) and "@" not in match["options"]:
        options = f"?{HIDDEN}" if match["options"] else ""
        return f"{match['scheme']}{match['path']}{options}", [match["options"]]
    begins = _BEGINNING.match(url)
    scheme = begins[0] if begins else ""
    slashes = "//" if url.startswith(f"{scheme}://") else ""
    return (f"{scheme}:{slashes}{HIDDEN}" if begins else HIDDEN), [url[len(scheme) :]]


def _pieces(part: str) -> Iterator[str]:
    """A hidden part and what it may be made of; names of options are left out, since drivers name those that they refuse."""
    if part.startswith(("?", "#")):
        for entry in part[1:].split("&"):
            option = _OPTION.fullmatch(entry)
            yield from (option["value"],) if option else (entry, *entry.partition("=")[::2])
            if option:  # drivers take lists, as of hosts, and name one of them
                yield from _SEPARATORS.split(unquote(option["value"]))
        return
    if part.endswith("@"):
        name, _, password = part[:-1].partition(":")
        yield from (part[:-1], name, password)
        return
    yield part
    yield from _SEPARATORS.split(part)
    credentials = part.lstrip(":/ ").rpartition("@")[0]
    yield from (credentials, credentials.partition(":")[2])


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


@lru_cache(maxsize=1024)
def _in_any_form(secret: str) -> re.Pattern[str]:
    """Finds a secret of which a library wrote some characters in percent form, each as it likes."""
    forms = ((re.escape(each), "".join(f"%{byte:02x}" for byte in _bytes_of(each))) for each in secret)
    return re.compile("".join(f"(?:{plain}|(?i:{quoted}))" for plain, quoted in forms))


def _bytes_of(letter: str) -> bytes:
    """The bytes of a letter in percent form; of a byte that was none, itself."""
    return letter.encode(errors="surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it, as a traceback shows them."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
