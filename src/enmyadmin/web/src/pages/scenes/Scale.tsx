import { Box, Text } from "@mantine/core";
import type { Schemas } from "@/api/types";
import { useTexts } from "@/i18n";

/** The colours of a map with their values. */
export function Scale({ scale, label }: { scale: Schemas["MapScale"]; label: string }) {
  const { language } = useTexts();
  const [low, high] = [scale.at[0], scale.at[scale.at.length - 1]];
  const place = (value: number) => `${((value - low) / (high - low)) * 100}%`;
  const stops = scale.colours.map((colour, at) => `${colour} ${place(scale.at[at])}`);
  const figure = (value: number) => value.toLocaleString(language, { maximumFractionDigits: 2 });
  return (
    <Box maw={320}>
      <div style={{ height: 10, background: `linear-gradient(to right, ${stops.join(", ")})` }} aria-hidden />
      <Box style={{ display: "flex", justifyContent: "space-between" }}>
        <Text fz="xs">{figure(low)}</Text>
        <Text fz="xs" c="dimmed">
          {label}
        </Text>
        <Text fz="xs">{figure(high)}</Text>
      </Box>
    </Box>
  );
}
