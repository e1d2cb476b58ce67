"""ONNX models opened in this process: checked to be whole and to read no other files, and ready to run."""

from collections.abc import Iterator
from typing import Any

from enstorage.errors import InvalidInputError


def check_content(content: bytes) -> None:
    """Refuse what is no ONNX model, or would read other files when it is opened.

    Raises:
        InvalidInputError: it is such.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(content)
        elsewhere = [tensor.name for tensor in _tensors(model) if onnx.external_data_helper.uses_external_data(tensor)]
        if not elsewhere:
            onnx.checker.check_model(content)
    except Exception as error:
        raise InvalidInputError(f"The bytes are no whole ONNX model: {first_line(error)}") from error
    if elsewhere:
        raise InvalidInputError(
            f"The weights {elsewhere[0]!r} of the ONNX model lie in another file; expected one file with everything. Write "
            "it with onnx.save_model(onnx.load(path), path)."
        )


def open_session(content: bytes) -> Any:
    """The bytes of an ONNX model, ready to be run on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def first_line(error: Exception) -> str:
    """The first line of an error message of a library."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _tensors(message: Any) -> Iterator[Any]:
    """Every tensor of a model, wherever it stands: in graphs, attributes, functions."""
    if message.DESCRIPTOR.name == "TensorProto":
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for each in [value] if hasattr(value, "ListFields") else value:
                yield from _tensors(each)
