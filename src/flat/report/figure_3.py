"""Figure 3: what each model attends to in a text and in its adversarial counterpart, word by word."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from flat.interpretation.ranking import kendall_tau
from flat.report import figure_style, word_canvas
from flat.report.figure_style import FAINT, MUTED, WIDTH_IN, Drawing, ink_of, new_figure, paper_style
from flat.report.figures import TITLES
from flat.report.word_canvas import LINE_IN, Word

SIDES = ("original", "adversarial")
COLUMNS = (
    "example",
    "example_id",
    "gold",
    "strategy",
    "status",
    "side",
    "predicted",
    "probability",
    "kendall_tau",
    "position",
    "word",
    "score",
    "shade",
    "replaced",
)
MOST_WORDS = 40  # drawn of one text
EASY_WORDS = (6, 30)  # lengths that are preferred
NAME_IN, SIDE_IN, TEXT_IN, PREDICTED_IN = 0.04, 0.80, 1.42, 5.95  # left edges of the columns


def draw(
    attributions: Mapping[str, pd.DataFrame],
    ledgers: Mapping[str, pd.DataFrame],
    *,
    classes: Sequence[str],
    strategies: Mapping[str, str],
    examples: int = 3,
    where: str = "",
) -> Drawing:
    """Draw integrated-gradients saliency of example pairs (paper, section 5.2).

    Args:
        attributions: by strategy: rows example_id, side, target, words, scores; sides "original" and "adversarial" and
            the gold class are used.
        ledgers: by strategy: the test ledger that the adversarial texts come from.
        classes: names of the labels 0, 1, ...
        strategies: titles by name, in drawing order; the first is the reference for choosing examples.
        examples: how many pairs; fewer are drawn where the study explained fewer.
        where: the cell in words, such as "LSTM on SST2, TextFooler".
    """
    ledgers = {name: frame.drop_duplicates("example_id").set_index("example_id") for name, frame in ledgers.items()}
    scores = {name: _gold_scores(attributions[name], ledgers[name]) for name in strategies}
    chosen = choose(scores, ledgers, list(strategies), examples)
    if not chosen:
        return figure_style.not_run(3, TITLES[3], "no explained text has an adversarial counterpart for each strategy")
    rows = [
        row
        for number, example_id in enumerate(chosen, start=1)
        for name in strategies
        for row in _pair(number, example_id, name, ledgers[name].loc[example_id], scores[name], classes)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    with paper_style():
        figure = _picture(frame, strategies)
    caption = (
        f"Integrated gradients of the gold label for {len(chosen)} test text{'s' * (len(chosen) > 1)}"
        f"{f' ({where})' if where else ''}, each above the adversarial text that the attack found against that model. "
        "Words in teal speak for the gold label, words in orange against it, each text scaled to its strongest word; "
        "replaced words are bold and underlined. KT is Kendall's tau between the two rows of scores shown."
    )
    notes = [
        "Examples are chosen by rule, not by outcome of the explanations: the first ids whose base model was attacked "
        f"successfully and that no other model got wrong beforehand, texts of {EASY_WORDS[0]} to {EASY_WORDS[1]} words "
        "first.",
        "Where an attack failed, its best failed try is shown; the model's prediction then stays right.",
    ]
    return Drawing(3, TITLES[3], figure, frame, caption, tuple(notes))


Scores = dict[tuple[str, str], tuple[list[str], np.ndarray]]  # (example_id, side) -> words, scores (words,)


def _gold_scores(attributions: pd.DataFrame, ledger: pd.DataFrame) -> Scores:
    rows = attributions[attributions["side"].isin(SIDES) & attributions["example_id"].isin(ledger.index)]
    gold = rows["example_id"].map(ledger["label"])
    rows = rows[rows["target"].eq(gold)]
    return {
        (row.example_id, row.side): (list(row.words), np.asarray(row.scores, dtype=float))
        for row in rows[["example_id", "side", "words", "scores"]].itertuples()
    }


def choose(
    scores: Mapping[str, Scores], ledgers: Mapping[str, pd.DataFrame], names: Sequence[str], count: int
) -> list[str]:
    """The first ``count`` ids that every strategy explained on both sides: best suited first, then by id."""
    explained = set.intersection(
        *({example_id for example_id, side in scores[name] if side == SIDES[1]} for name in names),
        *({example_id for example_id, side in scores[name] if side == SIDES[0]} for name in names),
    )

    def unsuited(example_id: str) -> tuple[bool, bool, bool, str]:
        status = [ledgers[name].at[example_id, "status"] for name in names]
        words = len(scores[names[0]][example_id, SIDES[0]][0])
        return (
            status[0] != "succeeded",
            "skipped" in status,
            not EASY_WORDS[0] <= words <= EASY_WORDS[1],
            example_id,
        )

    attacked = (i for i in explained if any(ledgers[name].at[i, "status"] != "skipped" for name in names))
    return sorted(attacked, key=unsuited)[:count]


def _pair(
    number: int, example_id: str, strategy: str, ledger: pd.Series, scores: Scores, classes: Sequence[str]
) -> Iterator[dict]:
    """The rows of one original and its adversarial text, a row per word."""
    sides = [scores[example_id, side] for side in SIDES]
    replaced = changed_words(sides[0][0], sides[1][0])
    # texts of other lengths have no common positions
    tau = kendall_tau(sides[0][1], sides[1][1]) if len(sides[0][0]) == len(sides[1][0]) else float("nan")
    answers = (("predicted", "logits"), ("perturbed_predicted", "perturbed_logits"))
    for place, (side, (words, values)) in enumerate(zip(SIDES, sides, strict=True)):
        predicted, logits = (ledger[name] for name in answers[place])
        largest = np.abs(values).max(initial=0) or 1.0
        for position, (word, score) in enumerate(zip(words, values, strict=True)):
            yield {
                "example": number,
                "example_id": example_id,
                "gold": classes[int(ledger["label"])],
                "strategy": strategy,
                "status": ledger["status"],
                "side": side,
                "predicted": classes[int(predicted)],
                "probability": float(_softmax(logits)[int(predicted)]),
                "kendall_tau": tau,
                "position": position,
                "word": word,
                "score": score,
                "shade": score / largest,
                "replaced": position in replaced[place],
            }


def changed_words(original: Sequence[str], adversarial: Sequence[str]) -> tuple[set[int], set[int]]:
    """Positions of the words that differ, in the original and in the adversarial text.

    Texts of one length are compared position by position (word substitution); others by their longest common parts.
    """
    if len(original) == len(adversarial):
        differing = {i for i, (a, b) in enumerate(zip(original, adversarial, strict=True)) if a != b}
        return differing, differing
    edits = [e for e in SequenceMatcher(a=original, b=adversarial, autojunk=False).get_opcodes() if e[0] != "equal"]
    return {i for e in edits for i in range(e[1], e[2])}, {i for e in edits for i in range(e[3], e[4])}


def _softmax(logits: Sequence[float]) -> np.ndarray:
    values = np.asarray(logits, dtype=float)
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def _picture(frame: pd.DataFrame, strategies: Mapping[str, str]) -> Figure:
    texts = {
        key: word_canvas.wrap(_words(group), PREDICTED_IN - TEXT_IN - 0.1)
        for key, group in frame.groupby(["example", "strategy", "side"], sort=False)
    }
    header_in, side_gap_in, pair_gap_in, example_gap_in, key_in = 0.27, 0.03, 0.08, 0.12, 0.34
    lines = sum(word_canvas.lines_of(placed) for placed in texts.values())
    pairs, count = len(texts) // 2, frame["example"].nunique()
    height_in = (
        0.04
        + lines * LINE_IN
        + pairs * (side_gap_in + pair_gap_in)
        + count * header_in
        + (count - 1) * example_gap_in
        + key_in
    )
    figure = new_figure(height_in)
    axes = word_canvas.page_axes(figure, WIDTH_IN, height_in)
    y = 0.04
    for number, example in frame.groupby("example", sort=False):
        _header(axes, y, number, example.iloc[0])
        y += header_in
        for place, name in enumerate(strategies):
            if place:
                axes.plot([NAME_IN, WIDTH_IN - 0.04], [y - pair_gap_in / 2] * 2, color=FAINT, linewidth=0.5)
            for side in SIDES:
                text = texts[number, name, side]
                first = example[example["strategy"].eq(name) & example["side"].eq(side)].iloc[0]
                _margins(axes, y, strategies[name], ink_of(name, list(strategies)), first)
                word_canvas.paint(axes, text, TEXT_IN, y)
                y += word_canvas.lines_of(text) * LINE_IN + side_gap_in
            y += pair_gap_in - side_gap_in
        y += example_gap_in
    y += 0.15 - example_gap_in
    word_canvas.colour_key(axes, 2.62, y, "against the gold label", "for the gold label")
    replaced = word_canvas.wrap([Word("replaced word", marked=True)], 2)
    word_canvas.paint(axes, replaced, 5.1, y + 0.055 - LINE_IN / 2)
    return figure


def _words(text: pd.DataFrame) -> list[Word]:
    shown = text.iloc[:MOST_WORDS]
    words = [
        Word(word, shade, replaced)
        for word, shade, replaced in shown[["word", "shade", "replaced"]].itertuples(index=False)
    ]
    beyond = text.iloc[MOST_WORDS:]
    if len(beyond):
        replaced = int(beyond["replaced"].sum())
        words.append(Word(f"… {len(beyond)} more words, {replaced} replaced", muted=True))
    return words


def _header(axes, y: float, number: int, row: pd.Series) -> None:
    axes.axhspan(y, y + 0.2, facecolor="#F0EFEC", linewidth=0)
    middle = y + 0.1
    style = {"va": "center_baseline", "size": 7.5}
    axes.text(NAME_IN + 0.03, middle, f"Example {number}", weight="bold", **style)
    axes.text(TEXT_IN + 0.02, middle, f"gold label: {word_canvas.visible(row['gold'])}", **style)
    axes.text(PREDICTED_IN, middle, "prediction", color=MUTED, **style | {"size": 7})


def _margins(axes, y: float, title: str, colour: str, row: pd.Series) -> None:
    """What stands left and right of a text's first line."""
    middle = y + LINE_IN / 2
    style = {"va": "center_baseline", "size": 7}
    if row["side"] == SIDES[0]:
        axes.text(
            NAME_IN + 0.03,
            middle,
            word_canvas.fitted(title, 0.7, bold=True),
            weight="bold",
            color=colour,
            size=8.5,
            va="center_baseline",
        )
    else:
        tau = row["kendall_tau"]
        shown = "KT undefined" if np.isnan(tau) else f"KT {tau:.2f}".replace("-", "−")
        axes.text(NAME_IN + 0.03, middle, shown, **style)
    axes.text(SIDE_IN, middle, row["side"], color=MUTED, **style)
    right = row["predicted"] == row["gold"]
    label = word_canvas.fitted(word_canvas.visible(row["predicted"]), 0.68, bold=not right)
    answer = f"{'✓' if right else '✗'} {label} {row['probability']:.2f}"
    axes.text(PREDICTED_IN, middle, answer, weight="normal" if right else "bold", **style)
