/** Light or dark: as the system says, until chosen. */
import { signal } from "@preact/signals";

const KEY = "fpx-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const current = () => localStorage.getItem(KEY) ?? (dark.matches ? "dark" : "light");

export const theme = signal(current());
const apply = () => {
  theme.value = current();
  document.documentElement.dataset["theme"] = theme.value;
};
dark.addEventListener("change", apply);
apply();

export function toggleTheme(): void {
  localStorage.setItem(KEY, theme.value === "dark" ? "light" : "dark");
  apply();
}
