import { Alert, Anchor, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useOrchestrator } from "@/api/pipelines";
import { keys } from "@/api/queries";
import { get } from "@/api/request";
import type { Run, RunState } from "@/api/runs";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { RunsTable } from "./RunsTable";

const STATES = ["all", "running", "ready", "succeeded", "failed", "cancelled"] as const;

/** All long work, the newest first. */
export default function RunsPage() {
  const { t } = useTexts();
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
      <AtWork />
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
        <RunsTable runs={items} label={t("nav.runs")} />
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

/** Who executes runs, and how much waits; a warning where nobody does. */
function AtWork() {
  const { t } = useTexts();
  const { data } = useOrchestrator();
  if (!data) return null;
  const { queue, dispatchers } = data;
  const workers = dispatchers.filter((each) => each.state === "working").reduce((sum, each) => sum + each.workers, 0);
  const waiting = queue.ready + queue.delayed + queue.waiting;
  if (!data.is_at_work) return <Alert color="yellow">{t("runs.nobody")}</Alert>;
  return (
    <Text c="dimmed" fz="sm">
      {t("runs.at_work", { n: workers, running: queue.running, waiting })}
    </Text>
  );
}
