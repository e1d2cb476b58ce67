"""Convolution and pooling by operations that are fast inside a compiled loop on a CPU.

Compiled programs run their epochs and batches in loops, and inside a loop XLA computes convolutions and pooling on CPUs
one number at a time: a step of 32 images with 32 kernels of 3 × 3 and its gradient took 2 s, and takes 0.03 s by a
matrix product. Other devices are fast inside loops, so they use the operations of Keras.
"""

from typing import Any


def convolve_by_product(keras: Any, layer: Any) -> None:
    """Make a Keras convolution layer compute by one matrix product on a CPU. The values stay the same.

    Every patch of the input under the kernel becomes a row (Chellapilla, Puri & Simard 2006, High performance convolutional
    neural networks for document processing). The rows take the memory of the input times the number of kernel elements.

    Args:
        keras: the module.
        layer: a layer with stride 1 and without dilation. It is stored as an ordinary Keras layer.
    """
    native = layer.convolution_op

    def convolve(inputs: Any, kernel: Any) -> Any:
        if not _is_looped(layer):
            return native(inputs, kernel)
        *sizes, _, filters = kernel.shape
        if layer.padding == "same":
            around = [((size - 1) // 2, size // 2) for size in sizes]
            inputs = keras.ops.pad(inputs, [(0, 0), *around, (0, 0)])
        rows = inputs
        for axis, size in enumerate(sizes, start=1):  # one axis after the other: fewer pieces to put together
            length = rows.shape[axis] - size + 1
            before = (slice(None),) * axis
            pieces = [rows[(*before, slice(at, at + length))] for at in range(size)]
            rows = keras.ops.concatenate(pieces, axis=-1)
        axes = range(len(sizes) + 2)
        columns = keras.ops.transpose(kernel, (*reversed(axes[:-2]), *axes[-2:]))
        return keras.ops.matmul(rows, keras.ops.reshape(columns, (-1, filters)))

    layer.convolution_op = convolve


def pool_by_shape(keras: Any, layer: Any) -> None:
    """Make a Keras pooling layer compute by a reshape on a CPU: windows get own axes. The values stay the same.

    Args:
        keras: the module.
        layer: a layer whose strides are its size, without padding.
    """
    native = layer.call
    reduce = keras.ops.max if layer.pool_mode == "max" else keras.ops.mean

    def call(inputs: Any) -> Any:
        if not _is_looped(layer):
            return native(inputs)
        rows, *lengths, channels = inputs.shape
        counts = [length // size for length, size in zip(lengths, layer.pool_size, strict=True)]
        whole = [slice(count * size) for count, size in zip(counts, layer.pool_size, strict=True)]
        apart = [each for pair in zip(counts, layer.pool_size, strict=True) for each in pair]
        rows = -1 if rows is None else rows
        values = keras.ops.reshape(inputs[(slice(None), *whole)], (rows, *apart, channels))
        return reduce(values, axis=tuple(range(2, 2 + 2 * len(counts), 2)))

    layer.call = call


def _is_looped(layer: Any) -> bool:
    import jax

    return jax.default_backend() == "cpu" and layer.data_format == "channels_last"
