"""The stored form of a local model: its specification as JSON."""

import json
from typing import Any

from enstorage.errors import CorruptError, InvalidInputError
from enstorage.formats.base import Format
from entrainer.local.specification import LocalSpec
from entrainer.networks.specification import spec_from_json


class LocalFormat(Format):
    """A `LocalSpec` as JSON: the model is fitted again whenever it forecasts, so nothing else is kept of it."""

    name = "local"

    @staticmethod
    def takes(obj: Any) -> bool:
        """True if it is a specification of a local model."""
        return isinstance(obj, LocalSpec)

    @staticmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:  # noqa: ARG004 - never needed
        """See `Format.dump`."""
        return json.dumps(obj.to_json(), sort_keys=True).encode()

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:  # noqa: ARG004 - never needed
        """See `Format.load`."""
        try:
            data = json.loads(content)
            spec = spec_from_json(data) if isinstance(data, dict) else None
        except (ValueError, InvalidInputError) as error:
            raise CorruptError(f"The specification of the local model cannot be read: {error}") from error
        if not isinstance(spec, LocalSpec):
            raise CorruptError(
                f"The object is no specification of a local model: {content[:60]!r}. Train the model again."
            )
        return spec
