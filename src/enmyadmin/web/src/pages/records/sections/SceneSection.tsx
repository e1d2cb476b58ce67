import { Alert, Anchor, Group, List, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import { usePart } from "@/api/queries";
import { address } from "@/api/request";
import type { Schemas } from "@/api/types";
import { useTexts } from "@/i18n";
import { SceneMap } from "@/pages/scenes/SceneMap";
import { formatBytes, formatNumber } from "@/table/format";
import type { SectionProperties } from ".";
import { Figures } from "./Figures";

type Band = Schemas["BandOfScene"];

interface Checks {
  covered?: number;
  remarks?: string[];
}

const PIXELS = 512;

/** A scene: its picture, where it lies, what was checked, its bands. */
export default function SceneSection({ item }: SectionProperties) {
  const { t, label, language } = useTexts();
  const bands = usePart<Band[]>("scenes", item.id, "bands").data ?? [];
  const [isShown, setShown] = useState(true);
  const checks = item.checks as Checks;
  const share = (value: unknown) =>
    typeof value === "number" ? value.toLocaleString(language, { style: "percent", maximumFractionDigits: 1 }) : null;
  return (
    <>
      {item.quarantine !== null && (
        <Alert color="orange" role="alert">
          <b>{t("scenes.quarantine")}</b>
          <br />
          {label(String(item.quarantine))}
        </Alert>
      )}
      <Figures
        figures={[
          [t("chart.time"), item.time],
          [t("scenes.clouds"), share(item.cloud_share)],
          [t("scenes.covered"), share(checks.covered)],
          [t("scenes.version"), item.version],
          [t("scenes.baseline"), item.baseline],
          [t("scenes.crs"), item.crs],
        ]}
      />
      <Group align="flex-start" gap="lg">
        {bands.length > 0 && isShown && (
          <img
            src={address(`/scenes/${item.id}/preview`, { pixels: PIXELS })}
            alt={t("scenes.picture", { name: item.name ?? item.id })}
            onError={() => setShown(false)}
            style={{ width: "min(100%, 360px)", imageRendering: "pixelated", border: "1px solid var(--app-line)" }}
          />
        )}
        <div style={{ flex: "1 1 280px", maxWidth: 720 }}>
          <SceneMap scenes={[item]} />
        </div>
      </Group>
      {checks.remarks && item.quarantine === null && (
        <Stack gap="xs" component="section" aria-label={t("scenes.checks")}>
          <Title order={2}>{t("scenes.checks")}</Title>
          {checks.remarks.length === 0 ? (
            <Text fz="sm">{t("scenes.all_right")}</Text>
          ) : (
            <List fz="sm">
              {checks.remarks.map((each) => (
                <List.Item key={each}>{label(each)}</List.Item>
              ))}
            </List>
          )}
        </Stack>
      )}
      {bands.length > 0 && <Bands scene={item.id} bands={bands} />}
    </>
  );
}

interface Raster {
  shape: [number, number];
  transform: number[];
  measured: number;
}

function Bands({ scene, bands }: { scene: number; bands: Band[] }) {
  const { t, language } = useTexts();
  return (
    <Stack gap="xs" component="section" aria-label={t("scenes.bands")}>
      <Title order={2}>{t("scenes.bands")}</Title>
      <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("scenes.bands")} verticalSpacing={3} fz="sm" w="auto">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("scenes.band")}</Table.Th>
              {(["maps.pixels", "scenes.resolution", "scenes.measured", "scenes.size"] as const).map((text) => (
                <Table.Th key={text} scope="col" className="number">
                  {t(text)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {bands.map((each) => {
              const { shape, transform, measured } = each.raster as unknown as Raster;
              return (
                <Table.Tr key={each.name}>
                  <Table.Th scope="row" fw={500}>
                    <Anchor inherit href={address(`/scenes/${scene}/bands/${encodeURIComponent(each.name)}`)} download>
                      {each.name}
                    </Anchor>
                  </Table.Th>
                  <Table.Td className="number">{shape.map((size) => size.toLocaleString(language)).join(" × ")}</Table.Td>
                  <Table.Td className="number">{formatNumber(Math.abs(transform[0]), language)}</Table.Td>
                  <Table.Td className="number">
                    {measured.toLocaleString(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 })}
                  </Table.Td>
                  <Table.Td className="number">{formatBytes(each.bytes, language)}</Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
