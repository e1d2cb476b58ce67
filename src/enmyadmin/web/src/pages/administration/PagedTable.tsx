import { Alert, Anchor, Group, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import { type Query, get } from "@/api/request";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";

export interface PagedColumn<T> {
  title: string;
  cell: (row: T) => ReactNode;
  numeric?: boolean;
}

interface Properties<T> {
  path: string;
  query?: Query;
  label: string;
  columns: PagedColumn<T>[];
  empty: string;
}

/** A list of the administration, the newest first. */
export function PagedTable<T extends { id: number }>({ path, query = {}, label, columns, empty }: Properties<T>) {
  const { t } = useTexts();
  const list = useInfiniteQuery({
    queryKey: keys.list(path, query),
    queryFn: ({ pageParam, signal }) => get<Page<T>>(`/${path}`, { ...query, cursor: pageParam, limit: 100 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.error) return <Alert color="red">{asProblem(list.error).detail}</Alert>;
  if (list.isSuccess && rows.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={label} verticalSpacing={4} fz="sm" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {columns.map((each) => (
                <Table.Th key={each.title} scope="col" className={each.numeric ? "number" : undefined}>
                  {each.title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.id}>
                {columns.map((each) => (
                  <Table.Td key={each.title} className={each.numeric ? "number" : undefined}>
                    {each.cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {list.hasNextPage && (
        <Group>
          <Anchor component="button" type="button" onClick={() => list.fetchNextPage()}>
            {t("panel.more")}
          </Anchor>
        </Group>
      )}
    </>
  );
}
