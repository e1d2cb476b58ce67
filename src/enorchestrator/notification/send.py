"""The process that sends one message: `python -m enorchestrator.notification.send`, with JSON on standard input."""

import json
import logging
import os
import sys


def _main() -> int:
    given = json.load(sys.stdin)
    try:
        import apprise
    except ImportError:
        sys.stderr.write('Apprise is not installed: pip install "enstorage[notify]"\n')
        return 1
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    target = apprise.Apprise()
    if not target.add(given["address"]):
        sys.stderr.write("Apprise does not understand the address. See its list: https://appriseit.com/services\n")
        return 1
    if os.getppid() != given["parent"]:
        return 1  # nobody would note that it was sent, so it will be sent again
    taken = target.notify(title=given["title"], body=given["body"], body_format=apprise.NotifyFormat.TEXT)
    return 0 if taken else 1


if __name__ == "__main__":
    raise SystemExit(_main())
