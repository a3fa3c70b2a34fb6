"""Files such as strangers have: short messages, news, questions; each with columns, signs and odd rows of its own."""

import csv
import random
import re
from pathlib import Path

EMPTY = 7  # row of a message without words
SLOTS = {
    "name": ["Anna", "Tom", "Priya", "Lukas", "Mei", "Omar", "Julia", "Ben", "Sara", "Nikos", "Dad", "Mum"],
    "when": ["at 6", "tonight", "after work", "on Friday", "in 10 min", "tomorrow", "at noon", "this weekend"],
    "place": ["the station", "Rosa's", "the gym", "home", "the office", "uni", "the old bridge", "the cinema"],
    "thing": ["milk", "the tickets", "my charger", "the blue folder", "bread", "the keys", "some wine", "the cake"],
    "smile": ["😂", "🙈", ":)", "", "❤️", "👍", "xx", "…"],
    "sum": ["£500", "$1,000", "2000 pounds", "€750", "a £100 voucher", "$250 cash"],
    "prize": ["a new iPhone", "a cruise for two", "a free camera phone", "an Amazon card", "concert tickets"],
    "code": ["87021", "80488", "REF-2291", "A77", "83355", "WIN4"],
    "city": ["Oslo", "Lima", "Nairobi", "Hamburg", "Osaka", "Toronto", "Cairo", "Leeds", "Porto", "Austin"],
    "team": ["the Rovers", "City", "United", "the Hawks", "Athletic", "the Bears"],
    "player": ["captain Ruiz", "young striker Banda", "goalkeeper Olsen", "veteran Mills", "rookie Chen"],
    "firm": ["the chipmaker", "a car maker", "the airline", "a drug firm", "the retailer", "a steel group", "the bank"],
    "share": ["3 percent", "a fifth", "12 percent", "half", "more than expected", "only slightly"],
    "head": ["the prime minister", "the opposition", "the mayor", "parliament", "the foreign minister", "the senate"],
    "plan": ["a pension reform", "the housing bill", "new border rules", "a tax cut", "the budget", "a climate law"],
    "gadget": ["a folding phone", "its voice assistant", "a chip for phones", "a headset", "a browser", "a robot arm"],
    "flaw": ["a security hole", "slow batteries", "leaked passwords", "a faulty update", "privacy complaints"],
    "ill": ["measles", "the flu", "diabetes", "malaria", "back pain", "asthma", "sleeplessness"],
    "cure": ["a vaccine", "a cheap pill", "a daily walk", "a new test", "a diet rich in fish", "gene therapy"],
    "film": ["a spy comedy", "the family drama", "a silent film", "the superhero sequel", "a documentary on whales"],
    "star": ["the singer", "an actress of 24", "the director", "the comedian", "a jazz trio", "the rapper"],
    "star2": ["distant galaxy", "comet", "black hole", "moon of Saturn", "dwarf planet"],
    "beast": ["wolves", "bees", "sea turtles", "an octopus", "ravens", "coral", "elephants"],
    "dish": ["lentil soup", "sourdough", "grilled fish", "a plum tart", "dumplings", "street tacos"],
    "trip": ["a night train", "the coastal path", "a cheap hostel", "an empty beach", "the old town", "a lake"],
    "person": ["the telephone", "penicillin", "the novel Dracula", "the first computer", "the zipper", "basketball"],
    "land": ["Kenya", "Norway", "Peru", "Japan", "Portugal", "Egypt", "Canada", "Vietnam", "Chile", "Latvia"],
    "event": ["the Berlin Wall fall", "the first moon landing happen", "the Titanic sink", "the euro begin"],
    "unit": ["bones", "teeth", "chromosomes", "muscles", "ribs"],
    "holder": ["an adult human", "a cat", "a shark", "a horse", "a newborn"],
    "word": ["photosynthesis", "inflation", "a haiku", "osmosis", "the ozone layer", "a solstice", "an isotope"],
    "short": ["NATO", "UNESCO", "laser", "radar", "DNA", "HTML", "scuba", "ASAP"],
}
SMS = {
    "ham": [
        "{name}, can u bring {thing} {when}? {smile}",
        "Running late, see you at {place} {when} {smile}",
        "ok no worries, we can meet at {place} {when}",
        "Did you get {thing}? {name} is asking again {smile}",
        "lol that was so funny, tell {name} i said hi {smile}",
        "Happy birthday {name}!! hope you have a lovely day {smile}",
        "I'm at {place} already, where are you?",
        "Sorry i missed your call, was driving. Ring you {when}",
        "Dinner {when}? {name} wants to cook {smile}",
        "just left {thing} at {place}, sorry; can you pick it up {when}",
        "Thanks for last night, it was great to see {name} again",
        "what time is the train to {city}? i think {when}",
    ],
    "spam": [
        "WINNER!! You have been selected to receive {sum}, call now, code {code}",
        "URGENT! Your mobile number has won {prize}. Reply {code} to claim",
        "Free entry to win {prize}! Text {code} to 80086, 18+, T&C apply",
        "You owe a parcel fee. Pay today or it goes back: short.link/{code}",
        "Congratulations, {sum} is waiting for you; claim before midnight, ref {code}",
        "Hot singles in {city} want to chat. Reply {code}, £1.50 per msg",
        "Your account is locked. Confirm your details now at bank-{code}.info",
        "Last chance! Get {prize} for free with a 12 month plan, call 0906 {code}",
        "Private! Your 2024 statement shows 800 unredeemed points, dial {code}",
        "Loan approved: {sum} within the hour, no checks, answer YES {code}",
    ],
}
NEWS = {
    "Sport": ["{team} beat {city} after {player} scores twice", "{player} out for weeks as {team} lose at home",
              "{team} sign {player} from {city}", "Marathon in {city}: {player} falls short of the record"],
    "Business": ["Shares of {firm} fall {share} on weak sales", "{firm} to cut jobs in {city}, profits down {share}",
                 "Prices rise {share} as {firm} raises fees", "{firm} buys a rival in {city}"],
    "Politics": ["{head} defends {plan} in heated debate", "Vote on {plan} delayed again, says {head}",
                 "{head} visits {city} to win support for {plan}", "Protests in {city} against {plan}"],
    "Technology": ["Startup from {city} shows {gadget}", "Users report {flaw} in {gadget}",
                   "Review: {gadget} impresses despite {flaw}", "{gadget} recalled because of {flaw}"],
    "Health": ["Study: {cure} may protect against {ill}", "Doctors in {city} warn of {ill}",
               "Hospitals run short of help for {ill}", "Why {cure} does not work against {ill}"],
    "Culture": ["{star} opens festival in {city} with {film}", "{film} wins the jury over",
                "Critics split over {film} by {star}", "{star} cancels show in {city}"],
    "Science": ["Telescope spots water on a {star2}", "Researchers in {city} learn how {beast} find their way",
                "{beast} return to the coast near {city}", "New images of a {star2} puzzle astronomers"],
    "Travel & Food": ["A weekend in {city}: {trip} and {dish}", "Recipe of the week: {dish} as in {city}",
                      "Ten reasons to try {trip} near {city}", "Where to eat {dish} in {city}"],
}  # fmt: skip
QUESTIONS = {
    "person": ["Who invented {person}?", "Which scientist is known for {person}?",
               "Who was the first leader of {land}?"],
    "place": ["Where is the highest mountain of {land}?", "What city is the capital of {land}?",
              "Which country lies north of {land}?", "Where do {beast} live?"],
    "date": ["When did {event}?", "In what year did {land} become independent?", "What day is the feast of {city}?"],
    "number": ["How many {unit} does {holder} have?", "How far is it from {city} to {city}?",
               "How many people live in {land}?"],
    "definition": ["What is {word}?", "What does {word} mean?", "How would you explain {word} to a child?"],
    "abbreviation": ["What does {short} stand for?", "What is the full form of {short}?", "{short} is short for what?"],
}  # fmt: skip


def texts(templates: dict[str, list[str]], rows: int, seed: int, weights=None) -> list[tuple[str, str]]:
    """(text, label): each text once, labels drawn by their weights."""
    draw = random.Random(seed)
    found: dict[str, str] = {}
    for _ in range(50 * rows):
        if len(found) == rows:
            break
        label = draw.choices(list(templates), weights)[0]
        text = re.sub(r"\{(\w+)\}", lambda slot: draw.choice(SLOTS[slot[1]]), draw.choice(templates[label])).strip()
        found.setdefault(text[0].upper() + text[1:] if label not in SMS else text, label)
    return list(found.items())


def sms(path: Path, rows: int = 600) -> Path:
    """As a phone exports them: semicolons between, quotes around texts that hold one, empty rows, a column of times."""
    lines = [[f"2024-0{1 + at % 9}-1{at % 10} 18:0{at % 6}", label, text] for at, (text, label) in
             enumerate(texts(SMS, rows, 1, (5, 2)))]  # fmt: skip
    lines[EMPTY][2] = ""
    lines[40] = list(lines[39])
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["received", "kind", "message"])
        for at, line in enumerate(lines):
            writer.writerow(line)
            if at % 150 == 149:
                file.write("\r\n")  # an empty line
    return path


def news(path: Path, rows: int = 900) -> Path:
    """Headlines with a section, a number and a paper."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "Section", "Headline", "paper"])
        for at, (text, label) in enumerate(texts(NEWS, rows, 2, (6, 5, 5, 4, 4, 3, 3, 2))):
            writer.writerow([1000 + at, label, text, ("Morning Post", "Herald")[at % 2]])
    return path


def questions(path: Path, rows: int = 500) -> Path:
    """Questions with the kind of their answer, apart by tabs."""
    with path.open("w", encoding="utf-8") as file:
        file.write("question\texpects\n")
        file.writelines(f"{text}\t{label}\n" for text, label in texts(QUESTIONS, rows, 3))
    return path
