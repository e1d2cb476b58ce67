import { Anchor, Group, SegmentedControl, Stack, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { keys } from "@/api/queries";
import { get } from "@/api/request";
import type { Run, RunState } from "@/api/runs";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { formatDuration, formatTime } from "@/table/format";
import { StateBadge } from "./StateBadge";

const STATES = ["all", "running", "ready", "succeeded", "failed", "cancelled"] as const;

/** All long work, the newest first. */
export default function RunsPage() {
  const { t, language } = useTexts();
  useTitle(t("nav.runs"));
  const { state } = useSearch({ strict: false }) as { state?: RunState };
  const navigate = useNavigate();
  const runs = useInfiniteQuery({
    queryKey: keys.list("runs", { state }),
    queryFn: ({ pageParam, signal }) => get<Page<Run>>("/runs", { state, cursor: pageParam, limit: 100 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const items = runs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack>
      <Title order={1}>{t("nav.runs")}</Title>
      <SegmentedControl
        aria-label={t("runs.state")}
        value={state ?? "all"}
        onChange={(next) => navigate({ to: ".", search: (next === "all" ? {} : { state: next }) as never })}
        data={STATES.map((each) => ({ value: each, label: t(`state.${each}`) }))}
        style={{ alignSelf: "flex-start", maxWidth: "100%", overflowX: "auto" }}
      />
      {runs.isSuccess && items.length === 0 ? (
        <Text c="dimmed">{t("empty.runs")}</Text>
      ) : (
        <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label={t("nav.runs")} verticalSpacing={4} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col" className="number">
                  {t("runs.id")}
                </Table.Th>
                <Table.Th scope="col">{t("runs.work")}</Table.Th>
                <Table.Th scope="col">{t("runs.state")}</Table.Th>
                <Table.Th scope="col">{t("runs.started")}</Table.Th>
                <Table.Th scope="col" className="number">
                  {t("runs.duration")}
                </Table.Th>
                <Table.Th scope="col">{t("runs.by")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((run) => (
                <Table.Tr key={run.id}>
                  <Table.Td className="number">{run.id}</Table.Td>
                  <Table.Td>
                    <AppLink to={`/runs/${run.id}`}>{run.title || run.kind}</AppLink>
                  </Table.Td>
                  <Table.Td>
                    <StateBadge state={run.state} />
                  </Table.Td>
                  <Table.Td>{run.started_at ? formatTime(run.started_at, language) : "–"}</Table.Td>
                  <Table.Td className="number">{durationOf(run, language)}</Table.Td>
                  <Table.Td>{run.created_by || "–"}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {runs.hasNextPage && (
        <Group>
          <Anchor component="button" type="button" onClick={() => runs.fetchNextPage()}>
            {t("panel.more")}
          </Anchor>
        </Group>
      )}
    </Stack>
  );
}

export function durationOf(run: Pick<Run, "started_at" | "finished_at">, language: string): string {
  if (!run.started_at) return "–";
  const end = run.finished_at ? Date.parse(run.finished_at) : Date.now();
  return formatDuration(Math.max(0, (end - Date.parse(run.started_at)) / 1000), language);
}
