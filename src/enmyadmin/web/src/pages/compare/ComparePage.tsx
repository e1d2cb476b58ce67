import { Alert, Skeleton, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { asProblem } from "@/api/problem";
import { get } from "@/api/request";
import type { Json } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { decimalsFor, summary } from "@/table/format";

interface Comparison {
  ids: number[];
  values: Record<string, Json[]>;
}

/** Facts first, which say how good a model is; hashes and sizes of what is stored last. */
const rank = (name: string): number => (name.startsWith("meta.") ? 0 : /(sha256|bytes|_id|\.id)$/.test(name) ? 2 : 1);

/** A property in words: `data_set.adapter.lag` belongs to the adapter of the data set; facts bear their own names. */
const inWords = (name: string, label: (english: string) => string): string =>
  name.startsWith("meta.")
    ? name.slice("meta.".length)
    : name
        .split(".")
        .map((each) => label(each.replaceAll("_", " ")))
        .join(" · ");

/** The values of a row as texts, numbers with equal decimals. */
function textsOf(row: Json[], language: string): string[] {
  const digits = decimalsFor(row);
  const decimals = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return row.map((value) =>
    value === null ? "–" : typeof value === "number" ? value.toLocaleString(language, decimals) : summary(value),
  );
}

/** Models side by side, all values or only those that differ. */
export default function ComparePage() {
  const { t, label, language } = useTexts();
  const { models = "", all } = useSearch({ strict: false }) as { models?: string | number; all?: boolean };
  const navigate = useNavigate();
  useTitle(t("action.compare"));
  const ids = String(models);
  const comparison = useQuery({
    queryKey: ["compare", ids, all],
    queryFn: ({ signal }) => get<Comparison>("/compare", { models: ids, everything: all ? true : undefined }, signal),
    enabled: ids !== "",
    placeholderData: keepPreviousData,
  });
  const { ids: shown = [], values = {} } = comparison.data ?? {};
  const rows = Object.entries(values)
    .filter(([name]) => name !== "id" && name !== "name")
    .sort(([one], [other]) => rank(one) - rank(other));
  return (
    <Stack>
      <Title order={1}>{t("compare.title")}</Title>
      {ids === "" && <Text c="dimmed">{t("compare.none")}</Text>}
      {comparison.error && (
        <Alert color="red" role="alert">
          {asProblem(comparison.error).detail}
        </Alert>
      )}
      {comparison.isFetching && !comparison.data && <Skeleton height={300} />}
      {comparison.data && (
        <>
          <Switch
            label={t("compare.only_differences")}
            checked={!all}
            onChange={(event) =>
              navigate({
                to: ".",
                search: { models, ...(event.currentTarget.checked ? {} : { all: true }) } as never,
                replace: true,
              })
            }
          />
          <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table aria-label={t("compare.title")} verticalSpacing={3} fz="sm" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{t("compare.property")}</Table.Th>
                  {shown.map((id, place) => (
                    <Table.Th key={id} scope="col" className="number">
                      <AppLink to={`/models/${id}`}>{String(values.name?.[place] ?? `${t("one.models")} ${id}`)}</AppLink>
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map(([name, row]) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row" fw={500} miw="11rem">
                      {inWords(name, label)}
                    </Table.Th>
                    {textsOf(row, language).map((text, place) => (
                      <Table.Td key={place} className="number" style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}>
                        {text}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {rows.length === 0 && <Text c="dimmed">{t("compare.same")}</Text>}
        </>
      )}
    </Stack>
  );
}
