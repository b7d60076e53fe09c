import { useEffect, useState } from "preact/hooks";
import { attempt, call, locked } from "../api.ts";

/** What the API says at a path, asked again when the path changes and every so many milliseconds. */
export function useApi<T>(path: string | undefined, every?: number): readonly [T | undefined, () => void] {
  const [value, setValue] = useState<T>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === undefined) {
      setValue(undefined);
      return;
    }
    let open = true;
    const ask = () =>
      attempt(async () => {
        const answer = await call<T>(path);
        if (open) setValue(answer);
      });
    void ask();
    const timer =
      every === undefined
        ? undefined
        : setInterval(() => document.hidden || locked.value || void ask(), every);
    return () => {
      open = false;
      clearInterval(timer);
    };
  }, [path, every, turn, locked.value]);
  return [value, () => setTurn((before) => before + 1)];
}
