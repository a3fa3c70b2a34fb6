"""A study's passport, as the report page shows one."""

NASTY = """<script>alert("x")</script> & 'quoted' 😀 {{ 7 * 7 }} http://example.org/a.png"""


PASSPORT = {
    "study": {"name": "demo", "digest": "d" * 64, "seed": 1, "seeds": [0, 1], "device": "cpu"},
    "environment": {
        "python": "CPython 3.12.1",
        "packages": {"torch": "2.13.0", "absent": None},
        "machine": {"system": NASTY, "processor": None, "cores": 2, "memory_gib": 8.0, "gpus": []},
        "code": {"commit": None, "changed": None},
    },
    "attacks": [{"attack": "textfooler", "attack_hash": "a" * 64, "ledgers": 2, "lock": {"words": [NASTY]}}],
    "data": {"sst2": {"dataset": NASTY}},
    "artefacts": {"tables/table3.csv": "b" * 64},
    "written": "2026-01-31T12:00:00Z",
}
