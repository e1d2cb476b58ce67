import { Code, Stack, Table, Title } from "@mantine/core";
import { type Run, isFinal } from "@/api/runs";
import { useTexts } from "@/i18n";
import { formatBytes, formatTime } from "@/table/format";
import { durationOf } from "./RunsPage";
import { StateBadge } from "./StateBadge";
import classes from "./Timeline.module.css";

/** The attempts of each step on one line of time, with the end of their logs. */
export function Timeline({ run }: { run: Run }) {
  const { t, label, language } = useTexts();
  const endOf = (reason: string | null) =>
    reason === null ? t("state.running") : reason === "lost" ? t("runs.lost") : label(reason);
  const steps = run.steps ?? [];
  const from = Date.parse(run.created_at);
  const to = isFinal(run.state) && run.finished_at ? Date.parse(run.finished_at) : Date.now();
  const share = (time: string | null) => (100 * ((time ? Date.parse(time) : to) - from)) / Math.max(1, to - from);
  if (steps.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("runs.timeline")}>
      <Title order={2}>{t("runs.timeline")}</Title>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("runs.timeline")} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("runs.step")}</Table.Th>
              <Table.Th scope="col">{t("runs.started")}</Table.Th>
              <Table.Th scope="col" className="number">
                {t("runs.duration")}
              </Table.Th>
              <Table.Th scope="col" className="number">
                {t("runs.memory")}
              </Table.Th>
              <Table.Th scope="col">{t("runs.end")}</Table.Th>
              <Table.Th scope="col" w="35%" aria-hidden />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {steps.flatMap((step) => {
              const own = step.attempts;
              if (own.length === 0)
                return [
                  <Table.Tr key={step.id}>
                    <Table.Td>{step.name}</Table.Td>
                    <Table.Td colSpan={5}>
                      <StateBadge state={step.state} />
                    </Table.Td>
                  </Table.Tr>,
                ];
              return own.map((each, place) => (
                <Table.Tr key={each.id}>
                  <Table.Td>{own.length > 1 ? t("runs.attempt", { step: step.name, place: place + 1 }) : step.name}</Table.Td>
                  <Table.Td>{each.started_at ? formatTime(each.started_at, language) : "–"}</Table.Td>
                  <Table.Td className="number">{durationOf(each, language)}</Table.Td>
                  <Table.Td className="number">{each.peak_bytes ? formatBytes(each.peak_bytes, language) : "–"}</Table.Td>
                  <Table.Td>{endOf(each.exit_reason)}</Table.Td>
                  <Table.Td aria-hidden>
                    <div className={classes.track}>
                      <div
                        className={classes.bar}
                        style={{
                          left: `${share(each.started_at)}%`,
                          width: `${Math.max(1, share(each.finished_at) - share(each.started_at))}%`,
                        }}
                      />
                    </div>
                  </Table.Td>
                </Table.Tr>
              ));
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {steps
        .flatMap((step) => step.attempts)
        .filter((each) => each.log)
        .map((each) => (
          <details key={each.id}>
            <summary style={{ cursor: "pointer" }}>{t("runs.attempt_log", { n: each.id })}</summary>
            <Code block mah={320} style={{ overflow: "auto", whiteSpace: "pre-wrap" }} tabIndex={0}>
              {each.log}
            </Code>
          </details>
        ))}
    </Stack>
  );
}
