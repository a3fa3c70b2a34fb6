"""A study of one's own data: no printed value, no cell of the paper's grid, claims of its own cells."""

import pytest
from table_examples import build, entry, make_extras, row, study, tau

from flat.analysis.claims.own import claims_of
from flat.errors import StudyError
from flat.paper.catalogue import TABLES, table_keys
from flat.report import summary_items
from flat.report.tables import grid, render
from flat.report.tables.layout import RUN, Entry, wide
from flat.study.artefacts import OwnClaim
from flat.study.bounds import names
from flat.study.schema import Study

CLAIMS = "config/claims.yaml"
OF_PAPER = ("sst2", "imdb", "ag", "trec")


@pytest.fixture(scope="module")
def extras():
    return make_extras()


def renamed(value):
    """A part of the example study with its data sets called by names that the paper does not have."""
    new = {"sst2": "tickets", "ag": "mails"}
    if isinstance(value, dict):
        return {new.get(key, key): renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item) for item in value]
    return new.get(value, value) if isinstance(value, str) else value


def own(**changes) -> Study:
    return Study.model_validate({**renamed(study().model_dump()), **changes})


def own_table(key, rows, extras, **changes):
    return build(key, rows, extras, **own(**changes).model_dump())


def test_no_table_of_ones_own_data_shows_the_papers_cells_or_numbers(extras):
    assert "grim" not in table_keys(own())
    for key in table_keys(own()):
        table = own_table(key, [], extras)
        assert set(table.frame["printed"]) == {""}, key
        assert not {*OF_PAPER} & {str(v) for name in ("dataset",) if name in table.frame for v in table.frame[name]}
        texts = render.to_markdown(table) + render.to_csv(table) + render.to_tex(table)
        assert "(–)" not in texts and "entries that the paper prints" not in texts and "BERT" not in texts, key
        assert "printed value" not in " ".join(table.notes) and grid.LEFT_OUT not in table.notes, key


def test_entries_of_ones_own_data_are_numbers_alone(extras):
    rows = [row("after_attack_accuracy_percent", 12.0, attack="textfooler", dataset="tickets")]
    table = own_table("3", [*rows, tau(0.5, "shared", dataset="tickets")], extras)
    assert entry(table, ("TextFooler §", "LSTM-base"), "SST2 † AA") == Entry("12.0", "", RUN, "ᶜ", n="n 100")
    assert table.notes[0].startswith("Each entry is our value. “not run”")
    assert len(wide(table).body) == 2 * 2 * 3  # attacks, models and strategies of the study
    assert wide(table, "saved").heading.endswith("skipped ones too")
    assert "what the paper averages" in wide(build("3", [], extras), "saved").heading


def test_a_data_set_of_the_papers_keeps_its_printed_values_beside_ones_own(extras):
    values = study().model_dump()
    values["datasets"]["tickets"] = values["datasets"]["ag"] | {"title": "tickets"}
    values["artefacts"]["main"]["datasets"] = ["sst2", "tickets"]
    rows = [row("test_accuracy_percent", 83.0), row("test_accuracy_percent", 70.0, dataset="tickets")]
    table = build("2", rows, extras, **values)
    assert entry(table, ("LSTM-base", "–"), "SST2 †").text == "83.00ᶜ (84.40)"
    assert entry(table, ("LSTM-base", "–"), "tickets").text == "70.00ᶜ"
    assert entry(table, ("CNN-base", "–"), "tickets").text == "not run"


def test_printed_values_can_be_switched_off(extras):
    table = build("2", [row("test_accuracy_percent", 83.456)], extras, printed=False)
    assert entry(table, ("LSTM-base", "–"), "SST2 †").text == "83.46ᶜ"
    assert set(table.frame["printed"]) == {""} and set(table.frame["dataset"]) == {"sst2", "ag"}
    assert "grim" not in table_keys(study(printed=False)) and "grim" in table_keys(study())
    assert "printed" not in study().model_dump()  # older studies keep their digest
    for key in ("4", "5", "9", "10"):
        assert TABLES[key].printed and set(build(key, [], extras, printed=False).frame["printed"]) == {""}


def test_by_default_flat_and_adv_are_compared_on_ones_own_data():
    found = claims_of(own(), CLAIMS)
    assert [claim.name for claim in found] == [
        f"own-{metric}-{pair}" for pair in ("FLAT-adv", "adv-base") for metric in ("AA", "KT", "TI")
    ]
    assert all(claim.own and claim.cells.datasets == ["tickets", "mails"] for claim in found)
    assert found[0].statement == "FLAT: after-attack accuracy lies above that of adv, in every cell."
    main = own().artefacts.main.model_copy(update={"strategies": ["base", "FLAT"]})
    alone = own().model_copy(update={"artefacts": own().artefacts.model_copy(update={"main": main})})
    assert claims_of(alone, CLAIMS) == []
    assert claims_of(own(claims=[]), CLAIMS) == []


def test_the_papers_claims_are_judged_of_the_papers_data_alone():
    papers = claims_of(study(), CLAIMS)
    assert len(papers) > 20 and not any(claim.own for claim in papers)
    more = claims_of(study(claims=[{"of": "FLAT", "minus": ["base"], "metric": "test_accuracy_percent"}]), CLAIMS)
    assert [claim.own for claim in more] == [False] * len(papers) + [True]
    assert more[-1].tables == ("2",) and more[-1].cells.attacks == ["textfooler", "pwws"]


def test_claims_that_cannot_be_judged_are_refused_with_their_place():
    with pytest.raises(StudyError, match=r"claims\.0\.of: FLATT is not among the strategies\s+remedy: did you mean"):
        raise next(names.misfits(own(claims=[{"of": "FLATT", "minus": ["base"]}]), "my.yaml"))
    with pytest.raises(ValueError, match="FLAT cannot be compared with itself"):
        OwnClaim(of="FLAT", minus=["FLAT"])
    with pytest.raises(ValueError, match="magic is not among ig, lime"):
        OwnClaim(of="FLAT", minus=["adv"], metric="kendall_tau", method="magic")
    twice = {"of": "FLAT", "minus": ["adv"], "name": "mine"}
    with pytest.raises(StudyError, match="mine stands twice"):
        claims_of(own(claims=[twice, twice]), CLAIMS)


def test_the_summary_tells_what_ones_own_data_say(tmp_path):
    line = "claim,verdict,claimed_by,estimand,value\n"
    file = tmp_path / own().results / own().name / "claims.csv"
    file.parent.mkdir(parents=True)
    (file.parent / "claim_cells.csv").write_text("claim\n")
    file.write_text(line + 'a,direction only,study,"AA, FLAT − adv",13.58\nb,inconclusive,study,"KT",-0.004\n')
    said = {item.name: item for item in summary_items.collect(own(), tmp_path)}["Claims"]
    assert said.title == "Verdicts on this study's own claims"
    assert said.key_line == "AA, FLAT − adv: +13.58 (direction only); KT: 0.00 (inconclusive)"
    file.write_text(line)
    assert {i.name: i for i in summary_items.collect(own(), tmp_path)}["Claims"].key_line.startswith("none")
