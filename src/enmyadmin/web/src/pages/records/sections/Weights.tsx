import { Stack, Table, Text, Title } from "@mantine/core";
import { useTexts } from "@/i18n";
import type { Item } from "@/api/types";
import { decimalsFor } from "@/table/format";
import { type EnsembleItem, memberLink } from "./EnsembleSection";

/** The weight of each member, from its properties in the ensemble. */
export function Weights({ item, items }: { item: Item; items: EnsembleItem[] }) {
  const { t, language } = useTexts();
  const weights = items.map((each) => (typeof each.properties?.weight === "number" ? each.properties.weight : null));
  const decimals = Math.min(4, decimalsFor(weights));
  const hasWeights = weights.some((each) => each !== null);
  const largest = Math.max(...weights.map((each) => Math.abs(each ?? 0)), Number.MIN_VALUE);
  return (
    <Stack gap="xs" component="section" aria-label={t("ensemble.weights")}>
      <Title order={2}>{t("ensemble.weights")}</Title>
      <Text fz="sm" c="dimmed">
        {[item.method, item.metamodel, hasWeights ? "" : t("ensemble.no_weights")].filter(Boolean).join(" · ")}
      </Text>
      <Table aria-label={t("ensemble.weights")} verticalSpacing={3} withRowBorders={false}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("leaderboard.member")}</Table.Th>
            {hasWeights && (
              <Table.Th scope="col" className="number">
                {t("ensemble.weight")}
              </Table.Th>
            )}
            <Table.Th scope="col" w="45%" aria-hidden />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((each, place) => {
            const weight = weights[place];
            return (
              <Table.Tr key={each.id}>
                <Table.Td>{memberLink(each)}</Table.Td>
                {hasWeights && <Table.Td className="number">
                  {weight?.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) ?? "–"}
                </Table.Td>}
                <Table.Td aria-hidden>
                  {weight !== null && <SignedBar share={weight / largest} />}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

/** A bar from the middle: to the right for positive, to the left and hatched for negative weights. */
function SignedBar({ share }: { share: number }) {
  const width = `${50 * Math.abs(share)}%`;
  const negative = "repeating-linear-gradient(45deg, #d55e00 0 4px, transparent 4px 7px)";
  return (
    <div style={{ position: "relative", height: 14, borderLeft: "0" }}>
      <div style={{ position: "absolute", left: "50%", top: 0, bottom: 0, width: 1, background: "var(--app-line)" }} />
      <div
        style={{
          position: "absolute",
          height: 14,
          width,
          left: share >= 0 ? "50%" : `calc(50% - ${width})`,
          background: share >= 0 ? "light-dark(#8ab4d4, #4a7fa8)" : negative,
          borderRadius: 2,
        }}
      />
    </div>
  );
}
