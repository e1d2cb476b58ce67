import { Alert, Anchor, Box, Group, Select, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { usePart } from "@/api/queries";
import { address } from "@/api/request";
import type { Schemas } from "@/api/types";
import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import { formatTime } from "@/table/format";
import { BeforeAfter } from "./BeforeAfter";
import { Scale } from "./Scale";

type Maps = Schemas["PanelMaps"];
type Layer = Maps["layers"][number];

interface Properties {
  panel: number;
  members: Schemas["NamedPanelSource"][];
}

/** Known values before the forecast that a chart shows at first. */
const KNOWN = 60;

/** The maps of a panel of pixels, measured and forecast, and the series of one pixel. */
export default function PanelMaps({ panel, members }: Properties) {
  const { t } = useTexts();
  const { data: maps, error } = usePart<Maps>("panels", panel, "maps");
  if (error) return <Alert color="red">{asProblem(error).detail}</Alert>;
  if (!maps) return <Skeleton height={300} />;
  return (
    <Stack gap="xs" component="section" aria-label={t("maps.title")}>
      <Title order={2}>{t("maps.title")}</Title>
      <Chosen panel={panel} maps={maps} members={members} />
    </Stack>
  );
}

const idOf = (layer: Layer) => `${layer.time} ${layer.layer}`;

function Chosen({ panel, maps, members }: Properties & { maps: Maps }) {
  const { t, language } = useTexts();
  const { rows, columns } = maps.grid as { rows: number; columns: number };
  const [before, setBefore] = useState(() => fullest(maps.layers.filter((each) => each.layer === "measured")));
  const [after, setAfter] = useState(() => fullest(maps.layers.filter((each) => each.layer === "forecast")) ?? before);
  const [key, setKey] = useState(members[0]?.key ?? "r0c0");
  const label = (layer: Layer) => `${nameOf(layer, t)}, ${formatTime(layer.time, language)}`;
  const choices = maps.layers.map((each) => ({ value: idOf(each), label: label(each) }));
  const choose = (id: string | null, set: (layer: Layer) => void) => {
    const found = maps.layers.find((each) => idOf(each) === id);
    if (found) set(found);
  };
  if (!before || !after) return <Text c="dimmed">{t("maps.none")}</Text>;
  const picture = (layer: Layer) => ({
    address: address(`/panels/${panel}/maps/picture`, { time: layer.time, layer: layer.layer }),
    label: label(layer),
  });
  const [row = 0, column = 0] = key.match(/\d+/g)?.map(Number) ?? [];
  return (
    <>
      <Group align="flex-end">
        {([[before, setBefore, "maps.before"], [after, setAfter, "maps.after"]] as const).map(([layer, set, text]) => (
          <Select
            key={text}
            label={t(text)}
            data={choices}
            value={idOf(layer)}
            onChange={(id) => choose(id, set)}
            searchable
            limit={200}
            allowDeselect={false}
            w={280}
            maw="100%"
          />
        ))}
      </Group>
      <BeforeAfter
        before={picture(before)}
        after={picture(after)}
        rows={rows}
        columns={columns}
        pixel={{ row, column }}
        onPixel={(r, c) => setKey(`r${r}c${c}`)}
      />
      <Scale scale={maps.scale} label={maps.expression} />
      <Text fz="xs" c="dimmed">
        {t("maps.about", { rows, columns, size: String(maps.grid.resolution), crs: String(maps.grid.crs) })}
      </Text>
      <LayersTable layers={maps.layers} label={label} />
      <Group gap="lg" fz="sm">
        {maps.model !== null && (
          <Anchor href={address(`/panels/${panel}/maps/file`)} download inherit>
            {t("maps.download_forecast")}
          </Anchor>
        )}
        <Anchor href={address(`/panels/${panel}/maps/file`, { kind: "measured" })} download inherit>
          {t("maps.download_measured")}
        </Anchor>
      </Group>
      <PixelSeries model={maps.model} members={members} chosen={key} onKey={setKey} />
    </>
  );
}

/** The map of most pixels, of equal ones the last measured or the first forecast one. */
function fullest(layers: Layer[]): Layer | undefined {
  const most = Math.max(0, ...layers.map((each) => each.pixels));
  const found = layers.filter((each) => each.pixels === most);
  return found[0]?.layer === "measured" ? found.at(-1) : found[0];
}

function nameOf({ layer }: Layer, t: ReturnType<typeof useTexts>["t"]): string {
  if (layer === "measured") return t("maps.measured");
  if (layer === "forecast") return t("chart.forecast");
  return t("maps.quantile", { level: `${Number(layer.slice(1)) * 100}` });
}

function LayersTable({ layers, label }: { layers: Layer[]; label: (layer: Layer) => string }) {
  const { t, language } = useTexts();
  const [opened, setOpened] = useState(false);
  const figure = (value: number | null) => value?.toLocaleString(language, { minimumFractionDigits: 4, maximumFractionDigits: 4 }) ?? "–";
  return (
    <Box component="details" fz="sm" onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("chart.table")}</summary>
      {opened && (
        <Box mah={320} style={{ overflow: "auto" }} tabIndex={0} role="region" aria-label={t("chart.table_of", { what: t("maps.title") })}>
          <Table stickyHeader verticalSpacing={2} fz="sm" w="auto" aria-label={t("maps.title")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t("maps.map")}</Table.Th>
                {(["maps.pixels", "maps.mean", "maps.minimum", "maps.maximum"] as const).map((text) => (
                  <Table.Th key={text} scope="col" className="number">
                    {t(text)}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {layers.map((each) => (
                <Table.Tr key={idOf(each)}>
                  <Table.Th scope="row" fw={400}>
                    {label(each)}
                  </Table.Th>
                  <Table.Td className="number">{each.pixels.toLocaleString(language)}</Table.Td>
                  <Table.Td className="number">{figure(each.mean)}</Table.Td>
                  <Table.Td className="number">{figure(each.minimum)}</Table.Td>
                  <Table.Td className="number">{figure(each.maximum)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Box>
      )}
    </Box>
  );
}

interface PixelProperties {
  model: number | null;
  members: Schemas["NamedPanelSource"][];
  chosen: string;
  onKey: (key: string) => void;
}

function PixelSeries({ model, members, chosen, onKey }: PixelProperties) {
  const { t } = useTexts();
  const member = members.find((each) => each.key === chosen);
  const name = t("maps.pixel_of", { key: chosen });
  return (
    <>
      <Group align="flex-end" mt="md">
        <Title order={3}>{name}</Title>
        <Select
          aria-label={t("maps.pixel")}
          data={members.map((each) => each.key)}
          value={member ? chosen : null}
          onChange={(next) => next && onKey(next)}
          searchable
          limit={100}
          allowDeselect={false}
          w={160}
        />
      </Group>
      {!member && <Text c="dimmed">{t("maps.never_measured")}</Text>}
      {member &&
        (model === null ? (
          <SeriesChart key={chosen} collection="data-sources" id={member.data_source_id} label={name} empty={t("chart.no_points")} />
        ) : (
          <SeriesChart
            key={chosen}
            collection="models"
            id={model}
            part="ahead"
            label={name}
            query={{ series: member.data_source_id }}
            atFirst={{ history: KNOWN }}
            empty={t("maps.no_forecast")}
          />
        ))}
    </>
  );
}
