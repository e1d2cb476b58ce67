import { Group, Stack, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useAllowed } from "@/api/queries";
import { isCollection } from "@/api/types";
import { useTexts } from "@/i18n";
import { LinkButton } from "@/shell/AppLink";
import { NotFound } from "@/shell/RouteError";
import { ScenesOnMap } from "@/pages/scenes/ScenesOnMap";
import { RecordTable, type View } from "@/table/RecordTable";
import { useTitle } from "@/shell/title";

/** Collections whose records a person makes from this page; others are made from what they come from. */
const CREATED_HERE = ["projects", "data-sources", "panels", "researches", "models", "ensembles"];

/** All records of one entity. Filter and order are in the address, so that a view can be sent to others. */
export default function ListPage() {
  const { t } = useTexts();
  const { collection } = useParams({ strict: false }) as { collection: string };
  const view = useSearch({ strict: false }) as View;
  const navigate = useNavigate();
  const allowed = useAllowed();
  const known = isCollection(collection);
  useTitle(known ? t(`collection.${collection}`) : "");
  if (!known) return <NotFound />;
  const create = CREATED_HERE.includes(collection) && allowed("create") && (
    <LinkButton to={`/${collection}/new`} leftSection={<IconPlus size={16} aria-hidden />}>
      {t(`create.${collection}`)}
    </LinkButton>
  );
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Title order={1}>{t(`collection.${collection}`)}</Title>
        {create}
      </Group>
      {collection === "scenes" && <ScenesOnMap where={view.where} />}
      <RecordTable
        key={collection}
        collection={collection}
        label={t(`collection.${collection}`)}
        view={view}
        onView={(next) => navigate({ to: ".", search: next as never, replace: true })}
        empty={
          <Stack align="flex-start">
            <Text c="dimmed">{t(`empty.${collection}`)}</Text>
          </Stack>
        }
      />
    </Stack>
  );
}
