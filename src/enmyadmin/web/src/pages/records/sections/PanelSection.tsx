import { ActionIcon, Alert, Box, Button, Group, Skeleton, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, Suspense, lazy, useState } from "react";
import { asProblem } from "@/api/problem";
import type { Schemas } from "@/api/types";
import { refreshCollection, useAllowed, usePart } from "@/api/queries";
import { del, post } from "@/api/request";
import type { Field } from "@/api/types";
import { RecordSelect } from "@/form/RecordSelect";
import { useTexts } from "@/i18n";
import { RecordLink } from "@/table/RecordTable";
import type { SectionProperties } from ".";

const PanelMaps = lazy(() => import("@/pages/scenes/PanelMaps"));

type Member = Schemas["NamedPanelSource"];

const SOURCE: Field = {
  name: "data_source_id",
  label: "data source",
  help: "",
  type: "id",
  required: true,
  default: null,
  choices: null,
  entity: "data_source",
};

/** The data sources of a panel, each with its key. */
export default function PanelSection({ item }: SectionProperties) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const client = useQueryClient();
  const members = usePart<Member[]>("panels", item.id, "members").data ?? [];
  const refresh = { onSuccess: () => refreshCollection(client, "panels", item.id) };
  const add = useMutation({
    mutationFn: (member: { key: string; data_source_id: number }) => post(`/panels/${item.id}/members`, member),
    ...refresh,
  });
  const remove = useMutation({
    mutationFn: (key: string) => del(`/panels/${item.id}/members/${encodeURIComponent(key)}`),
    ...refresh,
  });
  const problem = add.error ?? remove.error;
  const isOfPixels = item.tags !== null && "spatial" in item.tags;
  return (
    <>
      {isOfPixels && members.length > 0 && (
        <Suspense fallback={<Skeleton height={300} />}>
          <PanelMaps panel={item.id} members={members} />
        </Suspense>
      )}
      <Stack gap="xs" component="section" aria-label={t("panel.members")}>
        <Title order={2}>{t("panel.members")}</Title>
        {members.length === 0 ? (
          <Text c="dimmed">{t("panel.no_members")}</Text>
        ) : (
          <Box mah="22rem" style={{ overflow: "auto" }} tabIndex={0} role="region" aria-label={t("panel.members")}>
            <Table stickyHeader aria-label={t("panel.members")} verticalSpacing={3} maw={640}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{t("panel.key")}</Table.Th>
                  <Table.Th scope="col">{t("one.data-sources")}</Table.Th>
                  <Table.Th scope="col" w="3rem" aria-label={t("action.more")} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {members.map((each) => (
                  <Table.Tr key={each.key}>
                    <Table.Th scope="row" fw={500}>
                      {each.key}
                    </Table.Th>
                    <Table.Td>
                      <RecordLink collection="data-sources" id={each.data_source_id} name={each.name} />
                    </Table.Td>
                    <Table.Td>
                      {allowed("change") && (
                        <ActionIcon
                          variant="subtle"
                          aria-label={t("panel.remove", { key: each.key })}
                          onClick={() => remove.mutate(each.key)}
                        >
                          <IconX size={16} aria-hidden />
                        </ActionIcon>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Box>
        )}
        {problem && (
          <Alert color="red" role="alert">
            {asProblem(problem).detail}
          </Alert>
        )}
        {allowed("change") && <AddMember key={members.length} onAdd={add.mutate} isPending={add.isPending} />}
      </Stack>
    </>
  );
}

interface AddProperties {
  onAdd: (member: { key: string; data_source_id: number }) => void;
  isPending: boolean;
}

function AddMember({ onAdd, isPending }: AddProperties) {
  const { t } = useTexts();
  const [key, setKey] = useState("");
  const [source, setSource] = useState<number | null>(null);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (source !== null) onAdd({ key, data_source_id: source });
  };
  return (
    <form onSubmit={send}>
      <Group align="flex-end">
        <TextInput label={t("panel.key")} required value={key} onChange={(event) => setKey(event.currentTarget.value)} />
        <RecordSelect field={SOURCE} value={source} onChange={(id) => setSource(id as number)} error={null} />
        <Button type="submit" variant="default" loading={isPending} disabled={!key || source === null}>
          {t("panel.add")}
        </Button>
      </Group>
    </form>
  );
}
