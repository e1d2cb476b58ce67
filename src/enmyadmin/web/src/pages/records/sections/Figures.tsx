import { Group, Text } from "@mantine/core";
import { useTexts } from "@/i18n";
import { formatNumber, formatTime } from "@/table/format";

/** A row of figures with what they are. Figures that are not there are left out. */
export function Figures({ figures }: { figures: [label: string, value: unknown][] }) {
  const { language } = useTexts();
  const text = (value: unknown) => {
    if (typeof value === "number") return formatNumber(value, language);
    if (typeof value === "string" && /^-?\d{4,}-\d\d-\d\dT/.test(value)) return formatTime(value, language);
    return String(value);
  };
  return (
    <Group component="dl" gap="xl" m={0}>
      {figures
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([label, value]) => (
          <div key={label}>
            <Text component="dt" fz="xs" c="dimmed">
              {label}
            </Text>
            <Text component="dd" m={0} fw={600}>
              {text(value)}
            </Text>
          </div>
        ))}
    </Group>
  );
}
