import { Button, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo } from "react";
import { usePart } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { address } from "@/api/request";
import type { Item, Json } from "@/api/types";
import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import { LossCurves } from "@/pages/runs/LossCurves";
import { formatNumber, summary } from "@/table/format";
import type { SectionProperties } from ".";
import { Figures } from "./Figures";
import { PartChoice, useParts } from "./PartChoice";

type History = Schemas["History"];

const NONE: Record<string, Json> = {};

/** A dictionary as `key value, key value` without what is not set; all else as in tables. */
function plain(value: Json): string {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (value === null || typeof value !== "object" || "name" in value) return summary(value);
  const isSet = (each: Json) => each !== null && !(typeof each === "object" && Object.keys(each).length === 0);
  return Object.entries(value)
    .filter(([, each]) => isSet(each))
    .map(([key, each]) => (each !== null && typeof each === "object" ? `${key} (${plain(each)})` : `${key} ${plain(each)}`))
    .join(", ");
}

/** Facts that say first how good a model is. */
const FIRST = ["loss", "mse", "mae", "epochs", "stopped", "seconds"];

export default function ModelSection({ item }: SectionProperties) {
  const { t } = useTexts();
  const isTrained = item.object_sha256 !== null;
  const { parts, part, onPart } = useParts("model", item.id, isTrained);
  const facts = usePart<Record<string, Json>>("models", item.id, "facts").data ?? NONE;
  const first = FIRST.filter((key) => (facts[key] ?? null) !== null).map((key): [string, unknown] => [
    key,
    typeof facts[key] === "object" ? summary(facts[key]) : facts[key],
  ]);
  return (
    <>
      {first.length > 0 && <Figures figures={first} />}
      {!isTrained && <Text c="dimmed">{t("model.untrained")}</Text>}
      {parts && (
        <SeriesChart
          collection="models"
          id={item.id}
          label={t("chart.forecast_of", { name: item.name ?? item.id })}
          query={{ part }}
          empty={t("chart.no_forecast", { part: t(`part.${part}`) })}
        >
          <PartChoice parts={parts} value={part} onChange={onPart} />
        </SeriesChart>
      )}
      {isTrained && <Curves item={item} />}
      {Object.keys(facts).length > 0 && <Facts facts={facts} />}
      {isTrained && (
        <Group>
          <Button
            component="a"
            href={address(`/models/${item.id}/object`)}
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("model.download")}
          </Button>
        </Group>
      )}
    </>
  );
}

function Facts({ facts }: { facts: Record<string, Json> }) {
  const { t, language } = useTexts();
  return (
    <Stack gap="xs" component="section" aria-label={t("model.facts")}>
      <Title order={2}>{t("model.facts")}</Title>
      <Card withBorder p={0} mah={360} style={{ overflow: "auto" }} tabIndex={0} role="region" aria-label={t("model.facts")}>
        <Table verticalSpacing={3} fz="sm" aria-label={t("model.facts")}>
          <Table.Tbody>
            {Object.entries(facts).filter(([, value]) => value !== null).map(([key, value]) => (
              <Table.Tr key={key}>
                <Table.Th scope="row" fw={500} w="min(14rem, 35%)">
                  {key}
                </Table.Th>
                <Table.Td style={{ overflowWrap: "anywhere" }}>
                  {typeof value === "number" ? formatNumber(value, language) : plain(value)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
    </Stack>
  );
}

function Curves({ item }: { item: Item }) {
  const { data } = usePart<History>("models", item.id, "history");
  const curves = useMemo(() => {
    const { loss, valid_loss } = data?.curves ?? {};
    return loss ? { models: [{ id: item.id, name: item.name, epochs: data!.step, loss, valid_loss }] } : null;
  }, [data, item]);
  return curves && <LossCurves curves={curves} />;
}
