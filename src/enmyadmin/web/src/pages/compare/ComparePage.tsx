import { Alert, Skeleton, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { asProblem } from "@/api/problem";
import { get } from "@/api/request";
import type { Json } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { formatNumber, summary } from "@/table/format";

interface Comparison {
  ids: number[];
  values: Record<string, Json[]>;
}

/** Models side by side, all values or only those that differ. */
export default function ComparePage() {
  const { t, language } = useTexts();
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
  const rows = Object.entries(values).filter(([name]) => name !== "id" && name !== "name");
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
                    <Table.Th scope="row" fw={500}>
                      {name}
                    </Table.Th>
                    {row.map((value, place) => (
                      <Table.Td key={place} className="number" style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}>
                        {value === null ? "–" : typeof value === "number" ? formatNumber(value, language) : summary(value)}
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
