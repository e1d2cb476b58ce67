import { Button, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type Alert, useCloseAlert } from "@/api/monitoring";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { CardTable } from "@/table/CardTable";
import { formatTime } from "@/table/format";

interface Properties {
  alerts: Alert[];
  /** They are of several registered models. */
  isOfAll?: boolean;
}

/** Alerts, those that are open first, each with what it proposes. */
export function Alerts({ alerts, isOfAll = false }: Properties) {
  const { t, label, language } = useTexts();
  const allowed = useAllowed();
  const close = useCloseAlert();
  const failed = (problem: unknown) => notifications.show({ color: "red", message: asProblem(problem).detail });
  const shown = [...alerts].sort((one, other) => Number(one.closed_at !== null) - Number(other.closed_at !== null));
  return (
    <Stack gap="xs" component="section" aria-label={t("monitoring.alerts")}>
      <Title order={2}>{t("monitoring.alerts")}</Title>
      {shown.length === 0 ? (
        <Text c="dimmed">{t("empty.alerts")}</Text>
      ) : (
        <CardTable<Alert>
          label={t("monitoring.alerts")}
          rows={shown}
          columns={[
            { title: "#", oneLine: true, cell: (each) => `#${each.id}` },
            { title: t("audit.at"), oneLine: true, cell: (each) => formatTime(each.created_at, language) },
            ...(isOfAll
              ? [
                  {
                    title: t("monitoring.model"),
                    cell: (each: Alert) => <AppLink to={`/monitoring/${encodeURIComponent(each.name)}`}>{each.name}</AppLink>,
                  },
                ]
              : []),
            { title: t("monitoring.message"), cell: (each) => label(each.message) },
            { title: t("registry.proposal"), cell: (each) => t(`monitoring.${each.proposal}`) },
            {
              title: t("runs.state"),
              cell: (each) =>
                each.closed_at
                  ? t("monitoring.closed", { time: formatTime(each.closed_at, language), who: each.closed_by || "–" })
                  : t("monitoring.is_open"),
            },
            {
              title: t("registry.actions"),
              actions: true,
              cell: (each) =>
                each.closed_at === null && allowed("change") ? (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={t("monitoring.close_of", { n: each.id })}
                    onClick={() => close.mutate(each.id, { onError: failed })}
                  >
                    {t("action.close")}
                  </Button>
                ) : null,
            },
          ]}
        />
      )}
    </Stack>
  );
}
