/** Cutting a stream of bytes or text into lines. */

const NEWLINE = 10;

/** A line as it came: text, or bytes that may be no UTF-8. */
export type RawLine = string | Uint8Array;

/** Cuts pieces, as they come, into lines without their `\n`; a line may span any number of pieces. */
export class LineCutter {
  #text = "";
  readonly #bytes: Uint8Array[] = [];

  /** The lines that end in this piece. */
  push(piece: string | Uint8Array): RawLine[] {
    return typeof piece === "string" ? this.#pushText(piece) : this.#pushBytes(piece);
  }

  /** What is left after the last `\n`, if anything. */
  end(): RawLine[] {
    const rest = this.#bytes.length > 0 ? joined(this.#bytes.splice(0)) : this.#text;
    this.#text = "";
    return rest.length > 0 ? [rest] : [];
  }

  #pushText(piece: string): RawLine[] {
    const lines: RawLine[] = [];
    let from = 0;
    for (let at = piece.indexOf("\n"); at >= 0; at = piece.indexOf("\n", from)) {
      lines.push(this.#text + piece.slice(from, at));
      this.#text = "";
      from = at + 1;
    }
    this.#text += from === 0 ? piece : piece.slice(from);
    return lines;
  }

  #pushBytes(piece: Uint8Array): RawLine[] {
    const lines: RawLine[] = [];
    let from = 0;
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, from)) {
      this.#bytes.push(piece.subarray(from, at));
      lines.push(joined(this.#bytes.splice(0)));
      from = at + 1;
    }
    // a copy: the sender may use the piece's memory again
    if (from < piece.length) this.#bytes.push(piece.slice(from));
    return lines;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
