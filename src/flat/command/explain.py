"""``flat explain``: what a trained model answers to one text, and how much each word has to do with it."""

from typing import Annotated

import typer

# square brackets are markup to typer
MODEL_HELP = "A checkpoint folder, or STUDY:DATASET/MODEL/STRATEGY, with /TRAIN_ATTACK and /seedN where several fit."
EXAMPLE_HELP = "In place of a text: the id of a test example, with the draws of the study's own job."
STUDY_HELP = "The study file of a checkpoint folder whose study is not finished, or names plugins."


def explain(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False)],
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="A raw text.", show_default=False)] = None,
    method: Annotated[str, typer.Option(help="The explanation method: ig, lime, or another explainer.")] = "ig",
    target: Annotated[str | None, typer.Option(help="The class explained.", show_default="the model's answer")] = None,
    example: Annotated[str | None, typer.Option(metavar="ID", help=EXAMPLE_HELP, show_default=False)] = None,
    study: Annotated[str | None, typer.Option(metavar="STUDY", help=STUDY_HELP, show_default=False)] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda.", show_default="as the study says")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Explain a model's answer to one text, word by word."""
    from flat.command import answers  # for cost: rich
    from flat.use import open_model  # for cost

    with answers.waiting(f"explaining by {method} ..."):
        opened = open_model(model, study, device)
        found = opened.explain(text, method, target, example=example)
    name, prediction = opened.name, found.prediction
    table = [("word", "score"), *((word, f"{score:+.4f}") for word, score in found)]
    heading = f"{method}: what speaks for {found.target}"
    answers.show(
        plain=[name, f"answer: {prediction.line}", heading, "", *answers.plain_table(table)],
        rich=[
            answers.Text(name, "dim"),
            answers.probabilities(prediction),
            "",
            answers.coloured(found),
            "",
            answers.Text.assemble(f"{method}: what speaks ", ("for", "green"), " and ", ("against", "red"))
            + f" {answers.visible(found.target)}",
            answers.scores(found),
        ],
        values={"model": name, "notes": list(opened.notes), "prediction": prediction.as_values(), **found.as_values()},
        as_json=as_json,
        notes=(*opened.notes, *prediction.notes),
    )


def add_to(app: typer.Typer) -> None:
    app.command("explain")(explain)
