import { Skeleton, Stack, Tabs, Text, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { keys } from "@/api/queries";
import { get } from "@/api/request";
import { COLLECTIONS, type Collection, type Page } from "@/api/types";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { RecordTable, type View } from "@/table/RecordTable";

type TrashView = View & { of?: Collection };

const KINDS = COLLECTIONS.filter((each) => each !== "tables");

/** The number of records of each kind in the trash; undefined until all are known. */
function useNumbers(): Map<Collection, string> | undefined {
  return useQueries({
    queries: KINDS.map((each) => ({
      queryKey: keys.list(each, "number in the trash"),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<Page>(`/${each}`, { trash: true, limit: 1, columns: ["description"], count: true }, signal),
    })),
    combine: (answers) =>
      answers.every((each) => each.data)
        ? new Map(
            KINDS.map((each, place): [Collection, string] => {
              const { value = 0, capped = false } = answers[place].data?.count ?? {};
              return [each, capped ? `${value}+` : value ? String(value) : ""];
            }),
          )
        : undefined,
  });
}

/** Everything that was thrown away, to be restored, or deleted for good by an administrator. It opens where something is. */
export default function TrashPage() {
  const { t } = useTexts();
  const { of: chosen, ...view } = useSearch({ strict: false }) as TrashView;
  const numbers = useNumbers();
  const of = chosen ?? KINDS.find((each) => numbers?.get(each)) ?? "projects";
  const isEmpty = numbers && KINDS.every((each) => !numbers.get(each));
  const navigate = useNavigate();
  useTitle(t("nav.trash"));
  const show = (next: TrashView) => navigate({ to: ".", search: next as never, replace: true });
  return (
    <Stack>
      <Title order={1}>{t("nav.trash")}</Title>
      <Text c="dimmed">{t(isEmpty ? "trash.empty" : "trash.about")}</Text>
      {!numbers && <Skeleton height={120} />}
      {numbers && !isEmpty && (
      <Tabs value={of} onChange={(each) => show({ of: each as Collection })} keepMounted={false}>
        <Tabs.List>
          {KINDS.filter((each) => each === of || numbers.get(each)).map((each) => (
            <Tabs.Tab key={each} value={each} rightSection={<Text span fz="xs" c="dimmed">{numbers.get(each)}</Text>}>
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
      )}
    </Stack>
  );
}
