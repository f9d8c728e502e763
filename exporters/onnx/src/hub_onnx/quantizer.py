"""ONNX Runtime's dynamic quantizer, without its detours over the disk and its loop over every channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.quant_utils import QuantizationMode, add_infer_metadata, get_qmin_qmax_for_qType

_INT8 = onnx.TensorProto.INT8
_MARKED_BYTES = 991
"""Tensors of this size come back from the detour with their place stated, though it is the usual one."""


class DynamicQuantizer(ONNXQuantizer):
    """Makes what ``onnxruntime.quantization.quantize_dynamic`` makes, byte for byte.

    Theirs writes the model to disk and infers its shapes twice, to know that what a product gives is a float; here
    every product is one of floats. Activations are quantized to unsigned bytes by ``DynamicQuantizeLinear``, which
    knows no other type. Tables that are looked up take the type of activations: their sign is no matter, and an
    unsigned range that starts at the smallest value is the finer one.

    Args:
        model: fp32; changed.
        per_channel: weights scaled per output channel.
        reduce_range: 7-bit weights.
        operators: to quantize.
    """

    def __init__(self, model: onnx.ModelProto, per_channel: bool, reduce_range: bool, operators: Iterable[str]) -> None:
        ONNXModel(model).replace_gemm_with_matmul()
        for tensor in model.graph.initializer:
            if len(tensor.raw_data) >= _MARKED_BYTES:
                tensor.data_location = onnx.TensorProto.DEFAULT
        add_infer_metadata(model)
        super().__init__(
            model,
            per_channel=per_channel,
            reduce_range=reduce_range,
            mode=QuantizationMode.IntegerOps,
            static=True,  # a dynamic one infers shapes first
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=None,
            nodes_to_quantize=[],
            nodes_to_exclude=[],
            op_types_to_quantize=list(operators),
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )
        self.static = False

    def is_float_tensor(self, tensor_name: str) -> bool:
        """Return whether a tensor can be quantized. Computed integers are taken for floats: none of them ever is."""
        if self.is_input_a_initializer(tensor_name):
            return bool(self.is_valid_quantize_weight(tensor_name))
        end = self.value_infos.get(tensor_name)
        return end is None or end.type.tensor_type.elem_type == onnx.TensorProto.FLOAT

    def quantize_weight_per_channel_impl(
        self,
        weight_name: str,
        weight_qType: int,  # noqa: N803  # their name
        channel_axis: int,
        reduce_range: bool = True,
        keep_float_weight: bool = False,
    ) -> tuple[str, str, str]:
        """Quantize a matrix with a scale for each column; see the method of ONNX Runtime.

        Returns:
            Names of weight, zero point and scale.
        """
        tensor = self.initializers.get(weight_name)
        weights = None if tensor is None else numpy_helper.to_array(tensor)
        if (
            weights is None
            or weights.ndim != 2
            or weights.dtype != np.float32
            or (weight_qType, channel_axis, keep_float_weight) != (_INT8, -1, False)
            or not np.isfinite(weights).all()
        ):
            found: Any = super().quantize_weight_per_channel_impl(
                weight_name, weight_qType, channel_axis, reduce_range, keep_float_weight
            )
            return tuple(found)
        low, high = get_qmin_qmax_for_qType(_INT8, self.reduce_range and reduce_range, symmetric=True)
        width = 2 * np.abs(weights).max(axis=0, initial=0).astype(np.float64) / (float(high) - float(low))
        scale = np.where(width < np.finfo(np.float32).tiny, 1.0, width).astype(np.float32)
        integers = np.clip((weights / scale).round(), -128, 127).astype(np.int8)
        names = (f"{weight_name}_quantized", f"{weight_name}_zero_point", f"{weight_name}_scale")
        columns = [weights.shape[1]]
        self.model.initializer_extend(
            [
                onnx.helper.make_tensor(names[2], onnx.TensorProto.FLOAT, columns, scale.tolist()),
                onnx.helper.make_tensor(names[1], _INT8, columns, [0] * columns[0]),
                numpy_helper.from_array(integers, names[0]),
            ]
        )
        return names
