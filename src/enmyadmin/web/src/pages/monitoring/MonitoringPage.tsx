import { Alert as Box, Skeleton, Stack, Text, Title } from "@mantine/core";
import { type Monitored, useAlerts, useLeaks, useMonitored } from "@/api/monitoring";
import { asProblem } from "@/api/problem";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { CardTable } from "@/table/CardTable";
import { formatTime } from "@/table/format";
import { Alerts } from "./Alerts";

/** What is wrong with what is in production: alerts first, then each registered model, then steps that take more and more memory. */
export default function MonitoringPage() {
  const { t, language } = useTexts();
  useTitle(t("nav.monitoring"));
  const { data, error } = useMonitored();
  const alerts = useAlerts();
  return (
    <Stack gap="lg">
      <Title order={1}>{t("nav.monitoring")}</Title>
      <Text c="dimmed">{t("monitoring.about")}</Text>
      {error && <Box color="red">{asProblem(error).detail}</Box>}
      {!data && !error && <Skeleton height={120} />}
      {alerts.data && <Alerts alerts={alerts.data.items} isOfAll />}
      {data?.items.length === 0 && <Text c="dimmed">{t("empty.monitoring")}</Text>}
      {data && data.items.length > 0 && (
        <CardTable<Monitored & { id: number }>
          label={t("monitoring.models")}
          rows={data.items.map((each, id) => ({ ...each, id }))}
          columns={[
            { title: t("pipelines.name"), cell: ({ name }) => <AppLink to={`/monitoring/${encodeURIComponent(name)}`}>{name}</AppLink> },
            { title: t("registry.production"), cell: ({ production }) => (production ? t("registry.version", { n: production }) : "–") },
            { title: t("monitoring.open"), cell: ({ open_alerts }) => open_alerts || "–" },
            {
              title: t("monitoring.observed"),
              cell: ({ observed_at }) => (observed_at ? formatTime(observed_at, language) : t("monitoring.never")),
            },
          ]}
        />
      )}
      <Leaks />
    </Stack>
  );
}

function Leaks() {
  const { t } = useTexts();
  const { data } = useLeaks();
  if (!data || data.items.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("monitoring.leaks")}>
      <Title order={2}>{t("monitoring.leaks")}</Title>
      {data.items.map((each) => (
        <Text key={`${each.pipeline}/${each.step}`}>
          <AppLink to={`/pipelines/${encodeURIComponent(each.pipeline)}`}>{each.pipeline}</AppLink>: {each.message}
        </Text>
      ))}
    </Stack>
  );
}
