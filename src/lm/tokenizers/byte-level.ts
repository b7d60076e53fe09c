/**
 * The byte-level alphabet of GPT-2's tokenizer: every byte is written as one printable character, so that any
 * text is a string over 256 symbols and decoding gives the same bytes back.
 */

/** Splits text into words with their leading space, numbers, punctuation and white space; covers every character. */
export const wordPattern: RegExp =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The character that stands for each byte, by byte value. */
export function byteCharacters(): string[] {
  const characters: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    characters.push(String.fromCharCode(isPrintable(byte) ? byte : next++));
  }
  return characters;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
