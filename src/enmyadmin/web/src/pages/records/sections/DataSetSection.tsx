import type { Json } from "@/api/types";
import { useTexts } from "@/i18n";
import type { SectionProperties } from ".";
import { Figures } from "./Figures";

/** How many samples there are, of which form, and what was lost on the way. */
export default function DataSetSection({ item }: SectionProperties) {
  const { t, label } = useTexts();
  const { name, ...form } = (item.adapter ?? {}) as Record<string, Json>;
  const lost = Object.values((item.lost ?? {}) as Record<string, number>).reduce((sum, each) => sum + each, 0);
  const shown = Object.entries(form).filter(([, value]) => typeof value !== "object");
  return (
    <Figures
      figures={[
        [t("figure.samples"), item.rows],
        [t("figure.lost"), lost],
        [t("figure.adapter"), name],
        ...shown.map(([key, value]): [string, unknown] => [label(key.replaceAll("_", " ")), value]),
      ]}
    />
  );
}
