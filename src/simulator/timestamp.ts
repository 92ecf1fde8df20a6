let lastSecond = Number.NaN;
let lastText = '';

/** As metav1.Time is written: whole seconds. Whatever is written within a second has the very same text. */
export function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}
