import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import type { SectionProperties } from ".";
import { Figures } from "./Figures";

export default function SnapshotSection({ item }: SectionProperties) {
  const { t } = useTexts();
  return (
    <>
      <Figures
        figures={[
          [t("figure.rows"), item.rows],
          [t("figure.empty_rows"), item.empty_rows],
          [t("figure.interval"), item.time_interval],
          [t("figure.from"), item.time_from],
          [t("figure.to"), item.time_to],
        ]}
      />
      <SeriesChart
        collection="snapshots"
        id={item.id}
        label={t("chart.of", { name: item.name ?? `${t("one.snapshots")} ${item.id}` })}
        empty={t("chart.no_rows")}
      />
    </>
  );
}
