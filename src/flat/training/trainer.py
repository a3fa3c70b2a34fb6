"""One trainer for all strategies: what differs between them is the data, the objective and its weights."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice

import numpy as np
import torch

from flat.data.batches import EncodedTexts, rows_of_epoch, shuffled_batches
from flat.models.gpu_memory import Parts
from flat.models.interface import Classifier
from flat.resume.checkpoints import MOMENT_S, Checkpoints, Progress
from flat.resume.stopping import orderly_stop
from flat.study.fields import OWN_OBJECTIVE
from flat.study.seeds import seed_of
from flat.training.made import Made, by_row, texts_of_epoch
from flat.training.moments import moments_of, put_moments
from flat.training.objective import Weights
from flat.training.pairs import Pairs, counterparts
from flat.training.parts import UNFETCHED, Part, fetched, not_a_number, summed, without_graph
from flat.training.precision import arithmetic, products, reduced, say
from flat.training.strategy import TOTAL, Chosen, Step, chosen

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How to optimise. docs/method.md says why an epoch is kept and how an encoder's rate falls.

    Attributes:
        epochs: epochs of this round.
        batch_size: originals a step; their adversarial texts come on top.
        optimizer: adam | adamw.
        weight_decay: of weight matrices; biases and layer norms have none.
        schedule: none | linear (to zero over the steps really taken).
        clip_norm: largest gradient norm, or None.
        accumulate: batches whose gradients are averaged, by their texts, before a step.
        texts_per_epoch: originals an epoch takes, or None for all: those of the round's adversarial texts, and a fresh
            draw of others.
        patience: stop after so many epochs without a better dev score, or None.
        select: "dev" (accuracy on the clean dev split) | "last".
        precision: fp32 | bf16 (autocast; only for training; ``flat.training.precision`` says with what arithmetic).
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 0.01
    optimizer: str = "adam"
    weight_decay: float = 0.0
    schedule: str = "none"
    clip_norm: float | None = None
    accumulate: int = 1
    texts_per_epoch: int | None = None
    patience: int | None = None
    select: str = "dev"
    precision: str = "fp32"


@dataclass(frozen=True)
class Outcome:
    """history: one dict an epoch (the terms of the loss, dev accuracy); best_epoch: 1-based, the one kept; moments: the
    optimiser's at the end (``flat.training.moments``)."""

    history: list[dict]
    best_epoch: int
    dev_accuracy: float
    moments: dict[str, torch.Tensor] = field(compare=False, repr=False)


def accuracy(model: Classifier, texts: Sequence[Sequence[str]], labels: np.ndarray) -> float:
    """Share of texts whose argmax logit is the label, in evaluation mode."""
    was_training = model.training
    model.eval()
    correct = (model.logits(texts, batch_size=256).argmax(1) == np.asarray(labels)).mean()
    model.train(was_training)
    return float(correct)


def train(
    model: Classifier,
    texts: Sequence[Sequence[str]],
    labels: Sequence[int],
    dev: tuple[Sequence[Sequence[str]], Sequence[int]],
    options: Options,
    weights: Weights,
    seed: int,
    pairs: Pairs | None = None,
    checkpoints: Checkpoints | None = None,
    moments: Mapping[str, torch.Tensor] | None = None,
    strategy: Chosen | None = None,
) -> Outcome:
    """Train ``model`` in place on the originals and the round's pairs; it ends with the selected epoch's weights.

    Every random draw (order, dropout, Gumbel noise, those of the objective) comes from ``seed``.

    Args:
        checkpoints: where a killed training goes on from; the caller deletes them at the end.
        moments: of an earlier round's optimiser, to go on from; None: a fresh one.
        strategy: the objective; None: FLAT's own (``flat``).

    Raises:
        SystemExit: SIGTERM or SIGINT came; the step in hand is done and saved.
        FlatError: the loss is not a number, or its terms are not the declared ones.
    """
    device = model.device
    torch.manual_seed(seed_of(seed, "dropout"))
    gumbel = torch.Generator().manual_seed(seed_of(seed, "gumbel"))
    order = np.random.default_rng(seed_of(seed, "order"))
    clean: EncodedTexts | None = None  # an epoch's
    gold = torch.tensor(np.array(labels), dtype=torch.long)
    strategy = strategy or chosen()
    pairs = pairs or Pairs([], [])
    adversarial = EncodedTexts(model, pairs.texts) if len(pairs.texts) else None
    made = Made(model, None)  # texts of the objective's own in this epoch
    originals = [texts[row] for row in pairs.rows]
    compared = counterparts(originals, pairs, model.max_length, weights.importance_over)
    pairs_of = by_row(pairs.rows)  # several of a row when rounds accumulate

    how = arithmetic(options.precision, device)
    say(how, device)
    optimizer = _optimizer(model, options)
    if moments:
        put_moments(model, optimizer, moments)
    paired = np.array(sorted(set(pairs.rows)), dtype=int)
    taken = min(len(texts), max(options.texts_per_epoch or len(texts), len(paired)))
    batches_per_epoch = -(-taken // options.batch_size)
    steps = options.epochs * -(-batches_per_epoch // options.accumulate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps) if options.schedule == "linear" else None
    checkpoints = checkpoints or Checkpoints(None)
    checkpoints.follow(model, optimizer, schedule, gumbel)
    progress = Progress(sums=_zeros(strategy), order=order.bit_generator.state)
    checkpoints.restore(progress)
    order.bit_generator.state = progress.order

    def losses_of(rows: np.ndarray) -> Iterator[Part]:
        """The parts of the loss on these rows, each with its graph, one backward pass after the other."""
        chosen_pairs = [(place, number) for place, row in enumerate(rows) for number in pairs_of.get(row, ())]
        numbers = torch.tensor([number for _, number in chosen_pairs], dtype=torch.long)
        own, own_rows = made.take(rows, device)
        with reduced(how, device):
            step = Step(
                model,
                clean.take(rows, device),
                gold[rows].to(device),
                adversarial.take(numbers, device) if chosen_pairs else None,
                torch.tensor([place for place, _ in chosen_pairs], dtype=torch.long, device=device),
                compared[numbers].to(device),
                weights,
                gumbel,
                torch.Generator().manual_seed(
                    seed_of(seed, "objective", progress.epoch, progress.steps, int(rows[0]), len(rows))
                ),
                own,
                own_rows,
            )
        losses = strategy.objective.losses(step)
        while True:
            with reduced(how, device):
                terms = next(losses, None)
            if terms is None:
                return
            yield Part(strategy.checked(terms), rows, [pairs.texts[number] for _, number in chosen_pairs])

    def settle() -> None:
        """Add the terms that the device has computed since the last time; all of them are numbers, or it ends here."""
        for values, part in zip(fetched(watched), watched, strict=True):
            if not math.isfinite(values[TOTAL]):
                raise not_a_number(values, part, texts, labels, progress, checkpoints)
            for name, value in values.items():
                progress.sums[name] += value
            progress.batches += 1
        watched.clear()

    at_once, watched = Parts(options.batch_size), []
    most_watched = UNFETCHED.get(device.type, 1)
    with orderly_stop() as stop:
        while progress.epoch <= options.epochs:
            epoch = progress.epoch
            if options.patience is not None and epoch - 1 - progress.best_epoch >= max(options.patience, 1):
                log.info("no better dev accuracy for %d epochs: stopped", options.patience)
                break
            epoch_rows = rows_of_epoch(len(texts), taken, paired, order)
            if progress.steps == 0:
                progress.made = texts_of_epoch(strategy.objective, model, texts, labels, epoch_rows, epoch, seed)
            made = Made(model, progress.made)
            model.train()
            if clean is None or taken < len(texts):
                clean = EncodedTexts(model, texts, epoch_rows)
            batches_of_rows = (
                epoch_rows[part] for part in shuffled_batches(clean.lengths(epoch_rows), options.batch_size, order)
            )
            for group in islice(_groups(batches_of_rows, options.accumulate), progress.steps, None):
                gradients = partial(_gradients, optimizer, gumbel, losses_of, how, group)
                watched += at_once.run(gradients, f"epoch {epoch}")
                if len(watched) >= most_watched or stop or checkpoints.due():
                    settle()
                if options.clip_norm is not None:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), options.clip_norm)
                optimizer.step()
                if schedule:
                    schedule.step()
                if watched and (stop or checkpoints.due()):
                    settle()
                checkpoints.after_step(progress, stop)
            settle()
            score = accuracy(model, *dev)
            means = {name: value / max(progress.batches, 1) for name, value in progress.sums.items()}
            progress.history.append({"epoch": epoch, **means, "dev_accuracy": score})
            log.info(
                "epoch %d of %d: loss %.4f, dev accuracy %.2f %%", epoch, options.epochs, means[TOTAL], 100 * score
            )
            if score > progress.best or options.select == "last":
                progress.best, progress.best_epoch = score, epoch
                progress.best_state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
            progress.epoch, progress.steps, progress.batches, progress.sums = epoch + 1, 0, 0, _zeros(strategy)
            progress.made = None
            progress.order = order.bit_generator.state
            if epoch < options.epochs or checkpoints.due(MOMENT_S):
                checkpoints.save(progress)
    model.load_state_dict(progress.best_state)
    model.eval()
    return Outcome(progress.history, progress.best_epoch, progress.best, moments_of(model, optimizer))


def _zeros(strategy: Chosen) -> dict[str, float]:
    return dict.fromkeys(strategy.columns, 0.0)


def _gradients(
    optimizer: torch.optim.Optimizer,
    gumbel: torch.Generator,
    losses_of: Callable[[np.ndarray], Iterator[Part]],
    how: str,
    group: list[np.ndarray],
    size: int,
) -> list[Part]:
    """The gradient of a step, averaged over the texts of ``group``, from at most ``size`` rows at a time.

    A call that runs out of memory leaves the generators as they were.
    """
    states = torch.get_rng_state(), gumbel.get_state()
    optimizer.zero_grad(set_to_none=True)
    total, found = sum(map(len, group)), []
    try:
        for rows in (batch[i : i + size] for batch in group for i in range(0, len(batch), size)):
            with products(how):
                parts = []
                for part in losses_of(rows):
                    (part.terms[TOTAL] * (len(rows) / total)).backward()
                    parts.append(without_graph(part))
            found.append(summed(parts))
    except torch.OutOfMemoryError:
        optimizer.zero_grad(set_to_none=True)
        torch.set_rng_state(states[0])
        gumbel.set_state(states[1])
        raise
    return found


def _groups(batches: Iterator[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    """``size`` batches at a time; the last group may be smaller."""
    while group := list(islice(batches, size)):
        yield group


def _optimizer(model: Classifier, options: Options) -> torch.optim.Optimizer:
    """Fused kernels: one pass over a parameter instead of ten, a tenth of the time of a step on a CPU."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},  # biases and layer norms
    ]
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[options.optimizer]
    return kind(groups, lr=options.learning_rate, fused=True)


def describe(options: Options, weights: Weights, strategy: Chosen) -> dict:
    """The options as plain data, for a checkpoint's metrics; an objective of its own name where it is not FLAT's."""
    own = {name: getattr(strategy, name) for name in ("name", "options", "passes")}
    return {"training": asdict(options), "objective": asdict(weights)} | (
        {} if strategy.name == OWN_OBJECTIVE else {"strategy": own}
    )
