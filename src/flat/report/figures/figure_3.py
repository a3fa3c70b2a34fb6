"""Figure 3: what each model attends to in a text and in its adversarial counterpart, word by word."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from flat.files.artefacts import read_table
from flat.interpretation.ranking import kendall_tau
from flat.report.figures import style as figure_style
from flat.report.figures import text_fit, word_canvas
from flat.report.figures.style import FAINT, MUTED, WIDTH_IN, Drawing, finished, ink_of, new_figure, paper_style, sheet
from flat.report.figures.titles import cell_title
from flat.report.figures.word_canvas import LINE_IN, Word

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
NAME_IN, SIDE_IN, TEXT_IN = 0.04, 0.80, 1.42  # left edges of the columns
PREDICTED_IN = 1.05  # from where the prediction begins to the right edge
LEAST_IN = 4.7  # that the columns and the key of colours need
TITLE_IN, TITLE_PT = 0.7, 8.5  # a strategy's title: its room, its size
SKIPPED = "skipped"  # status of an example that the model got wrong before any attack
NOT_ATTACKED = "already wrong: not attacked"


def inputs(study, files: Mapping, cells: Sequence[dict]) -> dict:
    """What ``draw`` takes, from the attributions and the ledger of each cell."""
    chosen = study.artefacts.saliency
    names = [cell["strategy"] for cell in cells]
    return {
        "attributions": {n: read_table(path) for n, path in zip(names, files["attributions"], strict=True)},
        "ledgers": {n: read_table(path) for n, path in zip(names, files["ledgers"], strict=True)},
        "classes": study.datasets[chosen.dataset].classes,
        "strategies": {n: study.strategies[n].title for n in study.artefacts.main.strategies if n in names},
        "examples": chosen.examples,
        "where": cell_title(study, chosen),
    }


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
            the gold class are used. Without words (``flat.published``) no text is drawn.
        ledgers: by strategy: the test ledger that the adversarial texts come from.
        classes: names of the labels 0, 1, ...
        strategies: titles by name, in drawing order; the first is the reference for choosing examples.
        examples: how many pairs; fewer are drawn where the study explained fewer.
        where: the cell in words, such as "LSTM on SST2, TextFooler".
    """
    if not all("words" in frame for frame in attributions.values()):
        return figure_style.not_run(3, "the archive that this study was redrawn from holds no texts")
    ledgers = {name: frame.drop_duplicates("example_id").set_index("example_id") for name, frame in ledgers.items()}
    scores = {name: _gold_scores(attributions[name], ledgers[name]) for name in strategies}
    chosen = choose(scores, ledgers, list(strategies), examples)
    if not chosen:
        return figure_style.not_run(3, "no explained text has an adversarial counterpart for each strategy")
    rows = [
        row
        for number, example_id in enumerate(chosen, start=1)
        for name in strategies
        for row in _pair(number, example_id, name, ledgers[name].loc[example_id], scores[name], classes)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    with paper_style([*frame["word"], *classes, *strategies.values()]):
        shown = {name: text_fit.cut(title, TITLE_IN, TITLE_PT, bold=True) for name, title in strategies.items()}
        figure = _picture(frame, shown)
    caption = (
        f"Integrated gradients of the gold label for {len(chosen)} test text{'s' * (len(chosen) > 1)}"
        f"{f' ({where})' if where else ''}, each above the adversarial text that the attack found against that model. "
        "Words in teal speak for the gold label, words in orange against it, each text scaled to its strongest word; "
        "replaced words are bold and underlined. KT is Kendall's tau between the two rows of scores shown."
    )
    notes = [
        "Examples are chosen by rule, not by outcome of the explanations: the first ids that no model got wrong "
        f"beforehand and whose base model was attacked successfully, texts of {EASY_WORDS[0]} to {EASY_WORDS[1]} words "
        "first.",
        "Where an attack failed, its best failed try is shown; the model's prediction then stays right.",
    ]
    if frame["status"].eq(SKIPPED).any():
        notes.append(
            f"“{NOT_ATTACKED[0].upper()}{NOT_ATTACKED[1:]}”: the model errs on the original, so that no adversarial "
            "text was looked for; such a text is drawn for want of others, with the original alone."
        )
    if cut := [f"{shown[name]} {title}" for name, title in strategies.items() if shown[name] != title]:
        notes.append(f"Titles in full: {'; '.join(cut)}.")
    return finished(3, figure, frame, caption, notes)


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
    """The first ``count`` ids that every strategy explained on both sides: best suited first, then by id.

    Texts that a model got wrong before the attack come last: of those it has no adversarial text.
    """
    explained = set.intersection(
        *({example_id for example_id, side in scores[name] if side == SIDES[1]} for name in names),
        *({example_id for example_id, side in scores[name] if side == SIDES[0]} for name in names),
    )

    def unsuited(example_id: str) -> tuple[bool, bool, bool, str]:
        status = [ledgers[name].at[example_id, "status"] for name in names]
        words = len(scores[names[0]][example_id, SIDES[0]][0])
        return (
            SKIPPED in status,
            status[0] != "succeeded",
            not EASY_WORDS[0] <= words <= EASY_WORDS[1],
            example_id,
        )

    attacked = (i for i in explained if any(ledgers[name].at[i, "status"] != SKIPPED for name in names))
    return sorted(attacked, key=unsuited)[:count]


def _pair(
    number: int, example_id: str, strategy: str, ledger: pd.Series, scores: Scores, classes: Sequence[str]
) -> Iterator[dict]:
    """The rows of one original and its adversarial text, a row per word; of the original alone where the model got it
    wrong before any attack."""
    sides = [scores[example_id, side] for side in SIDES]
    replaced, tau = changed_words(sides[0][0], sides[1][0]), float("nan")
    # texts of other lengths have no common positions
    if ledger["status"] != SKIPPED and len(sides[0][0]) == len(sides[1][0]):
        tau = kendall_tau(sides[0][1], sides[1][1])
    answers = (("predicted", "logits"), ("perturbed_predicted", "perturbed_logits"))
    shown = SIDES[:1] if ledger["status"] == SKIPPED else SIDES
    for place, (side, (words, values)) in enumerate(zip(shown, sides, strict=False)):
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
    page = sheet(WIDTH_IN, LEAST_IN)
    width_in, predicted_in = page.width_in, page.width_in - PREDICTED_IN
    texts = {
        key: word_canvas.wrap(_words(group), predicted_in - TEXT_IN - 0.1)
        for key, group in frame.groupby(["example", "strategy", "side"], sort=False)
    }
    lone = [key[:2] for key in texts if (*key[:2], SIDES[1]) not in texts]
    texts |= {(*key, SIDES[1]): word_canvas.wrap([Word(NOT_ATTACKED, muted=True)], width_in) for key in lone}
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
    figure = new_figure(height_in, width_in, page.scale)
    axes = word_canvas.page_axes(figure, width_in, height_in)
    y = 0.04
    for number, example in frame.groupby("example", sort=False):
        _header(axes, y, number, example.iloc[0], predicted_in)
        y += header_in
        for place, name in enumerate(strategies):
            if place:
                axes.plot([NAME_IN, width_in - 0.04], [y - pair_gap_in / 2] * 2, color=FAINT, linewidth=0.5)
            for side in SIDES:
                text = texts[number, name, side]
                rows = example[example["strategy"].eq(name) & example["side"].eq(side)]
                if len(rows):
                    _margins(axes, y, strategies[name], ink_of(name, list(strategies)), rows.iloc[0], predicted_in)
                word_canvas.paint(axes, text, TEXT_IN, y)
                y += word_canvas.lines_of(text) * LINE_IN + side_gap_in
            y += pair_gap_in - side_gap_in
        y += example_gap_in
    y += 0.15 - example_gap_in
    shift = max(0.0, min(WIDTH_IN - width_in, 1.4))
    word_canvas.colour_key(axes, 2.62 - shift, y, "against the gold label", "for the gold label")
    replaced = word_canvas.wrap([Word("replaced word", marked=True)], 2)
    word_canvas.paint(axes, replaced, 5.1 - shift, y + 0.055 - LINE_IN / 2)
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


def _header(axes, y: float, number: int, row: pd.Series, predicted_in: float) -> None:
    axes.axhspan(y, y + 0.2, facecolor="#F0EFEC", linewidth=0)
    middle = y + 0.1
    style = {"va": "center_baseline", "size": 7.5}
    axes.text(NAME_IN + 0.03, middle, f"Example {number}", weight="bold", **style)
    axes.text(TEXT_IN + 0.02, middle, _fitted(f"gold label: {row['gold']}", predicted_in - TEXT_IN - 0.1), **style)
    axes.text(predicted_in, middle, "prediction", color=MUTED, **style | {"size": 7})


def _margins(axes, y: float, title: str, colour: str, row: pd.Series, predicted_in: float) -> None:
    """What stands left and right of a text's first line."""
    middle = y + LINE_IN / 2
    style = {"va": "center_baseline", "size": 7}
    if row["side"] == SIDES[0]:
        style |= {"weight": "bold", "color": colour, "size": TITLE_PT}
        axes.text(NAME_IN + 0.03, middle, title, **style)
        style = {"va": "center_baseline", "size": 7}
    else:
        tau = row["kendall_tau"]
        shown = "KT undefined" if np.isnan(tau) else f"KT {tau:.2f}".replace("-", "−")
        axes.text(NAME_IN + 0.03, middle, shown, **style)
    axes.text(SIDE_IN, middle, row["side"], color=MUTED, **style)
    right = row["predicted"] == row["gold"]
    label = _fitted(row["predicted"], 0.68, bold=not right)
    answer = f"{'✓' if right else '✗'} {label} {row['probability']:.2f}"
    axes.text(predicted_in, middle, answer, weight="normal" if right else "bold", **style)


def _fitted(text: str, width_in: float, bold: bool = False) -> str:
    return word_canvas.fitted(word_canvas.visible(text), width_in, bold)
