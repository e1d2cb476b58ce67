"""Tensors of the Open Inference Protocol: as JSON, and as bytes after the JSON (its extension for binary data)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from enstorage.errors import InvalidInputError

#: NumPy's types by those of the protocol, which has their bytes in this order too.
DATATYPES: dict[str, np.dtype[Any]] = {
    "FP64": np.dtype("<f8"),
    "FP32": np.dtype("<f4"),
    "INT64": np.dtype("<i8"),
    "INT32": np.dtype("<i4"),
}
#: Of requests and answers with binary data: the number of bytes of their JSON.
LENGTH_HEADER = "Inference-Header-Content-Length"
_MOST_DIMENSIONS = 8


class InputTensor(BaseModel):
    """A tensor of a request."""

    name: str
    shape: list[int] = Field(max_length=_MOST_DIMENSIONS)
    datatype: str
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


class AskedOutput(BaseModel):
    """A tensor that a request asks for."""

    name: str
    parameters: dict[str, Any] = {}


class InferenceRequest(BaseModel):
    """A request for inference."""

    model_config = ConfigDict(extra="ignore")

    id: str | None = None
    parameters: dict[str, Any] = {}
    inputs: list[InputTensor]
    outputs: list[AskedOutput] | None = None


class OutputTensor(BaseModel):
    """A tensor of an answer."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = None


class InferenceResponse(BaseModel):
    """The answer to a request for inference."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read.

    Attributes:
        request: its JSON.
        tensors: its inputs by name.
    """

    request: InferenceRequest
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def is_binary(self, name: str) -> bool:
        """True if an output is to be given as bytes."""
        for each in self.request.outputs or ():
            if each.name == name:
                return bool(
                    each.parameters.get("binary_data", self.request.parameters.get("binary_data_output", False))
                )
        return bool(self.request.parameters.get("binary_data_output", False))

    def wants(self, name: str) -> bool:
        """True if an output is to be given."""
        return self.request.outputs is None or any(each.name == name for each in self.request.outputs)


def read_request(body: bytes, header_length: str | None) -> Asked:
    """The request in a body.

    Args:
        body: JSON, and the bytes of binary tensors after it.
        header_length: the value of `LENGTH_HEADER`, if there is one.

    Raises:
        InvalidInputError: it is not a valid request.
    """
    if header_length is not None and not (header_length.isdecimal() and int(header_length) <= len(body)):
        raise InvalidInputError(
            f"{LENGTH_HEADER} is {header_length!r:.40}; expected the number of bytes of the JSON, at most {len(body)}."
        )
    end = len(body) if header_length is None else int(header_length)
    try:
        request = InferenceRequest.model_validate_json(body[:end])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise InvalidInputError(f"The request is not valid: {place}: {first['msg']}.", field=place) from None
    tensors: dict[str, NDArray[Any]] = {}
    offset = end
    for each in request.inputs:
        if each.name in tensors:
            raise _wrong(each, "there are two of this name")
        size = each.parameters.get("binary_data_size")
        if size is None:
            tensors[each.name] = _from_json(each)
            continue
        if type(size) is not int or not 0 <= size <= len(body) - offset:
            raise _wrong(each, f"binary_data_size is {size!r:.40}; {len(body) - offset} bytes are left")
        tensors[each.name] = _from_bytes(each, body[offset : offset + size])
        offset += size
    if offset != len(body):
        raise InvalidInputError(f"{len(body) - offset} bytes of the body belong to no input; expected none.")
    return Asked(request, tensors)


def answer_of(
    asked: Asked, model_name: str, model_version: str, outputs: Mapping[str, NDArray[Any]]
) -> tuple[bytes, dict[str, str]]:
    """The body of an answer, and its headers.

    Raises:
        InvalidInputError: an output is asked for that there is not.
    """
    unknown = [each.name for each in asked.request.outputs or () if each.name not in outputs]
    if unknown:
        raise InvalidInputError(
            f"There is no output {unknown[0]!r:.60}; expected {', '.join(outputs)}. Ask for one of them, or for none.",
            field="outputs",
        )
    tensors: list[dict[str, Any]] = []
    binary: list[bytes] = []
    for name, values in outputs.items():
        if not asked.wants(name):
            continue
        datatype = "INT64" if values.dtype.kind == "i" else "FP64"
        tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": list(values.shape)}
        if asked.is_binary(name):
            content = np.ascontiguousarray(values, DATATYPES[datatype]).tobytes()
            binary.append(content)
            tensor["parameters"] = {"binary_data_size": len(content)}
        else:
            tensor["data"] = values.ravel().tolist()
        tensors.append(tensor)
    head: dict[str, Any] = {"model_name": model_name, "model_version": model_version, "outputs": tensors}
    if asked.request.id is not None:
        head["id"] = asked.request.id
    content = to_json(head, inf_nan_mode="null")
    if not binary:
        return content, {"Content-Type": "application/json"}
    return b"".join([content, *binary]), {"Content-Type": "application/octet-stream", LENGTH_HEADER: str(len(content))}


def _from_json(tensor: InputTensor) -> NDArray[Any]:
    if tensor.data is None:
        raise _wrong(tensor, "there are no data")
    dtype = _dtype(tensor)
    try:
        given = np.asarray(tensor.data)
        values = given.astype(dtype) if given.dtype.kind in "iuf" else np.asarray(tensor.data, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong(tensor, str(error)) from None
    # NumPy would take texts and true as numbers, and cut what is behind the point.
    is_number = given.dtype.kind in "iuf" or all(type(each) in (int, float) for each in given.ravel().tolist())
    if not is_number or (dtype.kind == "i" and not np.array_equal(values, given)):
        raise _wrong(tensor, f"its data are no numbers of the datatype {tensor.datatype}")
    return _shaped(tensor, values.ravel())


def _from_bytes(tensor: InputTensor, content: bytes) -> NDArray[Any]:
    dtype = _dtype(tensor)
    if len(content) % dtype.itemsize:
        raise _wrong(tensor, f"{len(content)} bytes are no multiple of {dtype.itemsize}")
    return _shaped(tensor, np.frombuffer(content, dtype))


def _dtype(tensor: InputTensor) -> np.dtype[Any]:
    if tensor.datatype not in DATATYPES:
        raise _wrong(tensor, f"the datatype is {tensor.datatype!r:.40}; known are {', '.join(DATATYPES)}")
    return DATATYPES[tensor.datatype]


def _shaped(tensor: InputTensor, values: NDArray[Any]) -> NDArray[Any]:
    if any(each < 0 for each in tensor.shape) or int(np.prod(tensor.shape, dtype=object)) != values.size:
        raise _wrong(tensor, f"the shape is {tensor.shape} and there are {values.size} values")
    try:
        return values.reshape(tensor.shape)
    except ValueError as error:  # an empty one may have lengths that no array has
        raise _wrong(tensor, str(error)) from None


def _wrong(tensor: InputTensor, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"The input {tensor.name!r:.60} cannot be read: {reason}. Correct it.", field=tensor.name[:255]
    )
