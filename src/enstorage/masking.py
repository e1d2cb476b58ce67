"""URLs of stores as they may be shown: without passwords, tokens and keys."""

import re

# Greedy up to the last @: a password that was not quoted may hold an @ or a slash of its own.
_USER = re.compile(r"(?P<scheme>[\w+.-]+:(?:[\w+.-]+:)?//)(?P<name>[^:@/?#]*)(?P<password>:[^\s]*)?@", re.ASCII)
_TOKEN_SCHEMES = ("influxdb2:", "influxdb2+https:")
_SECRET_PARAMETER = re.compile(r"(?i)([?&][^=&\s]*(?:pass|pwd|secret|token|key|credential)[^=&\s]*=)[^&\s]*")


def masked(url: str) -> str:
    """The URL with `***` in place of a password, a token, and of query parameters that are called like secrets."""

    def hide(match: re.Match[str]) -> str:
        scheme, name = match["scheme"], match["name"]
        user = "***" if scheme.startswith(_TOKEN_SCHEMES) else name + (":***" if match["password"] else "")
        return f"{scheme}{user}@"

    return _SECRET_PARAMETER.sub(r"\1***", _USER.sub(hide, str(url)))
