import type { Json } from "@/api/types";

/** Figures of a measured value: five significant digits, thousands parted, no exponent for everyday sizes. */
export function formatNumber(value: number, language: string): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString(language);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  return value.toLocaleString(language, { minimumSignificantDigits: 5, maximumSignificantDigits: 5 });
}

/** The decimals of a column of numbers: as its largest needs to show five figures, or fewer if those show all. */
export function decimalsFor(values: unknown[]): number {
  let largest = 0;
  let needed = 0;
  for (const each of values) {
    if (typeof each !== "number" || !Number.isFinite(each)) continue;
    largest = Math.max(largest, Math.abs(each));
    const written = String(each);
    needed = Math.max(needed, written.includes("e-") ? 8 : (written.split(".")[1]?.length ?? 0));
  }
  return largest === 0 ? 0 : Math.min(needed, 8, Math.max(0, 4 - Math.floor(Math.log10(largest))));
}

/** A time as people write it; midnights without the clock, bare counters as they are. */
export function formatTime(value: string | number, language: string): string {
  if (typeof value === "number") return value.toLocaleString(language, { useGrouping: false });
  const match = /^(-?\d{4,})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?/.exec(value);
  if (!match) return value;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = ""] = match;
  const date = `${year}-${month}-${day}`;
  // The end of a period may lie a nanosecond behind its last point.
  if (`${hour}${minute}${second}` === "000000" && !/[1-9]/.test(fraction.slice(0, 3))) return date;
  return second === "00" ? `${date} ${hour}:${minute}` : `${date} ${hour}:${minute}:${second}`;
}

/** A moment on the clock of a zone, such as `2026-11-30 06:00`. */
export function formatInZone(moment: string, timeZone: string): string {
  const options = { timeZone, dateStyle: "short", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat("sv", options).format(new Date(moment));
}

/** A place of a chart as people write it: seconds since 1970 on the clock of a zone; without one the integer. */
export function formatPlace(place: number, timeZone: string | null): string {
  if (timeZone === null) return String(place);
  const time = new Date(place * 1000);
  // Swedes write times as ISO 8601 does.
  const local = timeZone === "UTC" ? time.toISOString() : time.toLocaleString("sv", { timeZone }).replace(" ", "T");
  return formatTime(local, "en");
}

export function formatBytes(bytes: number, language: string): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const place = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${(bytes / 1000 ** place).toLocaleString(language, { maximumFractionDigits: 1 })} ${units[place]}`;
}

const DURATIONS: Record<string, [second: string, minute: string, hour: string]> = { en: ["s", "min", "h"], ru: ["с", "мин", "ч"] };

export function formatDuration(seconds: number, language: string): string {
  const [s, min, h] = DURATIONS[language] ?? DURATIONS.en;
  if (seconds < 60) return `${seconds.toLocaleString(language, { maximumFractionDigits: 1 })} ${s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${min} ${Math.round(seconds % 60)} ${s}`;
  return `${Math.floor(minutes / 60)} ${h} ${minutes % 60} ${min}`;
}

/** A short text of any JSON: the name of a recipe with its parameters, else the JSON itself. */
export function summary(value: Json): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return `${value.slice(0, 12)}…`;
  if (value === null || typeof value !== "object") return String(value);
  if (!Array.isArray(value)) {
    const { name, ...rest } = value;
    if (typeof name === "string") {
      const inner = Object.entries(rest).map(([key, each]) => `${key}=${typeof each === "object" ? JSON.stringify(each) : each}`);
      return inner.length ? `${name}(${inner.join(", ")})` : name;
    }
  }
  return JSON.stringify(value);
}
