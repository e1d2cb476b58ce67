const WIDTH = 110;
const HEIGHT = 22;

/** The last values of a series as a small line; gaps stay open. */
export function Spark({ values }: { values: (number | null)[] }) {
  const known = values.filter((each) => each !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const place = (value: number, at: number) =>
    `${((at / (values.length - 1)) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4)).toFixed(1)}`;
  const path = values
    .map((value, at) => (value === null ? "" : `${at > 0 && values[at - 1] !== null ? "L" : "M"}${place(value, at)}`))
    .join("");
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden>
      <path d={path} fill="none" stroke="var(--mantine-color-anchor)" strokeWidth={1.25} />
    </svg>
  );
}
