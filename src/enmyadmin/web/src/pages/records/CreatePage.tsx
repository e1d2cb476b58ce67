import { Loader, Stack, Text, Title } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCreate, useSchema } from "@/api/queries";
import { isCollection } from "@/api/types";
import { SchemaForm, type Values } from "@/form/SchemaForm";
import { useTexts } from "@/i18n";
import { NotFound } from "@/shell/RouteError";
import { useTitle } from "@/shell/title";

/** Fields that most people leave as they are, by collection. */
const FURTHER: Record<string, string[]> = {
  "data-sources": ["time_from", "time_to", "time_zone", "anchor", "holidays", "periods", "description", "tags"],
  preparations: ["split", "seed", "test_part", "name", "description", "tags"],
  snapshots: ["whole_period", "keep_partial", "description", "tags"],
  "data-sets": ["data_preparation_ids", "name", "description", "tags"],
  ensembles: ["ensemble_ids", "fit_on", "parameters", "description", "tags"],
  projects: ["panel_id", "description", "tags"],
};

/** The form of a new record. Values in the address, such as `data_source_id=3`, are filled in. */
export default function CreatePage() {
  const { t } = useTexts();
  const { collection } = useParams({ strict: false }) as { collection: string };
  const known = isCollection(collection);
  useTitle(known ? t(`create.${collection}`) : "");
  return known ? <CreateForm key={collection} collection={collection} /> : <NotFound />;
}

function CreateForm({ collection }: { collection: Parameters<typeof useCreate>[0] }) {
  const { t } = useTexts();
  const given = useSearch({ strict: false }) as Values;
  const { data: schema } = useSchema();
  const create = useCreate(collection);
  const navigate = useNavigate();
  if (!schema) return <Loader aria-label={t("state.loading")} />;
  const { fields } = schema[collection];
  const initial = Object.fromEntries(fields.filter((each) => each.name in given).map((each) => [each.name, given[each.name]]));
  return (
    <Stack maw={640}>
      <Title order={1}>{t(`create.${collection}`)}</Title>
      <Text c="dimmed">{t(`about.${collection}`)}</Text>
      <SchemaForm
        fields={fields}
        initial={initial}
        submit={t("action.create")}
        further={FURTHER[collection]}
        isPending={create.isPending}
        error={create.error}
        onCancel={() => window.history.back()}
        onSubmit={(values) =>
          create.mutate(values, {
            onSuccess: (item) => navigate({ to: `/${collection}/${item.id}` as never, replace: true }),
          })
        }
      />
    </Stack>
  );
}
