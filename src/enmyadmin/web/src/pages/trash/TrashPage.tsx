import { Stack, Tabs, Text, Title } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { COLLECTIONS, type Collection } from "@/api/types";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { RecordTable, type View } from "@/table/RecordTable";

type TrashView = View & { of?: Collection };

/** Everything that was thrown away, to be restored, or deleted for good by an administrator. */
export default function TrashPage() {
  const { t } = useTexts();
  const { of = "projects", ...view } = useSearch({ strict: false }) as TrashView;
  const navigate = useNavigate();
  useTitle(t("nav.trash"));
  const show = (next: TrashView) => navigate({ to: ".", search: next as never, replace: true });
  return (
    <Stack>
      <Title order={1}>{t("nav.trash")}</Title>
      <Text c="dimmed">{t("trash.about")}</Text>
      <Tabs value={of} onChange={(each) => show({ of: each as Collection })} keepMounted={false}>
        <Tabs.List>
          {COLLECTIONS.filter((each) => each !== "tables").map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`collection.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={of} pt="md">
          <RecordTable
            collection={of}
            label={t(`collection.${of}`)}
            view={view}
            onView={(next) => show({ of, ...next })}
            trash
            empty={<Text c="dimmed">{t("empty.trash")}</Text>}
          />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
