import { Group, Loader, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keys, useAllowed, useList } from "@/api/queries";
import { get } from "@/api/request";
import type { Item, Page } from "@/api/types";
import { useTexts } from "@/i18n";
import { LinkButton } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { RecordTable, type View } from "@/table/RecordTable";

/** The first screen: the best models and the newest ensembles, or, in an empty store, the ways to begin. */
export default function HomePage() {
  const { t } = useTexts();
  useTitle("");
  const projects = useList("projects", { limit: 1, columns: ["name"] });
  const isEmpty = projects.data?.pages[0]?.items.length === 0;
  return (
    <Stack gap="lg">
      <Title order={1}>{t("home.title")}</Title>
      {isEmpty ? <Beginning /> : <Overview />}
    </Stack>
  );
}

function Beginning() {
  const { t } = useTexts();
  const allowed = useAllowed();
  return (
    <Stack maw={640}>
      <Text>{t("home.empty")}</Text>
      <Group>
        {allowed("train") && <LinkButton to="/forecast">{t("nav.forecast")}</LinkButton>}
        {allowed("create") && (
          <LinkButton to="/data-sources/new" variant="default">
            {t("create.data-sources")}
          </LinkButton>
        )}
      </Group>
    </Stack>
  );
}

function Overview() {
  const { t } = useTexts();
  const [ensembles, setEnsembles] = useState<View>({ order_by: "rendered_at desc" });
  const learned = useQuery({
    queryKey: keys.list("models", "with a loss"),
    queryFn: ({ signal }) => get<Page<Item>>("/models", { where: "meta.loss is not null", limit: 1, columns: ["name"] }, signal),
  });
  const [chosen, setModels] = useState<View>();
  if (!learned.data) return <Loader aria-label={t("state.loading")} />;
  const hasLosses = learned.data.items.length > 0;
  const models = chosen ?? { order_by: hasLosses ? "meta.loss" : "id desc" };
  const title = t(hasLosses ? "home.models" : "home.latest_models");
  return (
    <SimpleGrid cols={1} spacing="lg">
      <Stack gap="xs" component="section" aria-label={t("home.ensembles")}>
        <Title order={2}>{t("home.ensembles")}</Title>
        <RecordTable
          collection="ensembles"
          label={t("home.ensembles")}
          view={ensembles}
          onView={setEnsembles}
          height="18rem"
          isPart
          empty={<Text c="dimmed">{t("empty.ensembles")}</Text>}
        />
      </Stack>
      <Stack gap="xs" component="section" aria-label={title}>
        <Title order={2}>{title}</Title>
        <RecordTable
          collection="models"
          label={title}
          view={models}
          onView={setModels}
          height="22rem"
          isPart
          empty={<Text c="dimmed">{t("empty.models")}</Text>}
        />
      </Stack>
    </SimpleGrid>
  );
}
