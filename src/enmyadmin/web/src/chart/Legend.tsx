import { Group, Text, UnstyledButton, useComputedColorScheme } from "@mantine/core";
import { useTexts } from "@/i18n";
import { decimalsFor, formatPlace } from "@/table/format";
import type { ChartData } from "./data";
import { strokeOf } from "./plot";

interface Properties {
  data: ChartData;
  cursor: number | null;
  hidden: ReadonlySet<string>;
  onHidden: (hidden: ReadonlySet<string>) => void;
}

/** The lines with their looks and the values under the cursor; a click hides a line. */
export function Legend({ data, cursor, hidden, onHidden }: Properties) {
  const { t, language } = useTexts();
  const scheme = useComputedColorScheme("light");
  const toggle = (label: string) => {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    onHidden(next);
  };
  const decimals = decimalsFor(data.lines.flatMap((each) => each.values.slice(0, 200)));
  const figure = (value: number | null | undefined) =>
    value === null || value === undefined
      ? "–"
      : value.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const time = cursor === null ? null : data.time[cursor];
  const entries = [
    ...data.lines.map((line, place) => ({
      label: line.label,
      look: strokeOf(line, place, scheme),
      value: cursor === null ? "" : figure(line.values[cursor]),
    })),
    ...data.bands.map((band) => ({
      label: band.label,
      look: null,
      value: cursor === null ? "" : `${figure(band.lower[cursor])} … ${figure(band.upper[cursor])}`,
    })),
  ];
  return (
    <Group gap="sm" fz="sm" mt={4} mih={24}>
      {time !== null && time !== undefined && (
        <Text fz="sm" fw={600}>
          {formatPlace(time, data.timeZone)}
        </Text>
      )}
      {entries.map(({ label, look, value }) => (
        <UnstyledButton
          key={label}
          fz="sm"
          aria-pressed={!hidden.has(label)}
          title={t("chart.toggle")}
          onClick={() => toggle(label)}
          style={hidden.has(label) ? { textDecoration: "line-through" } : undefined}
        >
          <svg width={26} height={12} aria-hidden style={{ verticalAlign: "middle", marginRight: 6 }}>
            {look ? (
              <line x1={1} x2={25} y1={6} y2={6} stroke={look.stroke} strokeWidth={look.width + 0.5} strokeDasharray={look.dash?.join(" ")} />
            ) : (
              <rect x={1} y={1} width={24} height={10} fill="var(--mantine-color-anchor)" opacity={0.25} />
            )}
          </svg>
          {label} {value && <b>{value}</b>}
        </UnstyledButton>
      ))}
    </Group>
  );
}
