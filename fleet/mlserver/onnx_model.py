"""A depth network in ONNX as a model of MLServer: one for all workers of a fleet.

    pip install mlserver onnxruntime
    cd fleet/mlserver && mlserver start .
"""
import asyncio

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri


class ONNX(MLModel):
    async def load(self) -> bool:
        self.session = onnxruntime.InferenceSession(await get_model_uri(self.settings))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        inputs = {i.name: NumpyCodec.decode_input(i) for i in payload.inputs}
        names = [o.name for o in payload.outputs or []] or [o.name for o in self.session.get_outputs()]
        # Off the event loop: others are answered meanwhile.
        values = await asyncio.to_thread(self.session.run, names, inputs)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output(n, v) for n, v in zip(names, values)])
