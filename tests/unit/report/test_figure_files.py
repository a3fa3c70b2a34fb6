"""Files of figures: equal bytes for equal input, no dates, and what is drawn from a study's own files."""

import re
from pathlib import Path

import pandas as pd
import pytest
from demo_studies import with_blocks
from figure_examples import (
    CORRELATIONS,
    GRID,
    IMPORTANCE,
    MEASUREMENTS,
    STRATEGIES,
    saliency_inputs,
    synonyms,
    words_of,
)

from flat.errors import ArtefactError, StudyError
from flat.paper.catalogue import FIGURES
from flat.report import build as inputs
from flat.report.figures import figure_3, figure_4, figure_5, figure_6, style
from flat.report.figures import files as figures
from flat.report.figures.style import RC
from flat.study.paths import figure_stem

DEMO = Path(__file__).parents[3] / "config" / "demo.yaml"
saliency = pytest.fixture(saliency_inputs)


def drawings(saliency):
    return {
        3: figure_3.draw(**saliency),
        4: figure_4.draw(importance=IMPORTANCE, correlations=CORRELATIONS),
        5: figure_5.draw(with_gamma=synonyms([0.1, 0.2]), without_gamma=synonyms([0.3])),
        6: figure_6.draw(measurements=MEASUREMENTS, **GRID, strategies=STRATEGIES),
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """All four figures once: drawings by number, and the folder of their files."""
    folder, drawn = tmp_path_factory.mktemp("figures"), drawings(saliency_inputs())
    for drawing in drawn.values():
        style.write(drawing, folder)
    return drawn, folder


def test_equal_drawings_have_equal_bytes_at_any_date(written, saliency, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for drawing in drawings(saliency).values():
        style.write(drawing, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(f"fig{n}.{suffix}" for n in (3, 4, 5, 6) for suffix in ("pdf", "png", "csv"))
    for name in names:
        assert (written[1] / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_files_embed_fonts_and_hold_no_date(written):
    for number in written[0]:
        pdf = (written[1] / f"fig{number}.pdf").read_bytes()
        assert b"/FontFile2" in pdf and b"/Type3" not in pdf
        assert not re.search(rb"CreationDate|ModDate", pdf)


def test_csv_is_the_frame(written):
    for number, drawing in written[0].items():
        back = pd.read_csv(written[1] / f"fig{number}.csv", keep_default_na=False, na_values=[""])
        expected = drawing.frame.astype(object).where(drawing.frame.notna(), None)
        assert list(back.columns) == list(expected.columns)
        assert len(back) == len(expected)
        for name in expected:
            for found, wanted in zip(back[name], expected[name], strict=True):
                assert (pd.isna(found) and wanted in (None, "")) or found == pytest.approx(wanted)


def test_png_carries_its_words(written):
    drawn, folder = written
    back = figures.read(folder, 5)
    assert (back.title, back.caption, back.notes) == (drawn[5].title, drawn[5].caption, drawn[5].notes)
    assert back.is_run
    assert back.png == (folder / "fig5.png").read_bytes()


@pytest.mark.parametrize("number", FIGURES)
def test_a_figure_that_was_not_run_is_drawn_with_its_reason(number, tmp_path):
    drawing = style.not_run(number, "the study explains <nothing>")
    style.write(drawing, tmp_path)
    assert "not run" in words_of(drawing.figure) and "the study explains <nothing>" in words_of(drawing.figure)
    assert (
        tmp_path / f"{figure_stem(number)}.csv"
    ).read_text() == "status,reason\nnot run,the study explains <nothing>\n"
    assert not figures.read(tmp_path, number).is_run


def test_reading_a_missing_or_broken_figure_names_the_file(tmp_path):
    with pytest.raises(ArtefactError, match=r"fig3\.png"):
        figures.read(tmp_path, 3)
    (tmp_path / "fig3.png").write_bytes(b"\x89PNG not really")
    with pytest.raises(ArtefactError, match="not a readable png"):
        figures.read(tmp_path, 3)


def test_the_user_s_matplotlib_settings_change_nothing(written, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.bbox": "tight"}):
        drawing = figure_5.draw(with_gamma=synonyms([0.1, 0.2]), without_gamma=synonyms([0.3]))
        png = style.write(drawing, tmp_path)["png"]
    assert png.read_bytes() == (written[1] / "fig5.png").read_bytes()
    assert matplotlib.rcParams["font.size"] != RC["font.size"]  # and ours do not leak out


def test_a_figure_of_a_block_that_the_study_lacks_is_refused():
    from flat.study.load import parse

    values = parse(with_blocks()).model_dump(mode="json")
    for number in (3, 4, 5):
        with pytest.raises(StudyError, match=f"figure {number}: the study has no such figure"):
            inputs.drawing_of(number, values, {}, [])


def test_drawings_from_a_study_s_files(saliency, tmp_path):
    from flat.files.artefacts import write_table
    from flat.study.load import load

    study = load(DEMO)
    values = study.model_dump(mode="json")
    values["models"]["CNN"]["stand_in"] = "a small CNN"
    spare = {"title": "SST2, for one row", "stand_in": None}  # no artefact but the readings may name it
    values["datasets"]["spare"] = values["datasets"]["sst2"] | spare
    write_table(tmp_path / "measurements.parquet", MEASUREMENTS)
    drawing = inputs.drawing_of(6, values, {"measurements": str(tmp_path / "measurements.parquet")}, [])
    assert drawing.frame["status"].eq("ours").sum() == 3
    assert drawing.frame["model"].unique().tolist() == ["LSTM", "CNN", "BERT", "DeBERTa"]
    assert "Rotten Tomatoes sentences" in words_of(drawing.figure)
    assert any(note.startswith("Stand-ins for the paper's models: CNN: a small CNN") for note in drawing.notes)
    assert "spare" not in set(drawing.frame["dataset"])

    order = ["FLAT", "adv", "base"]  # as the files come
    files = {"attributions": [], "ledgers": []}
    for name in order:
        for kind in files:
            files[kind].append(str(tmp_path / f"{kind}-{name}.parquet"))
            write_table(files[kind][-1], saliency[kind][name])
    drawing = inputs.drawing_of(3, values, files, [{"strategy": name} for name in order])
    assert drawing.frame["strategy"].unique().tolist() == ["base", "adv", "FLAT"]
    expected = figure_3.draw(**saliency, examples=study.artefacts.saliency.examples).frame
    pd.testing.assert_frame_equal(drawing.frame, expected)
