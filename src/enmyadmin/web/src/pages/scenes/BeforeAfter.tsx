import { Box, Slider, Text } from "@mantine/core";
import { type PointerEvent, useState } from "react";
import { useTexts } from "@/i18n";
import classes from "./BeforeAfter.module.css";

interface Picture {
  address: string;
  label: string;
}

interface Properties {
  before: Picture;
  after: Picture;
  /** Of the grid. */
  rows: number;
  columns: number;
  pixel: { row: number; column: number };
  onPixel: (row: number, column: number) => void;
}

/** Two maps of one grid, one above the other: a slider, which the keyboard moves too, shows more of the one or of the other. */
export function BeforeAfter({ before, after, rows, columns, pixel, onPixel }: Properties) {
  const { t } = useTexts();
  const [share, setShare] = useState(50);
  const choose = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (place: number, size: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor((place / size) * count)));
    onPixel(at(event.clientY - box.top, box.height, rows), at(event.clientX - box.left, box.width, columns));
  };
  return (
    <Box maw={720}>
      <div
        className={classes.maps}
        style={{ aspectRatio: `${columns} / ${rows}`, maxWidth: `calc(60vh * ${columns / rows})` }}
        onPointerDown={choose}
      >
        <img src={before.address} alt={before.label} draggable={false} />
        <img src={after.address} alt={after.label} draggable={false} style={{ clipPath: `inset(0 0 0 ${share}%)` }} />
        <div className={classes.edge} style={{ left: `${share}%` }} aria-hidden />
        <div
          className={classes.pixel}
          aria-hidden
          style={{
            left: `${(pixel.column / columns) * 100}%`,
            top: `${(pixel.row / rows) * 100}%`,
            width: `${100 / columns}%`,
            height: `${100 / rows}%`,
          }}
        />
      </div>
      <Box className={classes.labels} style={{ maxWidth: `calc(60vh * ${columns / rows})` }}>
        <Text fz="sm">{before.label}</Text>
        <Text fz="sm" ta="right">
          {after.label}
        </Text>
      </Box>
      <Slider
        value={share}
        onChange={setShare}
        label={null}
        thumbLabel={t("maps.slider")}
        style={{ maxWidth: `calc(60vh * ${columns / rows})` }}
      />
    </Box>
  );
}
