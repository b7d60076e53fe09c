/** Bars of counts, drawn by the browser alone. */
import { number } from "../words.ts";

interface Props {
  readonly title: string;
  readonly labels: readonly string[];
  readonly counts: readonly number[];
  readonly chosen?: number | undefined;
  onChoose?(bar: number | undefined): void;
}

export function Bars({ title, labels, counts, chosen, onChoose }: Props) {
  const most = Math.max(1, ...counts);
  return (
    <figure class="card plot">
      <figcaption>{title}</figcaption>
      <ol class="bars">
        {counts.map((count, i) => (
          <li key={labels[i]}>
            <button
              type="button"
              aria-pressed={chosen === i}
              disabled={count === 0}
              aria-label={`${labels[i]}: ${count}`}
              title={`${labels[i]}: ${number(count)}`}
              onClick={() => onChoose?.(chosen === i ? undefined : i)}
            >
              <span style={{ height: `${count === 0 ? 0 : Math.max(2, (100 * count) / most)}%` }} />
            </button>
          </li>
        ))}
      </ol>
      <div class="scale">
        <span>{labels[0]}</span>
        <span>highest bar: {number(most)}</span>
        <span>{labels.at(-1)}</span>
      </div>
    </figure>
  );
}
