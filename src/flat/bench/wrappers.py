"""The benchmark's victims as users of TextAttack wrap them: TextAttack's own wrappers, with what each pads to."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch

from flat.attacks.textattack_adapter.environment import textattack
from flat.models.batch import Batch
from flat.models.encoders.encoder import Encoder
from flat.models.word_models import PAD


class PaddedWords(torch.nn.Module):
    """A CNN or LSTM as ``PyTorchModelWrapper`` wants it: padded word ids (batch, words) to logits (batch, classes)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        present = ids != PAD
        index = torch.where(present, torch.arange(ids.shape[1]), -1)
        return self.model(Batch(ids, present, torch.zeros_like(present), index))


def of_words(model):
    def tokenizer(texts: Sequence[str]) -> list[tuple[int, ...]]:
        rows = [model.signature(text.split()) for text in texts]
        return [row + (PAD,) * (model.max_length - len(row)) for row in rows]

    return textattack.models.wrappers.PyTorchModelWrapper(PaddedWords(model).eval(), tokenizer)


class OneByOne(textattack.models.wrappers.ModelWrapper):
    """A wrapper asked about one text at a time: equal model inputs then have equal answers, to the last bit."""

    def __init__(self, wrapper):
        self.wrapper, self.model = wrapper, wrapper.model

    def __call__(self, texts):
        return np.concatenate([np.asarray(self.wrapper([text])) for text in texts])


def network_of(model: Encoder):
    """The encoder's network as transformers builds it: ours leaves out of its last layer what nobody reads."""
    from transformers import AutoModelForSequenceClassification  # for cost

    network = AutoModelForSequenceClassification.from_config(model.network.config)
    network.load_state_dict(model.network.state_dict())
    return network.eval()


def of_transformers(model: Encoder, padding: str):
    network, stock = network_of(model), textattack.models.wrappers.HuggingFaceModelWrapper
    tokenizer = deepcopy(model.tokenizer)  # transformers leaves the padding last asked for in it
    if padding == "max_length":
        return stock(network, tokenizer)

    class PaddedToLongest(stock):
        def __call__(self, texts):
            inputs = self.tokenizer(texts, padding=True, truncation=True, max_length=512, return_tensors="pt")
            with torch.no_grad():
                return self.model(**inputs).logits

    return PaddedToLongest(network, tokenizer)
