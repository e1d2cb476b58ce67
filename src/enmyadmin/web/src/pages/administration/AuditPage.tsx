import { Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { type Json, collectionOf, isEntity, type Schemas } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { formatTime, summary } from "@/table/format";
import { PagedTable } from "./PagedTable";

type Entry = Omit<Schemas["AuditItem"], "outcome" | "detail"> & { outcome: "done" | "denied" | "failed"; detail: Json };

const OUTCOMES = ["done", "denied", "failed"] as const;

/** What a request was about, such as `name: nightly, role: analyst`. */
const details = (detail: Json): string =>
  detail && typeof detail === "object" && !Array.isArray(detail)
    ? Object.entries(detail)
        .map(([key, value]) => `${key}: ${typeof value === "string" ? value : summary(value)}`)
        .join(", ")
    : summary(detail);

/** Who changed what, and what was refused. */
export default function AuditPage() {
  const { t, label, language } = useTexts();
  useTitle(t("nav.audit"));
  const [who, setWho] = useState("");
  const [outcome, setOutcome] = useState<string | null>(null);
  const [name] = useDebouncedValue(who.trim(), 250);
  return (
    <Stack>
      <Title order={1}>{t("nav.audit")}</Title>
      <Group align="flex-end">
        <TextInput size="xs" label={t("audit.who")} value={who} onChange={(event) => setWho(event.currentTarget.value)} />
        <Select
          size="xs"
          label={t("audit.outcome")}
          data={OUTCOMES.map((each) => ({ value: each, label: t(`audit.${each}`) }))}
          value={outcome}
          onChange={setOutcome}
          clearable
          clearButtonProps={{ "aria-label": t("form.clear") }}
        />
      </Group>
      <PagedTable<Entry>
        path="audit"
        query={{ who: name || undefined, outcome }}
        label={t("nav.audit")}
        empty={t("empty.audit")}
        columns={[
          { title: t("audit.at"), cell: (entry) => formatTime(entry.created_at, language), oneLine: true },
          { title: t("audit.who"), cell: (entry) => entry.who || t("audit.nobody") },
          { title: t("audit.action"), cell: (entry) => label(entry.action.replaceAll("_", " ")) },
          {
            title: t("audit.what"),
            cell: ({ entity, entity_id: id }) => {
              if (!entity) return "–";
              if (isEntity(entity) && id)
                return (
                  <AppLink to={`/${collectionOf(entity)}/${id}`}>
                    {t(`one.${collectionOf(entity)}`)} {id}
                  </AppLink>
                );
              return `${label(entity.replaceAll("_", " "))} ${id ?? ""}`;
            },
          },
          { title: t("audit.outcome"), cell: (entry) => t(`audit.${entry.outcome}`) },
          {
            title: t("audit.detail"),
            cell: (entry) =>
              entry.detail && (
                <Text span inherit style={{ overflowWrap: "anywhere" }}>
                  {details(entry.detail)}
                </Text>
              ),
          },
          { title: t("audit.address"), cell: (entry) => entry.address ?? "–" },
        ]}
      />
    </Stack>
  );
}
