import { Alert, Anchor, Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import { type Query, get } from "@/api/request";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";
import { type CardColumn, CardTable } from "@/table/CardTable";

interface Properties<T> {
  path: string;
  query?: Query;
  label: string;
  columns: CardColumn<T>[];
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
      <CardTable label={label} columns={columns} rows={rows} />
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
