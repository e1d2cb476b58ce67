import { Alert, Badge, Button, Group, Loader, Select, Stack, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type Pipeline, useArchivePipeline, usePipeline, useSchedules } from "@/api/pipelines";
import { asProblem } from "@/api/problem";
import { keys, useAllowed } from "@/api/queries";
import { get } from "@/api/request";
import type { Run } from "@/api/runs";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";
import { RunsTable } from "@/pages/runs/RunsTable";
import { AppLink, LinkButton } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { useConfirm } from "@/shell/useConfirm";
import { formatInZone, formatTime } from "@/table/format";
import { RunPipelineButton } from "./RunPipelineButton";
import { StepGraph } from "./StepGraph";
import { type Definition, stepsOf } from "./graph";

/** One pipeline: its graph, its parameters, its runs and schedules. */
export default function PipelinePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const { version } = useSearch({ strict: false }) as { version?: number };
  const { t } = useTexts();
  const { data, error } = usePipeline(name, version);
  useTitle(name);
  if (error)
    return (
      <Stack align="flex-start">
        <Title order={1}>{name}</Title>
        <Alert color="red" role="alert">
          {asProblem(error).detail}
        </Alert>
        <AppLink to="/pipelines">{t("nav.pipelines")}</AppLink>
      </Stack>
    );
  return data ? <OnePipeline pipeline={data} versions={data.versions} /> : <Loader aria-label={t("state.loading")} />;
}

function OnePipeline({ pipeline, versions }: { pipeline: Pipeline; versions: number[] }) {
  const { t, language } = useTexts();
  const allowed = useAllowed();
  const navigate = useNavigate();
  const archive = useArchivePipeline();
  const [confirm, ask] = useConfirm();
  const isLatest = pipeline.version === versions[0];
  const address = `/pipelines/${encodeURIComponent(pipeline.name)}`;
  return (
    <Stack gap="lg">
      {confirm}
      <Stack gap={4} component="header">
        <AppLink to="/pipelines" fz="sm">
          {t("nav.pipelines")}
        </AppLink>
        <Group justify="space-between" align="flex-end">
          <Title order={1} style={{ overflowWrap: "anywhere" }}>
            {pipeline.name}
          </Title>
          <Group gap="xs">
            {allowed("trash") && isLatest && (
              <Button
                variant="default"
                onClick={() =>
                  ask({
                    title: t("pipelines.archive"),
                    text: t("pipelines.archive_sure"),
                    act: () =>
                      archive.mutate(pipeline.name, {
                        onSuccess: () => navigate({ to: "/pipelines" as never }),
                        onError: (error) => notifications.show({ color: "red", message: asProblem(error).detail }),
                      }),
                  })
                }
              >
                {t("pipelines.archive")}
              </Button>
            )}
            {allowed("create") && (
              <LinkButton variant="default" to={`${address}/edit`} search={isLatest ? {} : { version: pipeline.version }}>
                {t("action.edit")}
              </LinkButton>
            )}
            {allowed("run") && <RunPipelineButton pipeline={pipeline} />}
          </Group>
        </Group>
        {pipeline.description && <Text>{pipeline.description}</Text>}
        <Group gap="sm">
          <Text fz="sm" c="dimmed">
            {t("pipelines.saved_at", { time: formatTime(pipeline.created_at, language) })}
            {pipeline.created_by && ` · ${pipeline.created_by}`}
          </Text>
          <Select
            size="xs"
            w={150}
            aria-label={t("pipelines.version")}
            allowDeselect={false}
            data={versions.map((each) => ({ value: String(each), label: `${t("pipelines.version")} ${each}` }))}
            value={String(pipeline.version)}
            onChange={(next) =>
              navigate({ to: ".", search: (Number(next) === versions[0] ? {} : { version: Number(next) }) as never })
            }
          />
        </Group>
        {!isLatest && <Text fz="sm">{t("pipelines.old", { n: versions[0] })}</Text>}
      </Stack>
      <Steps definition={pipeline.definition} />
      <Parameters definition={pipeline.definition} />
      <Schedules name={pipeline.name} />
      <LatestRuns name={pipeline.name} />
    </Stack>
  );
}

function Steps({ definition }: { definition: Definition }) {
  const { t } = useTexts();
  const steps = stepsOf(definition);
  return (
    <Stack gap="xs" component="section" aria-label={t("pipelines.steps")}>
      <Title order={2}>{t("pipelines.steps")}</Title>
      <StepGraph steps={steps} label={t("pipelines.graph")} />
      <details>
        <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("chart.table")}</summary>
        <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label={t("pipelines.steps")} verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t("runs.step")}</Table.Th>
                <Table.Th scope="col">{t("pipelines.kind")}</Table.Th>
                <Table.Th scope="col">{t("pipelines.needs")}</Table.Th>
                <Table.Th scope="col">{t("pipelines.for_each")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {steps.map((each) => (
                <Table.Tr key={each.name}>
                  <Table.Td>{each.name}</Table.Td>
                  <Table.Td>{each.kind}</Table.Td>
                  <Table.Td>{each.needs.join(", ") || "–"}</Table.Td>
                  <Table.Td>{definition.steps[each.name].for_each ?? "–"}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </details>
    </Stack>
  );
}

function Parameters({ definition }: { definition: Definition }) {
  const { t } = useTexts();
  const entries = Object.entries(definition.parameters ?? {});
  if (entries.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("pipelines.parameters")}>
      <Title order={2}>{t("pipelines.parameters")}</Title>
      <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("pipelines.parameters")} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("pipelines.name")}</Table.Th>
              <Table.Th scope="col">{t("pipelines.type")}</Table.Th>
              <Table.Th scope="col">{t("pipelines.default")}</Table.Th>
              <Table.Th scope="col">{t("pipelines.meaning")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entries.map(([name, each]) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>{each.type}</Table.Td>
                <Table.Td>{"default" in each ? JSON.stringify(each.default) : t("pipelines.required")}</Table.Td>
                <Table.Td>{each.description || "–"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Schedules({ name }: { name: string }) {
  const { t } = useTexts();
  const { data } = useSchedules(name);
  if (!data) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("nav.schedules")}>
      <Title order={2}>{t("nav.schedules")}</Title>
      {data.items.map((each) => (
        <Group key={each.id} gap="sm">
          <Text fw={500}>{each.name}</Text>
          <Text c="dimmed">{each.cron}</Text>
          {each.next_at ? (
            <Text>{t("schedules.next_at", { time: `${formatInZone(each.next_at, each.time_zone)} ${each.time_zone}` })}</Text>
          ) : (
            <Badge variant="default">{t("schedules.paused")}</Badge>
          )}
        </Group>
      ))}
      <AppLink to="/schedules" search={{ pipeline: name }} fz="sm">
        {data.items.length ? t("schedules.all") : t("schedules.none_of")}
      </AppLink>
    </Stack>
  );
}

function LatestRuns({ name }: { name: string }) {
  const { t } = useTexts();
  const { data } = useQuery({
    queryKey: keys.list("runs", { pipeline: name }),
    queryFn: ({ signal }) => get<Page<Run>>("/runs", { pipeline: name, limit: 10 }, signal),
    refetchInterval: 5_000,
  });
  return (
    <Stack gap="xs" component="section" aria-label={t("pipelines.runs")}>
      <Title order={2}>{t("pipelines.runs")}</Title>
      {data?.items.length === 0 ? <Text c="dimmed">{t("pipelines.never_run")}</Text> : data && <RunsTable runs={data.items} label={t("pipelines.runs")} />}
    </Stack>
  );
}
