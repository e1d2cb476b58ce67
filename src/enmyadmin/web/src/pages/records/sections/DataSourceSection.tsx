import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import type { SectionProperties } from ".";

export default function DataSourceSection({ item }: SectionProperties) {
  const { t } = useTexts();
  return (
    <SeriesChart
      collection="data-sources"
      id={item.id}
      label={t("chart.of", { name: item.name ?? item.id })}
      empty={t("chart.no_points")}
    />
  );
}
