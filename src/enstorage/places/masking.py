"""URLs of stores as they may be shown: without passwords, tokens and keys."""

import re

# Greedy up to the last @: a password that was not quoted may hold an @ or a slash of its own.
_USER = re.compile(r"(?P<scheme>[\w+.-]+:(?:[\w+.-]+:)?//)(?P<name>[^:@/?#]*)(?P<password>:[^\s]*)?@", re.ASCII)
# Where what stands before the @ alone is the name of a user, or of a container. Elsewhere it may be a token, as it is for
# InfluxDB 2, and is hidden.
_SCHEMES_OF_NAMES = frozenset(
    (
        *(
            "mysql",
            "mariadb",
            "postgresql",
            "influxdb",
            "sftp",
            "ssh",
            "ftp",
            "smb",
            "hdfs",
            "webhdfs",
            "http",
            "https",
        ),
        *("abfs", "abfss"),
    )
)
_SECRET_PARAMETER = re.compile(r"(?i)([?&][^=&\s]*(?:pass|pwd|secret|token|key|credential)[^=&\s]*=)[^&\s]*")


def masked(url: str) -> str:
    """The URL with `***` in place of a password, of what may be a token, and of parameters that are called like secrets."""

    def hide(match: re.Match[str]) -> str:
        scheme, name = match["scheme"], match["name"]
        family = scheme.removesuffix("://").rpartition(":")[2].partition("+")[0]
        if match["password"] and family != "influxdb2":
            return f"{scheme}{name}:***@"
        return f"{scheme}{name if family in _SCHEMES_OF_NAMES else '***'}@"

    return _SECRET_PARAMETER.sub(r"\1***", _USER.sub(hide, str(url)))
