import { Alert as Box, Button, Group, Loader, Select, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useAlerts, useLook, useObservations } from "@/api/monitoring";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { Alerts } from "./Alerts";
import { Timeline } from "./Timeline";
import { Windows } from "./Windows";

const KINDS = ["quality", "drift"] as const;

/** One registered model in use: its alerts, and its windows beside their limits. */
export default function MonitoredPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const { t } = useTexts();
  useTitle(`${t("nav.monitoring")}: ${name}`);
  const allowed = useAllowed();
  const navigate = useNavigate();
  const { data, error } = useObservations(name);
  const alerts = useAlerts(name);
  const look = useLook(name);
  const [chosen, setChosen] = useState<string | null>(null);
  const sources = [...new Map((data?.items ?? []).map((each) => [String(each.series), each.series_name || String(each.series)]))];
  const series = chosen ?? sources[0]?.[0];
  const kinds = KINDS.map((kind) => [kind, (data?.items ?? []).filter((each) => each.kind === kind && String(each.series) === series)] as const);
  return (
    <Stack gap="lg">
      <Stack gap={4} component="header">
        <AppLink to="/monitoring" fz="sm">
          {t("nav.monitoring")}
        </AppLink>
        <Group justify="space-between" align="flex-end">
          <Title order={1} style={{ overflowWrap: "anywhere" }}>
            {name}
          </Title>
          {allowed("run") && (
            <Button
              loading={look.isPending}
              onClick={() =>
                look.mutate(undefined, {
                  onSuccess: (run) => navigate({ to: `/runs/${run.id}` as never }),
                  onError: (problem) => notifications.show({ color: "red", message: asProblem(problem).detail }),
                })
              }
            >
              {t("monitoring.look_now")}
            </Button>
          )}
        </Group>
        <AppLink to={`/registry/${encodeURIComponent(name)}`} fz="sm">
          {t("monitoring.to_registry")}
        </AppLink>
      </Stack>
      {error && (
        <Box color="red" role="alert">
          {asProblem(error).detail}
        </Box>
      )}
      {alerts.data && <Alerts alerts={alerts.data.items} />}
      {!data && !error && <Loader aria-label={t("state.loading")} />}
      {data && data.items.length === 0 && <Text c="dimmed">{t("empty.observations")}</Text>}
      {sources.length > 1 && (
        <Select
          label={t("monitoring.series")}
          w={280}
          allowDeselect={false}
          searchable
          data={sources.map(([value, label]) => ({ value, label }))}
          value={series}
          onChange={setChosen}
        />
      )}
      {kinds.map(([kind, windows]) => windows.length > 0 && (
        <Windows
          key={`${kind} ${series}`}
          kind={kind}
          windows={windows}
          alerts={(alerts.data?.items ?? []).filter((each) => each.kind === kind && String(each.series) === series)}
        />
      ))}
      <Timeline name={name} />
    </Stack>
  );
}
