import { Alert, Button, Code, CopyButton, Group, Modal, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import type { Schemas } from "@/api/types";
import { useAllowed } from "@/api/queries";
import { del, post } from "@/api/request";
import { useTexts } from "@/i18n";
import { useConfirm } from "@/shell/useConfirm";
import { useTitle } from "@/shell/title";
import { formatTime } from "@/table/format";
import { PagedTable } from "./PagedTable";
import { useListChange } from "./changes";

type Token = Schemas["TokenItem"];

const ROLES = ["viewer", "analyst", "releaser", "administrator"] as const;

/** Tokens of programs, and sessions of browsers. */
export default function TokensPage() {
  const { t, language } = useTexts();
  const allowed = useAllowed();
  useTitle(t("nav.tokens"));
  const [adding, add] = useDisclosure();
  const [dialog, ask] = useConfirm();
  const revoke = useListChange("tokens", (id: number) => del(`/tokens/${id}`));
  const time = (value: string | null) => (value ? formatTime(value, language) : "–");
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t("nav.tokens")}</Title>
        {allowed("create") && <Button onClick={add.open}>{t("tokens.create")}</Button>}
      </Group>
      <Text c="dimmed">{t("tokens.about")}</Text>
      <PagedTable<Token>
        path="tokens"
        label={t("nav.tokens")}
        empty={t("empty.tokens")}
        columns={[
          {
            title: t("tokens.name"),
            cell: (token) => (token.kind === "session" ? t(token.is_own ? "tokens.this_session" : "tokens.session") : token.name),
          },
          { title: t("login.name"), cell: (token) => token.user },
          { title: t("tokens.limit"), cell: (token) => (token.role ? t(`role.${token.role as "viewer"}`) : "–") },
          { title: t("tokens.last_used"), cell: (token) => time(token.last_used_at), oneLine: true },
          { title: t("tokens.expires"), cell: (token) => time(token.expires_at), oneLine: true },
          {
            title: t("users.state"),
            cell: (token) =>
              token.revoked_at ? (
                t("tokens.revoked")
              ) : (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`${t("tokens.revoke")}: ${token.name || token.id}`}
                  onClick={() =>
                    ask({
                      title: t("tokens.revoke"),
                      text: t(token.kind === "session" ? "tokens.end_sure" : "tokens.revoke_sure", { name: token.name }),
                      act: () => revoke.mutate(token.id),
                    })
                  }
                >
                  {t("tokens.revoke")}
                </Button>
              ),
          },
        ]}
      />
      {dialog}
      <Modal opened={adding} onClose={add.close} title={t("tokens.create")} closeButtonProps={{ "aria-label": t("action.close") }}>
        <NewToken />
      </Modal>
    </Stack>
  );
}

function NewToken() {
  const { t } = useTexts();
  const [name, setName] = useState("");
  const [role, setRole] = useState<string | null>(null);
  const create = useListChange("tokens", () => post<{ secret: string }>("/tokens", { name, role }), true);
  if (create.data)
    return (
      <Stack>
        <Alert color="orange" title={t("tokens.once")}>
          <Code block style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
            {create.data.secret}
          </Code>
        </Alert>
        <CopyButton value={create.data.secret}>
          {({ copied, copy }) => <Button onClick={copy}>{t(copied ? "done.copied" : "tokens.copy")}</Button>}
        </CopyButton>
      </Stack>
    );
  const send = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(undefined as never);
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput
          data-autofocus
          required
          label={t("tokens.name")}
          description={t("tokens.name_help")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={create.error && asProblem(create.error).detail}
        />
        <Select
          label={t("tokens.limit")}
          description={t("tokens.limit_help")}
          data={ROLES.map((each) => ({ value: each, label: t(`role.${each}`) }))}
          value={role}
          onChange={setRole}
          clearable
          clearButtonProps={{ "aria-label": t("form.clear") }}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending}>
            {t("action.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
