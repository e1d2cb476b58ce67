import { ActionIcon, Menu, useMantineColorScheme } from "@mantine/core";
import { IconCheck, IconSettings } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useSession } from "@/api/queries";
import { del } from "@/api/request";
import { type Language, setLanguage, useTexts } from "@/i18n";

const SCHEMES = ["light", "dark", "auto"] as const;
const LANGUAGES: [Language, string][] = [
  ["en", "English"],
  ["ru", "Русский"],
];

/** The menu of theme, language and session. */
export function Appearance() {
  const { t, language } = useTexts();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { data: session } = useSession();
  const client = useQueryClient();
  const logout = useMutation({ mutationFn: () => del("/session"), onSuccess: () => client.invalidateQueries() });
  const mark = (chosen: boolean) => (chosen ? <IconCheck size={16} aria-label={t("settings.chosen")} /> : <span style={{ width: 16 }} />);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={t("nav.settings")}>
          <IconSettings size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label c="dimmed">{t("settings.theme")}</Menu.Label>
        {SCHEMES.map((each) => (
          <Menu.Item
            key={each}
            leftSection={mark(colorScheme === each)}
            onClick={() => setColorScheme(each)}
          >
            {t(`settings.${each}`)}
          </Menu.Item>
        ))}
        <Menu.Label c="dimmed">{t("settings.language")}</Menu.Label>
        {LANGUAGES.map(([each, name]) => (
          <Menu.Item
            key={each}
            lang={each}
            leftSection={mark(language === each)}
            onClick={() => setLanguage(each)}
          >
            {name}
          </Menu.Item>
        ))}
        {session?.user && (
          <>
            <Menu.Label c="dimmed">
              {session.user.name} · {t(`role.${session.user.role as "viewer"}`)}
            </Menu.Label>
            <Menu.Item leftSection={mark(false)} onClick={() => logout.mutate()}>
              {t("settings.log_out")}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
