import { Alert, Anchor, Group, Table, Text, VisuallyHidden } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import { type Query, get } from "@/api/request";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";
import classes from "./PagedTable.module.css";

export interface PagedColumn<T> {
  title: string;
  cell: (row: T) => ReactNode;
  /** For what should stay on one line, such as a time. */
  oneLine?: boolean;
  /** For buttons: the title is for screen readers alone. */
  actions?: boolean;
}

interface Properties<T> {
  path: string;
  query?: Query;
  label: string;
  columns: PagedColumn<T>[];
  empty: string;
}

/** A list of the administration, the newest first. On a narrow screen each row is a card of its own. */
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
        <Table role="table" aria-label={label} className={classes.cards} verticalSpacing={4} fz="sm" highlightOnHover>
          <Table.Thead role="rowgroup">
            <Table.Tr role="row">
              {columns.map((each) => (
                <Table.Th key={each.title} role="columnheader" scope="col">
                  {each.actions ? <VisuallyHidden>{each.title}</VisuallyHidden> : each.title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody role="rowgroup">
            {rows.map((row) => (
              <Table.Tr key={row.id} role="row">
                {columns.map((each) => (
                  <Table.Td
                    key={each.title}
                    role="cell"
                    data-label={each.actions ? undefined : each.title}
                    style={each.oneLine ? { whiteSpace: "nowrap" } : undefined}
                  >
                    {each.cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
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
