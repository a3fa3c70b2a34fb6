// A table as TeX: floats with booktabs alone that fit A4 and a two-column article, as src/flat/report/tex.py makes them.
const SIZE = 8; // of the type, in points
const SKIP = 9.5; // from line to line
const GAP = 4; // \tabcolsep
const WIDTH = 440; // points: A4 with margins of 2.5 cm has 455
const HEIGHT = 430; // points of rows, so that the caption fits the page too
const [LINE, ROW_GAP] = [10.5, 2]; // of a line in a stack of them, and between rows
const [TITLE, LABEL] = [52, 110]; // points at which titles of columns, and labels of rows, are broken
const ESCAPES = {
  ..."&%$#_{}".split("").reduce((all, letter) => ({ ...all, [letter]: `\\${letter}` }), {}),
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "|": "\\textbar{}", "<": "$<$", ">": "$>$",
  "±": "$\\pm$", "−": "$-$", "φ": "$\\phi$", "β": "$\\beta$", "γ": "$\\gamma$", "Δ": "$\\Delta$", "≤": "$\\leq$", "≥": "$\\geq$",
  "×": "$\\times$", "→": "$\\rightarrow$", "↑": "$\\uparrow$", "↓": "$\\downarrow$", "–": "--", "—": "---", "“": "``", "”": "''", "’": "'",
};

// Plain text as TeX; what a reader cannot see is written out, letters with accents are left to TeX's own UTF-8 input
export const tex = (text) =>
  text
    .replace(/\s+/g, " ")
    .replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (unseen) => `\\u${unseen.codePointAt(0).toString(16).padStart(4, "0")}`)
    .replace(/[&%$#_{}\\~^|<>±−φβγΔ≤≥×→↑↓–—“”’]/g, (found) => ESCAPES[found]);

// About how many points a text takes, in Computer Modern of SIZE; not less than it does
function widthOf(text) {
  const ems = (letter) => ("ilj.,;:'|![] ".includes(letter) ? 0.33 : "mwMW%@–—±→≤≥×−+".includes(letter) ? 0.92 : letter !== letter.toLowerCase() ? 0.78 : 0.56);
  return SIZE * Array.from(text).reduce((sum, letter) => sum + ems(letter), 0);
}

// A text broken between words into lines of at most so many points, where its words allow it
function broken(text, width) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && widthOf(longer) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// in braces what TeX would take for an argument of the end of a row
const cell = (text) => (/^\s*[[*]/.test(text) ? `{${tex(text)}}` : tex(text));
const stack = (lines, side) => (lines.length < 2 ? cell(lines.join("")) : `\\shortstack[${side}]{${lines.map((line) => `{${tex(line)}}`).join("\\\\")}}`);

// columns: [{title}], of which the first so many are labels; rows: lists of entries, each a list of lines.
// An entry whose lines are one text in italics: {none: text}
export function table({ caption, titles, labels, rows }) {
  const linesOf = (entry) => (entry.none === undefined ? entry : [entry.none]);
  const width = (column) => Math.max(...rows.flatMap((row) => linesOf(row[column])).map(widthOf), ...broken(titles[column], TITLE).map(widthOf)) + 2 * GAP;
  const label = (column) => Math.max(...[...rows.map((row) => row[column][0]), titles[column]].flatMap((text) => broken(text, LABEL)).map(widthOf)) + 2 * GAP;
  const named = titles.slice(0, labels).map((_, column) => column);
  const room = WIDTH - named.reduce((sum, column) => sum + label(column), 0);
  const figures = titles.slice(labels).map((_, column) => labels + column);
  const height = (row) => ROW_GAP + LINE * Math.max(...row.map((entry, column) => (column < labels ? broken(entry[0], LABEL) : linesOf(entry)).length));
  const pieces = parts(figures, width, room).flatMap((columns) => parts(rows, height, HEIGHT).map((some) => [columns, some]));
  const floats = pieces.map(([columns, some], place) => {
    const head = [...named, ...columns].map((column) => stack(broken(titles[column], column < labels ? LABEL : TITLE), column < labels ? "l" : "r"));
    const body = some.map((row) => [...named.map((column) => stack(broken(row[column][0], LABEL), "l")), ...columns.map((column) => (row[column].none === undefined ? stack(row[column], "r") : `\\emph{${tex(row[column].none)}}`))]);
    return [
      "\\begin{table*}",
      "\\centering",
      ...(place ? ["\\addtocounter{table}{-1}", "\\caption{Continued.}"] : [`\\caption{${tex(caption)}}`]),
      `\\fontsize{${SIZE}}{${SKIP}}\\selectfont`,
      `\\setlength{\\tabcolsep}{${GAP}pt}`,
      `\\begin{tabular}{${"l".repeat(labels)}${"r".repeat(columns.length)}}`,
      "\\toprule",
      `${head.join(" & ")} \\\\`,
      "\\midrule",
      ...body.map((cells) => `${cells.join(" & ")} \\\\`),
      "\\bottomrule",
      "\\end{tabular}",
      "\\end{table*}",
    ].join("\n");
  });
  return ["% needs \\usepackage{booktabs}", ...floats].join("\n\n") + "\n";
}

// What fits side by side, or below one another
function parts(all, size, room) {
  const found = [[]];
  let used = 0;
  for (const each of all) {
    if (found.at(-1).length && used + size(each) > room) {
      found.push([]);
      used = 0;
    }
    found.at(-1).push(each);
    used += size(each);
  }
  return found;
}
