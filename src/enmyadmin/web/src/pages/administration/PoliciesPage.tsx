import { Alert, Button, Code, Group, Modal, Stack, Switch, Text, TextInput, Textarea, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { usePermissions } from "@/api/policies";
import { asProblem } from "@/api/problem";
import type { Schemas } from "@/api/types";
import { del, patch, post } from "@/api/request";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { useConfirm } from "@/shell/useConfirm";
import { PagedTable } from "./PagedTable";
import { Permissions } from "./Permissions";
import { PolicyCases, TryOut } from "./TryOut";
import { useListChange } from "./changes";

type Policy = Schemas["PolicyItem"];

const EXAMPLE = 'forbid (principal, action == Action::"purge", resource);';

/** Rules of access in the language of Cedar, besides those of the roles. */
export default function PoliciesPage() {
  const { t } = useTexts();
  useTitle(t("nav.policies"));
  const [edited, setEdited] = useState<Policy | "new" | null>(null);
  const change = useListChange("policies", ({ id, enabled }: { id: number; enabled: boolean }) =>
    patch(`/policies/${id}`, { enabled }),
  );
  const [confirm, ask] = useConfirm();
  const remove = useListChange("policies", (id: number) => del(`/policies/${id}`));
  const permissions = usePermissions();
  return (
    <Stack gap="lg">
      {confirm}
      <Group justify="space-between">
        <Title order={1}>{t("nav.policies")}</Title>
        <Button onClick={() => setEdited("new")}>{t("policies.add")}</Button>
      </Group>
      <Text c="dimmed">{t("policies.about")}</Text>
      {permissions.error && <Alert color="red">{asProblem(permissions.error).detail}</Alert>}
      {permissions.data && <TryOut found={permissions.data} />}
      {permissions.data && <Permissions found={permissions.data} />}
      <Title order={2}>{t("policies.own")}</Title>
      <PagedTable<Policy>
        path="policies"
        label={t("nav.policies")}
        empty={t("empty.policies")}
        columns={[
          { title: t("tokens.name"), cell: (policy) => policy.name },
          { title: t("policies.text"), cell: (policy) => <Code style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{policy.text}</Code> },
          {
            title: t("policies.enabled"),
            cell: (policy) => (
              <Switch
                aria-label={`${t("policies.enabled")}: ${policy.name}`}
                checked={policy.enabled}
                onChange={(event) => change.mutate({ id: policy.id, enabled: event.currentTarget.checked })}
              />
            ),
          },
          { title: t("policies.changed_by"), cell: (policy) => policy.changed_by || "–" },
          {
            title: t("action.more"),
            actions: true,
            cell: (policy) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="compact-xs" variant="default" onClick={() => setEdited(policy)}>
                  {t("action.edit")}
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() =>
                    ask({
                      title: t("policies.delete"),
                      text: t("policies.delete_sure"),
                      act: () => remove.mutate(policy.id),
                    })
                  }
                >
                  {t("policies.delete")}
                </Button>
              </Group>
            ),
          },
        ]}
      />
      <PolicyCases />
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={t(edited === "new" ? "policies.add" : "action.edit")}
        size="lg"
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        {edited && <PolicyForm policy={edited === "new" ? null : edited} onDone={() => setEdited(null)} />}
      </Modal>
    </Stack>
  );
}

function PolicyForm({ policy, onDone }: { policy: Policy | null; onDone: () => void }) {
  const { t, label } = useTexts();
  const [name, setName] = useState(policy?.name ?? "");
  const [text, setText] = useState(policy?.text ?? "");
  const save = useListChange(
    "policies",
    () => (policy ? patch(`/policies/${policy.id}`, { text }) : post("/policies", { name, text })),
    true,
  );
  const problem = save.error ? asProblem(save.error) : null;
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(undefined as never, { onSuccess: onDone });
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput
          required
          label={t("tokens.name")}
          disabled={policy !== null}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem?.field === "name" ? label(problem.detail) : null}
        />
        <Textarea
          required
          data-autofocus
          label={t("policies.text")}
          placeholder={EXAMPLE}
          autosize
          minRows={5}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={problem && problem.field !== "name" ? `${label(problem.detail)} ${t("policies.stays")}` : null}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {t("action.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
