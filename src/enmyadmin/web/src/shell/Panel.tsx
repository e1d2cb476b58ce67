import { Group, Stack, Text, UnstyledButton } from "@mantine/core";
import {
  IconActivity,
  IconBell,
  IconCalendarClock,
  IconChartDots3,
  IconHeartbeat,
  IconHistory,
  IconKey,
  IconMessage2,
  IconPhoto,
  IconRosetteDiscountCheck,
  IconSearch,
  IconShield,
  IconSitemap,
  IconSparkles,
  IconStack2,
  IconTrash,
  IconUsers,
  IconVersions,
} from "@tabler/icons-react";
import { spotlight } from "@mantine/spotlight";
import { useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Session } from "@/api/types";
import { type Key, useTexts } from "@/i18n";
import { AppLink, LinkButton, LinkEntry } from "./AppLink";
import { Appearance } from "./Appearance";
import { RecordList } from "./RecordList";

interface Entry {
  to: string;
  text: Key;
  icon: ReactNode;
  needs?: string;
}

const ICON = { size: 18, stroke: 1.6, "aria-hidden": true } as const;

const WORK: Entry[] = [
  { to: "/models", text: "collection.models", icon: <IconChartDots3 {...ICON} /> },
  { to: "/ensembles", text: "collection.ensembles", icon: <IconStack2 {...ICON} /> },
  { to: "/panels", text: "collection.panels", icon: <IconVersions {...ICON} /> },
  { to: "/scenes", text: "collection.scenes", icon: <IconPhoto {...ICON} /> },
  { to: "/registry", text: "nav.registry", icon: <IconRosetteDiscountCheck {...ICON} /> },
  { to: "/monitoring", text: "nav.monitoring", icon: <IconHeartbeat {...ICON} /> },
  { to: "/intents", text: "nav.intents", icon: <IconMessage2 {...ICON} /> },
  { to: "/pipelines", text: "nav.pipelines", icon: <IconSitemap {...ICON} /> },
  { to: "/schedules", text: "nav.schedules", icon: <IconCalendarClock {...ICON} /> },
  { to: "/runs", text: "nav.runs", icon: <IconActivity {...ICON} /> },
  { to: "/notifications", text: "nav.notifications", icon: <IconBell {...ICON} /> },
  { to: "/trash", text: "nav.trash", icon: <IconTrash {...ICON} /> },
];

const ADMINISTRATION: Entry[] = [
  { to: "/users", text: "nav.users", icon: <IconUsers {...ICON} />, needs: "manage_users" },
  { to: "/tokens", text: "nav.tokens", icon: <IconKey {...ICON} /> },
  { to: "/policies", text: "nav.policies", icon: <IconShield {...ICON} />, needs: "manage_policies" },
  { to: "/audit", text: "nav.audit", icon: <IconHistory {...ICON} />, needs: "read_audit" },
];

function Entries({ entries, session }: { entries: Entry[]; session: Session }) {
  const { t } = useTexts();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return entries
    .filter((each) => !each.needs || session.permissions.includes(each.needs))
    .map((each) => (
      <LinkEntry
        key={each.to}
        to={each.to}
        label={t(each.text)}
        leftSection={each.icon}
        active={path === each.to}
        aria-current={path === each.to ? "page" : undefined}
        py={6}
      />
    ));
}

export function Panel({ session }: { session: Session }) {
  const { t } = useTexts();
  return (
    <Stack p="sm" gap="md" mih="100%">
      <Group justify="space-between" visibleFrom="sm">
        <AppLink to="/" c="var(--mantine-color-text)" fw={700} fz="lg" underline="never">
          EnMyAdmin
        </AppLink>
        <Appearance />
      </Group>
      <UnstyledButton
        onClick={spotlight.open}
        px="sm"
        py={6}
        style={{ border: "1px solid var(--app-line)", borderRadius: 4 }}
        bg="var(--mantine-color-body)"
      >
        <Group gap="xs" c="dimmed" fz="sm">
          <IconSearch {...ICON} size={16} />
          <Text inherit flex={1}>
            {t("nav.find")}
          </Text>
          <kbd>/</kbd>
        </Group>
      </UnstyledButton>
      {session.permissions.includes("train") && (
        <LinkButton to="/forecast" leftSection={<IconSparkles {...ICON} />} fullWidth>
          {t("nav.forecast")}
        </LinkButton>
      )}
      <RecordList collection="projects" />
      <RecordList collection="data-sources" />
      <div>
        <Entries entries={WORK} session={session} />
      </div>
      <div style={{ marginTop: "auto" }}>
        <Text fz="xs" fw={600} c="dimmed" px="sm" pb={4}>
          {t("nav.administration")}
        </Text>
        <Entries entries={ADMINISTRATION} session={session} />
      </div>
      <Group hiddenFrom="sm">
        <Appearance />
      </Group>
    </Stack>
  );
}
