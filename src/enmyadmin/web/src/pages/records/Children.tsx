import { Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import type { Collection } from "@/api/types";
import { useTexts } from "@/i18n";
import { RecordTable, type View } from "@/table/RecordTable";
import { CHILDREN, type Child } from "./relations";

/** The tables of what was made from a record or belongs to it. */
export function Children({ collection, id }: { collection: Collection; id: number }) {
  return CHILDREN[collection].map((child) => <ChildTable key={child.collection} child={child} id={id} />);
}

function ChildTable({ child, id }: { child: Child; id: number }) {
  const { t } = useTexts();
  const [view, setView] = useState<View>({});
  const label = t(`collection.${child.collection}`);
  return (
    <Stack gap="xs" component="section" aria-label={label}>
      <Title order={2}>{label}</Title>
      <RecordTable
        collection={child.collection}
        label={label}
        view={view}
        onView={setView}
        fixed={{ [child.by]: id }}
        without={child.without}
        height="22rem"
        isPart
        empty={<Text c="dimmed">{t(`empty.${child.collection}`)}</Text>}
      />
    </Stack>
  );
}
