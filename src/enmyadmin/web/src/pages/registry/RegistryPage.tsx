import { Alert, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { type Registered, useAllRegistered } from "@/api/registry";
import { EditDialog, type Edited } from "@/form/EditDialog";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { CardTable } from "@/table/CardTable";
import { RegisteredForm } from "./RegisteredForm";

/** Names under which versions are released: what is in production of each. */
export default function RegistryPage() {
  const { t } = useTexts();
  useTitle(t("nav.registry"));
  const allowed = useAllowed();
  const { data, error } = useAllRegistered();
  const [edited, setEdited] = useState<Edited<Registered>>(null);
  const version = (number: number | undefined) => (number ? t("registry.version", { n: number }) : "–");
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t("nav.registry")}</Title>
        {allowed("create") && <Button onClick={() => setEdited("new")}>{t("registry.add")}</Button>}
      </Group>
      <Text c="dimmed">{t("registry.about")}</Text>
      {error && <Alert color="red">{asProblem(error).detail}</Alert>}
      {!data && !error && <Skeleton height={120} />}
      {data?.items.length === 0 && <Text c="dimmed">{t("empty.registry")}</Text>}
      {data && data.items.length > 0 && (
        <CardTable<Registered>
          label={t("nav.registry")}
          rows={data.items}
          columns={[
            { title: t("pipelines.name"), cell: ({ name }) => <AppLink to={`/registry/${encodeURIComponent(name)}`}>{name}</AppLink> },
            { title: t("registry.production"), cell: ({ aliases }) => version(aliases.production) },
            { title: t("registry.challenger"), cell: ({ aliases }) => version(aliases.challenger) },
            { title: t("registry.previous"), cell: ({ aliases }) => version(aliases.previous) },
            { title: t("registry.versions"), cell: ({ versions }) => versions },
            { title: t("form.description"), cell: ({ description }) => description || "–" },
          ]}
        />
      )}
      <EditDialog edited={edited} title={t("registry.add")} onClose={() => setEdited(null)}>
        {() => <RegisteredForm registered={null} onDone={() => setEdited(null)} />}
      </EditDialog>
    </Stack>
  );
}
