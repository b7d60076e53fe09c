/** A small writer of SVG elements; output depends on the input alone. */
import { darkPalette, lightPalette, paletteProperties, seriesColors } from "./palette.ts";
import { escapeText } from "./text.ts";

/** Attributes of an element; `undefined` leaves one out, numbers are rounded to hundredths. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element; `content` is markup already, text goes through `escapeText` first. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === "number" ? coordinate(value) : escapeText(value ?? "")}"`,
    )
    .join("");
  return content === "" ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** One `<text>` element. */
export function textElement(text: string, attributes: Attributes): string {
  return element("text", attributes, escapeText(text));
}

/** A coordinate with at most two decimals. */
export function coordinate(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return String(rounded === 0 ? 0 : rounded);
}

/** The root element of a plot: an image with a title and a description for screen readers. */
export function svgRoot(options: {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly content: string;
}): string {
  const { title, description, width, height, content } = options;
  const id = `plot-${fnv1a(`${title}\u0000${description}\u0000${content}`)}`;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "fpx-plot",
      viewBox: `0 0 ${coordinate(width)} ${coordinate(height)}`,
      width,
      height,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
    },
    `${element("title", { id: `${id}-title` }, escapeText(title))}${element("desc", { id: `${id}-desc` }, escapeText(description))}${content}`,
  );
}

/**
 * A plot as a file of its own: the SVG with its style sheet inside, light or dark as the viewer prefers.
 *
 * @example
 * await writeFile("loss.svg", standaloneSvg(linePlot({ ... })));
 */
export function standaloneSvg(plot: string): string {
  const style = `.fpx-plot{background:var(--surface)}${svgPalettes}${plotStyle}`;
  return `${plot.replace(/^<svg[^>]*>/, (open) => `${withMargin(open)}<style>${style}</style>`)}\n`;
}

/** Room around a plot that stands alone; inside a page the page gives it. */
function withMargin(open: string): string {
  return open.replace(/ viewBox="0 0 (\S+) (\S+)" width="\S+" height="\S+"/, (_, w: string, h: string) => {
    const [width, height] = [Number(w) + 24, Number(h) + 20];
    return ` viewBox="-12 -10 ${coordinate(width)} ${coordinate(height)}" width="${coordinate(width)}" height="${coordinate(height)}"`;
  });
}

const svgPalettes = `.fpx-plot{${paletteProperties(lightPalette)}}@media screen and (prefers-color-scheme:dark){.fpx-plot{${paletteProperties(darkPalette)}}}`;

/** The style sheet of plots; colours come from the palette's custom properties. */
export const plotStyle: string = [
  ".fpx-plot{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:13px;max-width:100%;height:auto}",
  ".fpx-plot text{fill:var(--ink);font-variant-numeric:tabular-nums}",
  ".fpx-plot .title{font-size:14.5px;font-weight:600}",
  ".fpx-plot .quiet{fill:var(--muted)}",
  ".fpx-plot .middle{text-anchor:middle}",
  ".fpx-plot .end{text-anchor:end}",
  ".fpx-plot .halo{paint-order:stroke;stroke:var(--surface);stroke-width:3px;stroke-linejoin:round}",
  ".fpx-plot .grid{stroke:var(--rule);stroke-width:1}",
  ".fpx-plot .minor{stroke:var(--rule);stroke-width:1;opacity:.45}",
  ".fpx-plot .axis{stroke:var(--muted);stroke-width:1}",
  ".fpx-plot .reference{stroke:var(--muted);stroke-width:1.25;stroke-dasharray:5 4}",
  ".fpx-plot .whisker-edge{stroke:var(--surface);stroke-width:4;stroke-linecap:square;fill:none;opacity:.75}",
  ".fpx-plot .whisker{stroke:var(--ink);stroke-width:1.5;fill:none}",
  ".fpx-plot .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
  ".fpx-plot .band{fill:var(--c);opacity:.16}",
  ".fpx-plot .mark{fill:var(--c);fill-opacity:.75}",
  ".fpx-plot .bar{fill:var(--c)}",
  ".fpx-plot .outline{fill:var(--c);fill-opacity:.28;stroke:var(--c);stroke-width:1.5;stroke-linejoin:round}",
  ".fpx-plot .plain{--c:var(--quiet)}",
  ...Array.from({ length: seriesColors }, (_, i) => `.fpx-plot .s${i + 1}{--c:var(--series-${i + 1})}`),
  ".fpx-plot .dash1{stroke-dasharray:7 4}",
  ".fpx-plot .dash2{stroke-dasharray:2 4}",
].join("");

/** Class names that give series number `index` its colour and, past the palette, its dash. */
export function seriesClass(index: number): string {
  const round = Math.floor(index / seriesColors) % 3;
  return `s${(index % seriesColors) + 1}${round === 0 ? "" : ` dash${round}`}`;
}

/** 32-bit FNV-1a hash of the text's UTF-16 units, in hexadecimal. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
