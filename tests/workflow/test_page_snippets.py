"""The Python of pages that reads a finished study, as it is printed, on the tiny study."""

import page_snippets as pages
import pytest

from tests.toys import preloaded

pytestmark = pytest.mark.workflow
# Page -> what its block leaves behind, asked of Python after it
ASKED = {
    "docs/figures.md": "len(drawing.frame) and sorted(os.listdir('figures')) == ['fig6.csv', 'fig6.pdf', 'fig6.png']",
    "docs/statistics.md": "rows.claim_rows(judged, study)[0]['claim'] and len(judged) > 5",
    "docs/tables.md": "render.to_markdown(table).startswith('# Table 3') and 'CNN-FLAT' in render.to_markdown(table)",
}


@pytest.mark.parametrize("page", ASKED)
def test_a_block_runs_on_a_finished_study(page, finished, tmp_path):
    (block,) = [b for b in pages.blocks(pages.ROOT / page) if b.language == "python"]
    text = block.text.replace("config/demo.yaml", "tests/data/tiny.yaml").replace("results/demo", "results/tiny")
    text = text.replace('"figures")', f"{str(tmp_path / 'figures')!r})")
    asked = ASKED[page].replace("'figures'", repr(str(tmp_path / "figures")))
    code = f"{text}\nimport os\nassert {asked}, {asked.partition(' and ')[2]}"
    done = preloaded.python(["-c", code], finished.folder, finished.environment)
    assert done.returncode == 0, done.output[-4000:]
