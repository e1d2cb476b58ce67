import { List, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, IconArrowBackUp, IconChecks, IconPackage, IconRocket, IconTag } from "@tabler/icons-react";
import { type TimelineEvent, useTimeline } from "@/api/registry";
import { useTexts } from "@/i18n";
import { formatTime } from "@/table/format";

const ICONS: Record<TimelineEvent["kind"], typeof IconTag> = {
  registered: IconPackage,
  evaluated: IconChecks,
  promoted: IconRocket,
  rolled_back: IconArrowBackUp,
  withdrawn: IconArrowBackUp,
  named: IconTag,
  alert: IconAlertTriangle,
  closed: IconChecks,
};
const COLOURS: Partial<Record<TimelineEvent["kind"], string>> = { promoted: "blue", rolled_back: "grape", alert: "pink" };

/** What happened to a registered model, the oldest first: releases and alerts are filled, the rest is not. */
export function Timeline({ name }: { name: string }) {
  const { t, label, language } = useTexts();
  const { data } = useTimeline(name);
  if (!data || data.items.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("monitoring.timeline")}>
      <Title order={2}>{t("monitoring.timeline")}</Title>
      <List listStyleType="none" spacing="sm" style={{ overflowWrap: "anywhere" }}>
        {data.items.map((each) => {
          const Icon = ICONS[each.kind];
          const color = COLOURS[each.kind];
          const icon = (
            <ThemeIcon radius="xl" size={26} color={color ?? "gray"} variant={color ? "filled" : "light"}>
              <Icon size={15} aria-hidden />
            </ThemeIcon>
          );
          return (
            <List.Item key={`${each.at} ${each.kind} ${each.alert ?? ""}`} icon={icon}>
              <Text>
                {each.kind === "alert" && <strong>#{each.alert} </strong>}
                {label(each.message)}
              </Text>
              <Text fz="sm" c="dimmed">
                {formatTime(each.at, language)}
                {each.by && `, ${each.by}`}
              </Text>
            </List.Item>
          );
        })}
      </List>
    </Stack>
  );
}
