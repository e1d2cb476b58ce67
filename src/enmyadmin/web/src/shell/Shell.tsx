import { Alert, AppShell, Burger, Group, ScrollArea, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { useChanges } from "@/api/live";
import type { Session } from "@/api/types";
import { useTexts } from "@/i18n";
import { CommandPalette } from "./CommandPalette";
import { KeyboardHelp } from "./KeyboardHelp";
import { Panel } from "./Panel";

/** The layout of the paper: a fixed panel with projects and data sources, and the control area of the open object. */
export function Shell({ session }: { session: Session }) {
  const { t } = useTexts();
  const [opened, { toggle, close }] = useDisclosure();
  const connected = useChanges(true);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(close, [path, close]);
  return (
    <AppShell
      navbar={{ width: 288, breakpoint: "sm", collapsed: { mobile: !opened } }}
      header={{ height: { base: 48, sm: 0 } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <a className="skip-link" href="#content">
        {t("nav.skip")}
      </a>
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="sm" gap="sm">
          <Burger opened={opened} onClick={toggle} size="sm" aria-label={t("nav.menu")} aria-expanded={opened} />
          <Text fw={600}>EnMyAdmin</Text>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={t("nav.panel")} bg="var(--app-panel)">
        <AppShell.Section grow component={ScrollArea} scrollbarSize={8}>
          <Panel session={session} />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} style={{ outline: "none" }}>
        {!connected && (
          <Alert color="orange" icon={<IconPlugConnectedX />} mb="md" role="status">
            {t("state.lost")}
          </Alert>
        )}
        <Outlet />
      </AppShell.Main>
      <CommandPalette session={session} />
      <KeyboardHelp />
    </AppShell>
  );
}
