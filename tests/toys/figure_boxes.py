"""Where the texts of a figure stand: measured boxes, what clips and what overlaps; titles that are hard to fit."""

from itertools import combinations

from matplotlib.text import Text
from table_examples import CNN, DATASET, study

STRATEGIES = ["base", "adv", "FLAT", "FLAT-nogamma", "FLAT-softmax", "group10", "group12", "plain"]
LONG = "trained on adversarial texts with a title that no single line of a legend can ever hold"
TITLES = ["SST2", "Reviews of films and of books", "Nachrichtenüberschriften", "TREC"]
MODELS = ["LSTM", "google/electra-base-discriminator", "A model of our own, large"]
TOUCH_PX = 1.0  # at 100 dots an inch


def boxes(figure):
    """Every text that is shown, with its box in pixels; without the labels of ticks, which matplotlib places."""
    figure.draw_without_rendering()
    axes = [axis for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis)]
    ticks = {text for axis in axes for text in axis.findobj(Text)} - {axis.label for axis in axes}
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    found = {t: t.get_window_extent() for t in shown if t not in ticks}
    return found, [box for axis in axes if (box := axis.get_tightbbox(figure.canvas.get_renderer()))]


def overlap(a, b):
    wide = min(a.x1, b.x1) - max(a.x0, b.x0)
    high = min(a.y1, b.y1) - max(a.y0, b.y0)
    return min(wide, high)


def check(figure, inside=("not run",)):
    """Nothing is clipped, no two texts overlap, none but those named lies on a panel."""
    found, axes_with_labels = boxes(figure)
    canvas = figure.bbox.padded(TOUCH_PX)
    named = [*((text.get_text(), box) for text, box in found.items()), *(("an axis", box) for box in axes_with_labels)]
    for name, box in named:
        inside_canvas = box.x0 >= canvas.x0 and box.y0 >= canvas.y0 and box.x1 <= canvas.x1 and box.y1 <= canvas.y1
        assert inside_canvas, f"clipped: {name!r} {box.extents} of {canvas.extents}"
    for (a, at), (b, other) in combinations(found.items(), 2):
        assert overlap(at, other) <= TOUCH_PX, f"{a.get_text()!r} lies over {b.get_text()!r}"
    for text, box in found.items():
        for axes in figure.axes:
            over = overlap(box, axes.get_window_extent())
            assert over <= TOUCH_PX or text.get_text() in inside, f"{text.get_text()!r} lies on a panel"


def titled(count, long):
    titles = {name: name for name in STRATEGIES[:count]}
    return titles | ({STRATEGIES[min(1, count - 1)]: LONG} if long else {})


def curves_study(count, columns, long):
    values = study().model_dump(mode="json")
    titles = TITLES if long else ["SST2", "IMDB", "AG", "TREC"]
    models = MODELS[:2] if long else ["LSTM", "BERT"]
    strategies = titled(count, long)
    values["datasets"] = {
        name: {"title": title, **DATASET} for name, title in zip("abcd"[:columns], titles, strict=False)
    }
    values["datasets"]["a"]["stand_in"] = "sentences of films from a package, without labels of phrases"
    values["models"] = {name: {**CNN, "title": title} for name, title in zip("xy", models, strict=True)}
    values["strategies"] = {n: {"title": strategies.get(n, n), "adversarial": n != "base"} for n in STRATEGIES}
    values["attacks"] = {
        "pwws": {"title": LONG if long else "PWWS", "recipe": "pwws"},
        "iga": {"title": "TextFooler", "recipe": "textfooler"},
    }
    names = {"datasets": list("abcd"[:columns]), "models": ["x", "y"], "strategies": STRATEGIES[:count]}
    values["artefacts"] = {"main": names | {"train_attacks": ["pwws", "iga"]}}
    return type(study()).model_validate(values)
