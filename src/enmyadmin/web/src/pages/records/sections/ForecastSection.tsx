import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import type { SectionProperties } from ".";
import { Figures } from "./Figures";

/** The forecasts beside the truth, as the model or the ensemble has them. */
export default function ForecastSection({ item }: SectionProperties) {
  const { t } = useTexts();
  const part = String(item.part);
  const words = t(`part.${part}` as "part.test");
  const [collection, owner] = item.ensemble_id ? (["ensembles", item.parents.ensemble] as const) : (["models", item.parents.model] as const);
  return (
    <>
      <Figures
        figures={[
          [t("figure.part"), words],
          [t("figure.rows"), item.rows],
        ]}
      />
      {owner && (
        <SeriesChart
          collection={collection}
          id={owner.id}
          label={t("chart.forecast_of", { name: owner.name ?? owner.id })}
          query={{ part }}
          withoutMembers
          empty={t("chart.no_forecast", { part: words })}
        />
      )}
    </>
  );
}
