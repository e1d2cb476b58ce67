import { Group, Select, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, lazy } from "react";
import { get } from "@/api/request";
import { ENTITY_OF, type OfEntities, collectionOf, isCollection, isEntity, type Schemas } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { NotFound } from "@/shell/RouteError";
import { useTitle } from "@/shell/title";

const Graph = lazy(() => import("./Graph"));

export type Lineage = Omit<Schemas["LineageGraph"], "nodes"> & { nodes: OfEntities<Schemas["RecordReference"]>[] };

const HOPS = ["1", "2", "3", "4", "6"];

/** What a record was made from and what was made from it, up to a number of steps. */
export default function LineagePage() {
  const { t } = useTexts();
  const { collection, id } = useParams({ strict: false }) as { collection: string; id: string };
  const { hops = 2 } = useSearch({ strict: false }) as { hops?: number };
  const navigate = useNavigate();
  const known = isCollection(collection);
  useTitle(t("lineage.title"));
  const lineage = useQuery({
    queryKey: ["item", collection, Number(id), "lineage", hops],
    queryFn: ({ signal }) =>
      get<Lineage>(`/lineage/${ENTITY_OF[collection as keyof typeof ENTITY_OF]}/${id}`, { hops }, signal),
    enabled: known,
    placeholderData: keepPreviousData,
  });
  if (!known) return <NotFound />;
  const data = lineage.data;
  const centre = `${ENTITY_OF[collection]}/${id}`;
  const own = data?.nodes.find((each) => `${each.entity}/${each.id}` === centre);
  const nodes = data?.nodes.filter((each) => isEntity(each.entity)) ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t("lineage.title")}</Title>
        <Select
          size="xs"
          w={130}
          label={t("lineage.hops")}
          data={HOPS}
          value={String(hops)}
          onChange={(next) => navigate({ to: ".", search: { hops: Number(next) } as never, replace: true })}
        />
      </Group>
      <AppLink to={`/${collection}/${id}`}>{`${t(`one.${collection}`)} ${id}${own?.name ? `: ${own.name}` : ""}`}</AppLink>
      <Suspense fallback={<Skeleton height={480} />}>
        {data && <Graph lineage={data} centre={centre} />}
      </Suspense>
      <details>
        <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("chart.table")}</summary>
        <Table aria-label={t("lineage.title")} w="auto">
          <Table.Tbody>
            {nodes.map(({ entity, id: number, name }) => (
              <Table.Tr key={`${entity}/${number}`}>
                <Table.Td>{t(`one.${collectionOf(entity)}`)}</Table.Td>
                <Table.Td>
                  <AppLink to={`/${collectionOf(entity)}/${number}`}>{name || number}</AppLink>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
      {data && data.nodes.length <= 1 && <Text c="dimmed">{t("lineage.alone")}</Text>}
    </Stack>
  );
}
