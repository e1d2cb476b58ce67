import { Alert, Box, Group, Loader, Text } from "@mantine/core";
import {
  type ColumnDef,
  type RowSelectionState,
  type SortingState,
  createColumnHelper,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { asProblem } from "@/api/problem";
import { type Listing, useList, useSchema } from "@/api/queries";
import type { Collection, Item } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { BulkBar } from "./BulkBar";
import { ColumnPicker, useChosenColumns } from "./ColumnPicker";
import { ExportMenu } from "./ExportMenu";
import { FilterInput } from "./FilterInput";
import { Cell, isNumeric } from "./Cell";
import { decimalsFor } from "./format";
import classes from "./RecordTable.module.css";

const ROW_HEIGHT = 34;
const PAGE = 100;
/** Pages are asked for when fewer rows than this lie below the visible ones. */
const AHEAD = 20;
/** A table within a page shows its tools if it has more rows. */
const MANY = 8;

const features = tableFeatures({ rowSelectionFeature, rowSortingFeature });
const helper = createColumnHelper<typeof features, Item>();

export interface View {
  where?: string;
  order_by?: string;
}

interface Properties {
  collection: Collection;
  label: string;
  view: View;
  onView: (view: View) => void;
  /** Conditions that the page sets, such as the project. */
  fixed?: Record<string, string | number | boolean>;
  /** Columns that say nothing here, such as the project on a project's page. */
  without?: string[];
  /** What to do next, if there is no record. */
  empty?: ReactNode;
  trash?: boolean;
  /** Height of the rows in view; a table within a page is lower. */
  height?: number | string;
  /** Within a page: the tools appear when there are many records. */
  isPart?: boolean;
}

function sortingOf(order: string | undefined): SortingState {
  const first = order?.split(",")[0].trim();
  if (!first) return [];
  const [id, direction] = first.split(/\s+/);
  return [{ id, desc: direction?.toLowerCase() === "desc" }];
}

/** The table of all entities: pages by cursor, virtual rows, chosen columns, filter, order, selection of ranges. */
export function RecordTable({ collection, label, view, onView, fixed = {}, without = [], empty, trash, height, isPart }: Properties) {
  const { t, label: word } = useTexts();
  const { data: schema } = useSchema();
  const known = useMemo(
    () => (schema?.[collection].columns ?? []).filter((each) => !without.includes(each.name)),
    [schema, collection, without],
  );
  const chosen = useChosenColumns(collection, known);
  const listing: Listing = {
    ...fixed,
    where: view.where,
    order_by: view.order_by,
    limit: PAGE,
    columns: chosen.columns.map((each) => each.name),
    facts: collection === "models" ? chosen.facts : undefined,
    trash,
  };
  const list = useList(collection, listing, schema !== undefined);
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const count = list.data?.pages[0]?.count ?? null;

  const [selection, setSelection] = useState<RowSelectionState>({});
  const [allMatching, setAllMatching] = useState(false);
  const matched = JSON.stringify([fixed, view.where, trash]);
  useEffect(() => {
    setSelection({});
    setAllMatching(false);
  }, [matched]);

  const decimals = useMemo(
    () => ({
      columns: Object.fromEntries(chosen.columns.map(({ name }) => [name, decimalsFor(items.map((each) => each[name]))])),
      facts: Object.fromEntries(chosen.facts.map((fact) => [fact, decimalsFor(items.map((each) => each.facts?.[fact]))])),
    }),
    [items, chosen.columns, chosen.facts],
  );
  // Records without names are linked by their ids.
  const hasNames = chosen.columns.some((each) => each.name === "name");
  const columns = useMemo(
    () => [
      helper.display({
        id: "select",
        header: ({ table }) => (
          <input
            type="checkbox"
            aria-label={t("table.select_loaded")}
            checked={table.getIsAllRowsSelected()}
            onChange={table.getToggleAllRowsSelectedHandler()}
          />
        ),
        cell: ({ row }) => (
          <input
            type="checkbox"
            aria-label={t("table.select_row", { name: row.original.name ?? row.original.id })}
            checked={row.getIsSelected()}
            onChange={() => undefined}
            onClick={row.getToggleSelectedHandler()}
          />
        ),
      }),
      ...chosen.columns.map((column) =>
        helper.accessor((item) => item[column.name], {
          id: column.name,
          header: word(column.label),
          enableSorting: column.sortable,
          meta: { numeric: isNumeric(column) && (column.name !== "id" || hasNames), help: word(column.help) } as never,
          cell: ({ row }) => (
            <Cell item={row.original} column={column} collection={collection} decimals={decimals.columns[column.name]} />
          ),
        }),
      ),
      ...chosen.facts.map((fact) =>
        helper.accessor((item) => item.facts?.[fact], {
          id: `meta.${fact}`,
          header: fact,
          meta: { numeric: true, help: "" } as never,
          cell: ({ row }) => <Cell.Fact value={row.original.facts?.[fact]} decimals={decimals.facts[fact]} />,
        }),
      ),
    ],
    [chosen.columns, chosen.facts, decimals, hasNames, collection, t, word],
  );

  const table = useTable({
    features,
    columns: columns as ColumnDef<typeof features, Item>[],
    data: items,
    getRowId: (item) => String(item.id),
    enableRowRangeSelection: true,
    manualSorting: true,
    state: { rowSelection: selection, sorting: sortingOf(view.order_by) },
    onRowSelectionChange: (change) => {
      setAllMatching(false);
      setSelection(change);
    },
    onSortingChange: (change) => {
      const [first] = typeof change === "function" ? change(sortingOf(view.order_by)) : change;
      onView({ ...view, order_by: first && `${first.id}${first.desc ? " desc" : ""}` });
    },
  });

  const scroller = useRef<HTMLDivElement>(null);
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const visible = virtual.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last > rows.length - AHEAD) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  const problem = list.error ? asProblem(list.error) : null;
  const above = visible[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const isEmpty = list.isSuccess && items.length === 0;
  if (isEmpty && !view.where) return <Box py="sm">{empty ?? <Text c="dimmed">{t("table.none")}</Text>}</Box>;

  const isShort = isPart && !view.where && (count?.value ?? 0) <= MANY;
  const ids = allMatching ? [] : Object.keys(selection).map(Number);
  return (
    <Box>
      {!isShort && <Group align="flex-start" gap="sm" mb="xs" wrap="wrap">
        <FilterInput
          where={view.where ?? ""}
          onWhere={(where) => onView({ ...view, where: where || undefined })}
          problem={problem?.field === "where" || problem?.status === 422 ? problem.detail : null}
          columns={known}
          hasFacts={collection === "models"}
          label={t("table.filter_of", { what: label })}
        />
        <Group gap="xs" ml="auto" wrap="nowrap">
          {list.isFetching && <Loader size="xs" aria-label={t("state.loading")} />}
          <Text c="dimmed" fz="sm" aria-live="polite" style={{ whiteSpace: "nowrap" }}>
            {count ? t("table.count", { n: count.value, more: count.capped ? "+" : "" }) : ""}
          </Text>
          <ExportMenu collection={collection} listing={listing} ids={ids} />
          <ColumnPicker known={known} chosen={chosen} hasFacts={collection === "models"} />
        </Group>
      </Group>}
      <BulkBar
        collection={collection}
        ids={Object.keys(selection).map(Number)}
        count={count}
        listing={listing}
        allMatching={allMatching}
        onAllMatching={() => setAllMatching(true)}
        onDone={() => {
          setSelection({});
          setAllMatching(false);
        }}
        trash={trash}
      />
      {problem && problem.status !== 422 && (
        <Alert color="red" role="alert" mb="xs">
          {problem.detail}
        </Alert>
      )}
      <div
        ref={scroller}
        className={classes.scroller}
        style={{ maxHeight: height ?? "calc(100vh - 15rem)" }}
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <table className={classes.table} aria-rowcount={count && !count.capped ? count.value + 1 : -1} aria-label={label}>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header) => {
                  const meta = header.column.columnDef.meta as { numeric: boolean; help: string } | undefined;
                  const sorted = header.column.getIsSorted();
                  return (
                    <th
                      key={header.id}
                      scope="col"
                      className={meta?.numeric ? "number" : undefined}
                      aria-sort={sorted ? (sorted === "asc" ? "ascending" : "descending") : undefined}
                      title={meta?.help}
                    >
                      {header.column.getCanSort() && header.id !== "select" ? (
                        <button type="button" className={classes.sort} onClick={header.column.getToggleSortingHandler()}>
                          <table.FlexRender header={header} />
                          <span aria-hidden>{sorted ? (sorted === "asc" ? " ↑" : " ↓") : ""}</span>
                        </button>
                      ) : (
                        <table.FlexRender header={header} />
                      )}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {above > 0 && (
              <tr aria-hidden style={{ height: above }}>
                <td />
              </tr>
            )}
            {visible.map(({ index }) => {
              const row = rows[index];
              return (
                <tr
                  key={row.id}
                  aria-rowindex={index + 2}
                  data-selected={row.getIsSelected() || undefined}
                  style={{ height: ROW_HEIGHT }}
                >
                  {row.getAllCells().map((cell) => (
                    <td
                      key={cell.id}
                      className={(cell.column.columnDef.meta as { numeric: boolean } | undefined)?.numeric ? "number" : undefined}
                    >
                      <table.FlexRender cell={cell} />
                    </td>
                  ))}
                </tr>
              );
            })}
            {below > 0 && (
              <tr aria-hidden style={{ height: below }}>
                <td />
              </tr>
            )}
          </tbody>
        </table>
        {isEmpty && (
          <Text c="dimmed" p="md">
            {t("table.no_match")}
          </Text>
        )}
      </div>
    </Box>
  );
}

/** The link to a record, by its name. */
export function RecordLink({ collection, id, name }: { collection: Collection; id: number; name: string | null }) {
  const { t } = useTexts();
  return <AppLink to={`/${collection}/${id}`}>{name || `${t(`one.${collection}`)} ${id}`}</AppLink>;
}
