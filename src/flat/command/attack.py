"""``flat attack``: whether a trained model keeps to its answer when an attack changes the text."""

from typing import Annotated

import typer

from flat.command.explain import EXAMPLE_HELP, MODEL_HELP, STUDY_HELP
from flat.errors import StudyError

RECIPE_HELP = "An attack of the study by its name, or a recipe."
RESOURCE_HELP = "What plays a role in the attack: masked_language_model=NAME. May be given several times."
LABEL_HELP = "The class that the text has."


def attack(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False)],
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="A raw text.", show_default=False)] = None,
    recipe: Annotated[str, typer.Option(help=RECIPE_HELP)] = "textfooler",
    label: Annotated[str | None, typer.Option(help=LABEL_HELP, show_default="the model's answer")] = None,
    query_budget: Annotated[int | None, typer.Option(help="Questions at most.", show_default="the study's")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds at most.", show_default="the study's")] = None,
    resource: Annotated[list[str] | None, typer.Option(metavar="ROLE=NAME", help=RESOURCE_HELP)] = None,
    example: Annotated[str | None, typer.Option(metavar="ID", help=EXAMPLE_HELP, show_default=False)] = None,
    study: Annotated[str | None, typer.Option(metavar="STUDY", help=STUDY_HELP, show_default=False)] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda.", show_default="as the study says")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Attack a model on one text."""
    from flat.command import answers  # for cost: rich
    from flat.use import open_model  # for cost
    from flat.use.answers import said_of  # for cost

    limits = {"query_budget": query_budget, "time_limit": time_limit}
    with answers.waiting(f"attacking by {recipe} ..."):
        opened = open_model(model, study, device)
        found = opened.attack(text, recipe, label, example=example, resources=_roles(resource or []), **limits)
    name, swaps = opened.name, [said_of(*swap) for swap in found.swaps]
    meant = answers.MEANT[found.status].format(label=found.label)
    head = f"{found.line}: {meant}"
    sides = [("before", found.before, found.changed[0]), ("after", found.after, found.changed[1])]
    sides = sides[:1] if found.status == "skipped" else sides
    table = [("", "answer", "text"), *((side, answer.line, answer.text) for side, answer, _ in sides)]
    parts = []
    for side, answer, changed in sides:
        parts += ["", answers.Text(side, "dim"), answers.marked(answer.words, changed), answers.probabilities(answer)]
    answers.show(
        plain=[name, head, "", *answers.plain_table(table), *([""] if swaps else []), *swaps],
        rich=[
            answers.Text(name, "dim"),
            answers.Text(answers.visible(head), answers.OUTCOME[found.status]),
            *parts,
            *([""] if swaps else []),
            *(answers.Text(answers.visible(swap)) for swap in swaps),
        ],
        values={"model": name, "notes": list(opened.notes), **found.as_values()},
        as_json=as_json,
        notes=(*opened.notes, *found.before.notes),
    )


def _roles(given: list[str]) -> dict[str, str]:
    """Role -> resource.

    Raises:
        StudyError: one is not written ROLE=NAME.
    """
    pairs = [one.partition("=") for one in given]
    for (role, equals, name), one in zip(pairs, given, strict=True):
        if not (role and equals and name):
            raise StudyError(f"--resource {one}", "is no ROLE=NAME", "write --resource masked_language_model=NAME")
    return {role: name for role, _, name in pairs}


def add_to(app: typer.Typer) -> None:
    app.command("attack")(attack)
