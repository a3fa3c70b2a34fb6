"""Encoders that classify by their first token need not compute the others in their last layer.

The head of BERT, RoBERTa, ELECTRA and DeBERTa reads the last layer's first token alone; the feed-forward block of that
layer works token by token. In evaluation mode it is therefore given the first token only: the same logits and gradients
up to the last bits of float32, without three quarters of the last layer's work. In training mode nothing changes, so
that dropout draws what it drew.
"""

from torch import nn

# config.model_type of networks whose attention ends in ``output(context, input)`` and whose head reads token 0
KINDS = {"bert", "roberta", "electra", "deberta", "deberta-v2"}


def skip_unread_tokens(network: nn.Module) -> bool:
    """Let the last layer of a sequence classifier go on with its first token alone, from its attention's output on.

    Returns:
        Whether it does: False for networks of other kinds, which stay as they are.
    """
    if network.config.model_type not in KINDS or network.config.num_hidden_layers < 2:
        return False  # the first layer of some DeBERTas mixes neighbouring tokens after its attention
    network.base_model.encoder.layer[-1].attention.output.register_forward_pre_hook(_first_token)
    return True


def _first_token(module: nn.Module, inputs: tuple) -> tuple | None:
    """Of the attended values and the layer's input, each (batch, tokens, dim), the first token: (batch, 1, dim)."""
    return None if module.training else tuple(part[:, :1] for part in inputs)
