import { Button, Table, Text, Title, Stack } from "@mantine/core";
import { useState } from "react";
import { type Run, type Step, isFinal } from "@/api/runs";
import { useTexts } from "@/i18n";
import { formatBytes, formatTime } from "@/table/format";
import { AttemptLog } from "./AttemptLog";
import { StateBadge } from "./StateBadge";
import classes from "./Timeline.module.css";
import { durationOf } from "./duration";

/** Parts of a step that are listed at once. */
const PARTS = 50;

/** The attempts of each step on one line of time; the parts of a divided step open below it, logs below their attempt. */
export function Timeline({ run }: { run: Run }) {
  const { t } = useTexts();
  const steps = run.steps ?? [];
  if (steps.length === 0) return null;
  const partsOf = new Map<number, Step[]>();
  for (const each of steps)
    if (each.parent_id !== null) partsOf.set(each.parent_id, [...(partsOf.get(each.parent_id) ?? []), each]);
  const from = Date.parse(run.created_at);
  const to = isFinal(run.state) && run.finished_at ? Date.parse(run.finished_at) : Date.now();
  const share = (time: string | null) => (100 * ((time ? Date.parse(time) : to) - from)) / Math.max(1, to - from);
  return (
    <Stack gap="xs" component="section" aria-label={t("runs.timeline")}>
      <Title order={2}>{t("runs.timeline")}</Title>
      <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("runs.timeline")} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("runs.step")}</Table.Th>
              <Table.Th scope="col">{t("runs.end")}</Table.Th>
              <Table.Th scope="col">{t("runs.started")}</Table.Th>
              <Table.Th scope="col" className="number">
                {t("runs.duration")}
              </Table.Th>
              <Table.Th scope="col" className="number">
                {t("runs.memory")}
              </Table.Th>
              <Table.Th scope="col">{t("runs.log")}</Table.Th>
              <Table.Th scope="col" w="28%" aria-hidden />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {steps
              .filter((each) => each.parent_id === null)
              .map((each) => (
                <StepRows key={each.id} run={run} step={each} parts={partsOf.get(each.id) ?? []} share={share} />
              ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

interface RowsProperties {
  run: Run;
  step: Step;
  parts: Step[];
  /** The place of a time on the line, in percent. */
  share: (time: string | null) => number;
}

function StepRows({ run, step, parts, share }: RowsProperties) {
  const { t, language } = useTexts();
  const [opened, setOpened] = useState(false);
  const [most, setMost] = useState(PARTS);
  if (parts.length === 0) return <AttemptRows run={run} step={step} share={share} />;
  const done = parts.filter((each) => each.state === "succeeded").length;
  const started = parts.map((each) => each.started_at).filter((each) => each !== null).sort()[0] ?? null;
  const times = { started_at: started, finished_at: step.finished_at };
  // Those that failed and those that run are looked for first.
  const ORDER = ["failed", "running"];
  const sorted = [...parts].sort((a, b) => ORDER.indexOf(b.state) - ORDER.indexOf(a.state) || a.id - b.id);
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <Button
            size="compact-sm"
            variant="subtle"
            px={4}
            ml={-4}
            aria-expanded={opened}
            onClick={() => setOpened(!opened)}
            leftSection={<span aria-hidden>{opened ? "▾" : "▸"}</span>}
          >
            {step.name}
          </Button>
          <Text fz="xs" c="dimmed">
            {t("runs.parts", { n: parts.length, done })}
          </Text>
        </Table.Td>
        <Table.Td>
          <StateBadge state={step.state} />
        </Table.Td>
        <Table.Td className={classes.once}>{started ? formatTime(started, language) : "–"}</Table.Td>
        <Table.Td className="number">{durationOf(times, language)}</Table.Td>
        <Table.Td />
        <Table.Td />
        <Table.Td aria-hidden>{started && <Bar from={share(started)} to={share(step.finished_at)} state={step.state} />}</Table.Td>
      </Table.Tr>
      {opened && sorted.slice(0, most).map((each) => <AttemptRows key={each.id} run={run} step={each} share={share} isPart />)}
      {opened && sorted.length > most && (
        <Table.Tr>
          <Table.Td colSpan={7}>
            <Button size="compact-xs" variant="default" onClick={() => setMost(most + 4 * PARTS)}>
              {t("panel.more")}
            </Button>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function AttemptRows({ run, step, share, isPart = false }: Omit<RowsProperties, "parts"> & { isPart?: boolean }) {
  const { t, label, language } = useTexts();
  const [shown, setShown] = useState<number | null>(null);
  const own = step.attempts;
  const endOf = (reason: string) => (reason === "lost" ? t("runs.lost") : label(reason));
  if (own.length === 0)
    return (
      <Table.Tr>
        <Table.Td pl={isPart ? "xl" : undefined}>{step.name}</Table.Td>
        <Table.Td colSpan={6}>
          <StateBadge state={step.state} />
        </Table.Td>
      </Table.Tr>
    );
  return own.map((each, place) => {
    const name = own.length > 1 ? t("runs.attempt", { step: step.name, place: place + 1 }) : step.name;
    const isLast = place === own.length - 1;
    const isLive = isLast && each.exit_reason === null;
    return [
      <Table.Tr key={each.id}>
        <Table.Td pl={isPart ? "xl" : undefined}>{name}</Table.Td>
        <Table.Td>
          {isLive || each.exit_reason === "succeeded" ? (
            <StateBadge state={isLive ? "running" : "succeeded"} />
          ) : (
            <Text span inherit c="var(--mantine-color-error)">
              {each.exit_reason ? endOf(each.exit_reason) : "–"}
            </Text>
          )}
          {isLive && step.progress_total > 0 && (
            <Text fz="xs" c="dimmed">
              {step.progress_done} / {step.progress_total}
            </Text>
          )}
        </Table.Td>
        <Table.Td className={classes.once}>{each.started_at ? formatTime(each.started_at, language) : "–"}</Table.Td>
        <Table.Td className="number">{durationOf(each, language)}</Table.Td>
        <Table.Td className="number">{each.peak_bytes ? formatBytes(each.peak_bytes, language) : "–"}</Table.Td>
        <Table.Td>
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={shown === each.fence}
            aria-label={`${t("runs.log")}: ${name}`}
            onClick={() => setShown(shown === each.fence ? null : each.fence)}
          >
            {t("runs.log")}
          </Button>
        </Table.Td>
        <Table.Td aria-hidden>
          <Bar
            from={share(each.started_at)}
            to={share(each.finished_at)}
            state={isLive ? "running" : each.exit_reason === "succeeded" ? "succeeded" : "failed"}
          />
        </Table.Td>
      </Table.Tr>,
      shown === each.fence && (
        <Table.Tr key={`log ${each.id}`}>
          <Table.Td colSpan={7}>
            {each.error && (
              <Text c="var(--mantine-color-error)" fz="sm" mb={4} style={{ overflowWrap: "anywhere" }}>
                {each.error.detail}
              </Text>
            )}
            <AttemptLog run={run.id} step={step.name} attempt={each.fence} isLive={isLive} />
          </Table.Td>
        </Table.Tr>
      ),
    ];
  });
}

function Bar({ from, to, state }: { from: number; to: number; state: string }) {
  return (
    <div className={classes.track}>
      <div className={classes.bar} data-state={state} style={{ left: `${from}%`, width: `${Math.max(1, to - from)}%` }} />
    </div>
  );
}
