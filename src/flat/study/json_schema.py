"""Write the JSON schema of study files, for editors and readers: ``python -m flat.study.json_schema``."""

from flat.files.artefacts import write_json
from flat.study.schema import Study

if __name__ == "__main__":
    write_json("config/schema/study.json", Study.model_json_schema())
