/** Times and counts as people read them. Pure. */

/** `2:05` */
export function asMinutes(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `5 min 56 s`, `40 s` */
export function asDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const parts = [
    ...(minutes === 0 ? [] : [`${minutes} min`]),
    ...(seconds % 60 === 0 ? [] : [`${seconds % 60} s`]),
  ];
  return parts.join(' ') || '0 s';
}

/** `3 web and 1 redis`, of one name for each pod. */
export function countNames(names: readonly string[]): string {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${all.length} ${name}`);
  return listWords(counts);
}

/** `a, b and c` */
export function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
