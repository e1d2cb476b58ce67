import { Alert, Badge, Button, Group, Loader, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { asProblem } from "@/api/problem";
import { useItem, useRestore } from "@/api/queries";
import { type Collection, isCollection } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { NotFound } from "@/shell/RouteError";
import { useTitle } from "@/shell/title";
import { Actions } from "./Actions";
import { Children } from "./Children";
import { Notes } from "./Notes";
import { Parents } from "./Parents";
import { Properties } from "./Properties";
import { RecordMenu } from "./RecordMenu";
import { sections } from "./sections";

/** One record: what it is, what it shows, what can be done with it, what came of it. */
export default function RecordPage() {
  const { collection, id } = useParams({ strict: false }) as { collection: string; id: string };
  if (!isCollection(collection) || !/^\d+$/.test(id)) return <NotFound />;
  return <Record key={`${collection}/${id}`} collection={collection} id={Number(id)} />;
}

function Record({ collection, id }: { collection: Collection; id: number }) {
  const { t } = useTexts();
  const { data: item, error } = useItem(collection, id);
  const restore = useRestore(collection);
  const name = item ? item.name || `${t(`one.${collection}`)} ${id}` : "";
  useTitle(name);
  if (error)
    return (
      <Stack align="flex-start">
        <Alert color="red" role="alert">
          {asProblem(error).detail}
        </Alert>
        <AppLink to={`/${collection}`}>{t(`collection.${collection}`)}</AppLink>
      </Stack>
    );
  if (!item) return <Loader aria-label={t("state.loading")} />;
  const Section = sections[collection];
  // What is an object stands below, among all properties.
  const tags = Object.entries(item.tags ?? {}).filter(([, value]) => typeof value !== "object" || value === null);
  return (
    <Stack gap="lg">
      <Stack gap={4} component="header">
        <Parents collection={collection} item={item} />
        <Group justify="space-between" align="flex-start" gap="sm">
          <Group gap="sm" style={{ minWidth: 0 }}>
            <Title order={1} style={{ overflowWrap: "anywhere" }}>
              {name}
            </Title>
            {item.name && (
              <Text c="dimmed">
                {t(`one.${collection}`)} {id}
              </Text>
            )}
          </Group>
          <Group gap="xs">
            {!item.in_trash && <Actions collection={collection} item={item} />}
            <RecordMenu collection={collection} item={item} />
          </Group>
        </Group>
        {tags.length > 0 && (
          <Group gap={6}>
            {tags.map(([key, value]) => (
              <Badge key={key} variant="default" tt="none" fw={500}>
                {key}: {typeof value === "string" ? value : JSON.stringify(value)}
              </Badge>
            ))}
          </Group>
        )}
      </Stack>
      {item.in_trash && (
        <Alert color="orange" title={t("trash.here")}>
          <Button
            size="compact-sm"
            variant="default"
            loading={restore.isPending}
            onClick={() => restore.mutate(id)}
          >
            {t("action.restore")}
          </Button>
        </Alert>
      )}
      {Section && (
        <Suspense fallback={<Skeleton height={300} />}>
          <Section item={item} />
        </Suspense>
      )}
      <Notes collection={collection} item={item} />
      <Children collection={collection} id={id} />
      <Properties collection={collection} item={item} />
    </Stack>
  );
}
