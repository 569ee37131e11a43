"""The mean of the channels of a picture, as a model of MLServer."""
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Mean(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        image = NumpyCodec.decode_input(payload.inputs[0])
        depth = image.astype(np.float32).mean(axis=1, keepdims=True)
        out = NumpyCodec.encode_output("depth", depth)
        return InferenceResponse(model_name=self.name, outputs=[out])
