import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import type { SectionProperties } from ".";
import { Figures } from "./Figures";

const percent = (share: unknown): string => `${(Number(share) * 100).toFixed(0)} %`;

export default function PreparationSection({ item }: SectionProperties) {
  const { t } = useTexts();
  return (
    <>
      <Figures
        figures={[
          [t("figure.clean"), item.clean_method],
          [t("figure.transform"), item.transform_method],
          [t("figure.rows"), item.rows],
          [t("figure.parts"), `${percent(item.train_part)} / ${percent(item.valid_part)} / ${percent(item.test_part)}`],
        ]}
      />
      <SeriesChart
        collection="preparations"
        id={item.id}
        label={t("chart.of", { name: item.name ?? `${t("one.preparations")} ${item.id}` })}
        empty={t("chart.no_rows")}
      />
    </>
  );
}
