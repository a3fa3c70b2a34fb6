// Numbers and tables as text.
export function number(value, places) {
  if (value == null || Number.isNaN(value)) return "–";
  const shown = value.toFixed(places);
  return Number(shown) === 0 ? shown.replace("-", "") : shown.replace("-", "−");
}
export const signed = (value, places) => (value != null && Number(value.toFixed(places)) > 0 ? "+" : "") + number(value, places);
export const count = (value) => value.toLocaleString("en-US");
// As many decimals as n texts give a percentage
export const places = (metric, n) => (metric.unit === "percent" ? (n < 100 ? 0 : n < 1000 ? 1 : 2) : metric.decimals);
export const counted = (value, noun) => `${count(value)} ${value === 1 ? noun : noun.endsWith("y") ? noun.slice(0, -1) + "ies" : noun + "s"}`;

const quoted = (value) => (/[",\n\r]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
export const csv = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
