// Bundles src/ into bundle.js, and the licences of what is in it into bundle-licences.txt: of ../src/flat/report/explorer/,
// or of the folder that is named. Equal sources give equal bytes.
import { build } from "esbuild";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const target = folder ? pathToFileURL(`${folder}/`) : new URL("../src/flat/report/explorer/", import.meta.url);
const made = await build({
  entryPoints: ["src/main.jsx"],
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  write: false,
});
const script = made.outputFiles[0].text;
if (/<\/script|<!--/i.test(script)) throw new Error("the bundle holds what would end its element");
writeFileSync(new URL("bundle.js", target), script);

const packages = new Set();
for (const input of Object.keys(made.metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input);
  if (found) packages.add(found[1]);
}
const licences = [...packages].sort().map((name) => {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  const file = ["LICENSE", "LICENSE.md", "LICENCE", "license"].find((each) => existsSync(new URL(each, folder)));
  if (!file) throw new Error(`${name}: no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(new URL(file, folder), "utf8").trim()}\n`;
});
writeFileSync(new URL("bundle-licences.txt", target), licences.join(`\n${"-".repeat(80)}\n\n`));
console.log(`${script.length} bytes of ${[...packages].sort().join(", ")}`);
