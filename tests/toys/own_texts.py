"""A file of texts such as a user has: mails to a shop, with labels of its own and some odd rows."""

import csv
import random
from pathlib import Path

THINGS = ("parcel", "order", "coat", "lamp", "invoice", "refund", "box", "chair", "gift", "card")
SAID = {
    "praise": ("great service and a lovely", "thank you for the wonderful", "very happy with the beautiful"),
    "complaint": ("terrible delay of my broken", "angry about the awful damaged", "never again, a horrible late"),
    "question": ("when will you send the", "how can i return the", "where do i find my new"),
}
EMPTY, REPEATED, TORN, LONG = 4, 9, 14, 19  # odd rows, counted from 0
ENDS = ("today", "this week", "again", "in town", "at home", "for my sister", "by post", "as agreed", "on friday")


def mails(rows: int = 200, seed: int = 3, odd: bool = True) -> list[dict[str, str]]:
    """Rows with the columns body, topic and sender: each text once, but for the odd ones."""
    draw = random.Random(seed)
    topics = list(SAID)
    found, seen = [], set()
    while len(found) < rows:
        topic = topics[len(found) % len(topics)]
        numbers = (draw.choice(SAID[topic]), draw.choice(THINGS), draw.choice(ENDS), draw.choice(THINGS))
        body = "{} {} {} , with the {}".format(*numbers)
        if body not in seen:
            seen.add(body)
            found.append({"body": body, "topic": topic, "sender": draw.choice(["shop", "web"])})
    if odd:
        found[EMPTY]["body"] = "  "
        found[REPEATED] = dict(found[REPEATED - 3])  # the same text and topic
        found[TORN] = found[TORN - 1] | {"topic": topics[TORN % 3]}  # the same text, another topic
        found[LONG]["body"] = " ".join([found[LONG]["body"]] * 30)
    return found


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
