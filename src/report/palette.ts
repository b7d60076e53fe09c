/** The colours of plots and pages, for light and dark surroundings. */

/** Colours of one surrounding, as CSS hex values. */
export interface Palette {
  readonly surface: string;
  readonly raised: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  /** Bars that are there to compare with. */
  readonly quiet: string;
  readonly insert: string;
  readonly insertInk: string;
  readonly delete: string;
  readonly deleteInk: string;
  /** Colours of the series in order, near those of Okabe and Ito; told apart with normal and red-green colour vision. */
  readonly series: readonly string[];
}

export const lightPalette: Palette = {
  surface: "#ffffff",
  raised: "#f6f7f8",
  ink: "#1b1f24",
  muted: "#5b6470",
  rule: "#dfe3e8",
  quiet: "#a9b1bb",
  insert: "#d8efe2",
  insertInk: "#0b4a2c",
  delete: "#fbe0dc",
  deleteInk: "#86210f",
  series: ["#0476be", "#c75500", "#06a384", "#ae4092", "#bc9800", "#3ea4d3", "#4d5f5b"],
};

export const darkPalette: Palette = {
  surface: "#14171a",
  raised: "#1d2125",
  ink: "#e8eaed",
  muted: "#9da5b0",
  rule: "#31373e",
  quiet: "#626b76",
  insert: "#123d2a",
  insertInk: "#a9e5c5",
  delete: "#4d1e18",
  deleteInk: "#ffbfb3",
  series: ["#35a8ee", "#f68535", "#20c37e", "#e471c3", "#fedd63", "#aedefa", "#7d8e8b"],
};

/** The number of series colours; further series begin again with another dash and another mark. */
export const seriesColors: number = lightPalette.series.length;

/** The palette as CSS custom properties. */
export function paletteProperties(palette: Palette): string {
  const { series, ...named } = palette;
  const entries = Object.entries(named).map(([name, value]) => [kebab(name), value]);
  series.forEach((value, index) => void entries.push([`series-${index + 1}`, value]));
  return entries.map(([name, value]) => `--${name}:${value}`).join(";");
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
