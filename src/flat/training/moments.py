"""An optimiser's running moments by the names of the parameters: how a round's optimiser goes on in the next round.

They are those of the round's last step, whichever epoch's weights are kept, as an optimiser that was never made anew
would have them.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from flat.errors import ArtefactError


def moments_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """``<parameter>/<moment>`` -> tensor; for Adam the moments are step, exp_avg and exp_avg_sq."""
    return {
        f"{name}/{moment}": torch.as_tensor(tensor).detach()
        for name, parameter in _trained(model, optimizer)
        for moment, tensor in optimizer.state.get(parameter, {}).items()
    }


def put_moments(
    model: nn.Module, optimizer: torch.optim.Optimizer, moments: Mapping[str, Tensor], where: str = "optimizer"
) -> None:
    """Go on from moments; a parameter that they lack (of a mask that is new in this round) starts without.

    Raises:
        ArtefactError: a moment has another shape than its parameter.
    """
    by_name: dict[str, dict[str, Tensor]] = {}
    for key, tensor in moments.items():
        name, _, moment = key.rpartition("/")
        by_name.setdefault(name, {})[moment] = tensor
    for name, parameter in _trained(model, optimizer):
        own = by_name.get(name, {})
        wrong = [moment for moment, tensor in own.items() if tensor.ndim and tensor.shape != parameter.shape]
        if wrong:
            raise ArtefactError(
                where, f"{wrong[0]} of {name} has another shape than the parameter", "delete the round before it"
            )
        if own:
            optimizer.state[parameter] = {moment: tensor.to(parameter.device).clone() for moment, tensor in own.items()}


def _trained(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, nn.Parameter]]:
    steered = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    return ((name, parameter) for name, parameter in model.named_parameters() if id(parameter) in steered)
