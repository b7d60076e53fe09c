/** Text as it is shown: escaping for XML and HTML, widths in terminal cells and in pixels, wrapping. */

/**
 * Escapes text for XML and HTML, in content and in double-quoted attributes. Characters that no document may
 * hold become visible stand-ins: control characters their Unicode picture, lone surrogates U+FFFD.
 */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    switch (character) {
      case "&":
        return "&amp;";
      case "<":
        return "&lt;";
      case ">":
        return "&gt;";
      case '"':
        return "&quot;";
      case "'":
        return "&#39;";
    }
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
  /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Number of terminal cells that the text takes: wide characters and emoji two, combining marks none, ANSI codes none. */
export function displayWidth(text: string): number {
  const plain = stripAnsi(text);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of graphemes.segment(plain)) width += graphemeCells(segment);
  return width;
}

/** The text without ANSI escape sequences. */
export function stripAnsi(text: string): string {
  return text.replace(ANSI, "");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with ESC.
const ANSI = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function graphemeCells(grapheme: string): number {
  if (/^[\p{Mark}\p{Control}\p{Format}]/u.test(grapheme)) return 0;
  if (/^\p{Emoji_Presentation}/u.test(grapheme) || grapheme.includes("\ufe0f")) return 2;
  return isWide(grapheme.codePointAt(0) ?? 0) ? 2 : 1;
}

/** East Asian wide and fullwidth blocks (Unicode standard annex 11). */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0x303e) ||
    (code >= 0x3041 && code <= 0xa4cf) ||
    (code >= 0xa960 && code <= 0xa97f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** About how many pixels the text takes in a sans-serif font of the given size; errs on the wide side. */
export function pixelWidth(text: string, size: number): number {
  let ems = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (/^[ilj.,:;'|!()[\]\u2009]$/.test(segment)) ems += 0.34;
    else if (/^[mwMW@%—]$/.test(segment)) ems += 0.92;
    else if (/^\p{Uppercase_Letter}$/u.test(segment)) ems += 0.7;
    else ems += 0.57 * graphemeCells(segment);
  }
  return ems * size;
}

/** Breaks text at spaces into at most `lines` lines of `pixels` each; what is left over is cut with an ellipsis. */
export function wrap(text: string, pixels: number, size: number, lines: number): readonly string[] {
  const fits = (candidate: string): boolean => pixelWidth(candidate, size) <= pixels;
  const result: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || fits(longer)) line = longer;
    else {
      result.push(line);
      line = word;
    }
  }
  result.push(line);
  const kept = result.slice(0, lines);
  if (result.length > lines) kept[lines - 1] = `${kept[lines - 1]} ${result[lines]}`;
  return kept.map((candidate) => (fits(candidate) ? candidate : ellipsis(candidate, fits)));
}

function ellipsis(text: string, fits: (candidate: string) => boolean): string {
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  while (characters.length > 1 && !fits(`${characters.join("").trimEnd()}…`)) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}
