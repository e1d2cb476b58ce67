"""Address space that the libraries need: with less they do not fail but try forever, or end the process.

Delta Lake and Polars start threads, and each reserves address space. Where the limit of the process (`ulimit -v`) forbids
that, their memory allocators ask again without an end. So it is looked at before they are called.
"""

from pathlib import Path

from enstorage.errors import StoreError

# The libraries and their threads took 2.7 GB on 2 cores, nearly all of it reserved and never used.
_TO_START = 3_000_000_000
_TO_GO_ON = 256_000_000


def check_address_space() -> None:
    """Refuse to go on where the libraries of the stores would find too little address space.

    Raises:
        StoreError: the process has a limit, and less is left than they need.
    """
    try:
        import resource
    except ImportError:  # no such limits on this system
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    try:
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except OSError:  # no Linux
        return
    # Once they were started, nearly all that they need is in use.
    needed = max(_TO_GO_ON, _TO_START - used)
    if limit - used < needed:
        raise StoreError(
            f"The process may use {limit / 1e6:.0f} MB of address space, of which {max(limit - used, 0) / 1e6:.0f} MB are "
            f"left; the libraries of the stores need {needed / 1e6:.0f} MB, most of which they only reserve. Nothing was "
            "changed. Raise the limit (ulimit -v unlimited), or limit resident memory instead, as containers do."
        )
