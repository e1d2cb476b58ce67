import { Alert, Code, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";
import { get } from "@/api/request";
import type { Schemas } from "@/api/types";
import { useTexts } from "@/i18n";

/** The end of what an attempt printed and logged; read again while it runs. */
export function AttemptLog({ run, step, attempt, isLive }: { run: number; step: string; attempt: number; isLive: boolean }) {
  const { t } = useTexts();
  const { data, error } = useQuery({
    queryKey: ["item", "runs", run, "logs", step, attempt],
    queryFn: ({ signal }) => get<Schemas["LogList"]>(`/runs/${run}/logs`, { step, attempt }, signal),
    refetchInterval: isLive ? 2_000 : false,
  });
  if (error) return <Alert color="red">{asProblem(error).detail}</Alert>;
  if (!data) return <Skeleton height={60} />;
  const text = data.items[0]?.text.trimEnd();
  if (!text) return <Text c="dimmed">{isLive ? t("runs.log_empty_yet") : t("runs.log_empty")}</Text>;
  return (
    <Code block mah={360} style={{ overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }} tabIndex={0} aria-label={t("runs.log")} role="region">
      {text}
    </Code>
  );
}
